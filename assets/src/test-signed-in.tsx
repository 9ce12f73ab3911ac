import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { MemoryRouter } from "react-router";
import { vi } from "vitest";
import * as installations from "./api/installations";
import type { PluginInstallation, Role, User } from "./api/types";
import { AnnouncerProvider } from "./components/AnnouncerProvider";
import { usePluginRegistry } from "./plugins/PluginRegistryContext";
import { PluginRegistryProvider } from "./plugins/PluginRegistryProvider";
import { SessionContext } from "./session/SessionContext";

interface SignedIn {
  role?: Role;
  /** What the server has installed when the page opens. */
  installed?: PluginInstallation[];
}

const NOTHING = () => {};

/** Renders what needs a session, an address, an announcer and the installations above it. */
export function renderSignedIn(content: ReactNode, { role = "Admin", installed = [] }: SignedIn = {}) {
  vi.spyOn(installations, "getInstalledPlugins").mockResolvedValue(installed);
  const user: User = {
    id: 7,
    email: "nadia@harbour.example",
    name: "Nadia",
    roleName: role,
    organizationId: 1,
    organizationName: "Harbour",
    tenantId: "t1",
  };
  return render(
    <MemoryRouter>
      <SessionContext
        value={{ session: { status: "signed-in", user }, enter: NOTHING, leave: async () => {}, retry: NOTHING }}
      >
        <AnnouncerProvider>
          <PluginRegistryProvider>{content}</PluginRegistryProvider>
        </AnnouncerProvider>
      </SessionContext>
    </MemoryRouter>,
  );
}

/** Draws an installation as the registry knows it now. */
export function Installed({ children }: { children: (installation: PluginInstallation) => ReactNode }) {
  const [installation] = usePluginRegistry().installedPlugins;
  return installation && children(installation);
}
