import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { ApiError } from "../api/client";
import * as installations from "../api/installations";
import * as marketplace from "../api/marketplace";
import type { Permission, Plugin } from "../api/types";
import { useInstall } from "../plugins/useInstall";
import { renderSignedIn } from "../test-signed-in";
import { InstallDialog } from "./InstallDialog";

const PAGE: Permission = {
  id: "page",
  capability: "page",
  parameters: {},
  reason: "It has pages",
  optional: false,
  sentence: "Runs its own code in the pages of everyone",
  rating: "high",
};
const NETWORK: Permission = {
  id: "network:api.example.com",
  capability: "network",
  parameters: { hosts: ["api.example.com"] },
  reason: "Looks up exchange rates",
  optional: true,
  sentence: "Exchanges data with api.example.com",
  rating: "medium",
};
const RATES: Plugin = {
  key: "rates",
  name: "Rates",
  description: "",
  permissions: [PAGE, NETWORK],
  permissionsDigest: "d1",
};

function Probe({ plugin, onOutdated = () => {} }: { plugin: Plugin; onOutdated?: () => void }) {
  const install = useInstall({ plugin, onInstalled: () => {}, onOutdated });
  return (
    <>
      <button onClick={install.start}>Install</button>
      <p>{install.question ? "" : install.error}</p>
      {install.question && <InstallDialog question={install.question} install={install} />}
    </>
  );
}

function serverInstalls() {
  return vi
    .spyOn(installations, "installPlugin")
    .mockImplementation(async (pluginKey) => ({ id: 1, pluginKey, status: "installed" }));
}

const start = () => userEvent.click(screen.getByRole("button", { name: "Install" }));
const agree = () => userEvent.click(screen.getByRole("button", { name: "Allow and install" }));

it("what a plugin will be able to do is shown first, and what is refused goes along", async () => {
  const install = serverInstalls();
  renderSignedIn(<Probe plugin={RATES} />);
  await start();
  const lines = within(screen.getByRole("list", { name: "What the plugin will be able to do" })).getAllByRole("listitem");
  expect(lines.map((line) => line.textContent)).toEqual([
    "Runs its own code in the pages of everyoneHigh riskThe author’s reason: It has pages",
    expect.stringContaining("Exchanges data with api.example.comMedium riskOptionalThe author’s reason: Looks up"),
  ]);
  expect(install).not.toHaveBeenCalled();

  const [choice] = screen.getAllByRole("switch");
  expect(screen.getAllByRole("switch")).toHaveLength(1);
  expect((choice as HTMLInputElement).checked).toBe(true);
  await userEvent.click(screen.getByRole("switch", { name: "Allow Exchanges data with api.example.com" }));
  await agree();
  expect(install).toHaveBeenCalledWith("rates", { refused: ["network:api.example.com"], permissionsDigest: "d1" });
  await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

it("a plugin that asks for nothing is installed without a question", async () => {
  const install = serverInstalls();
  renderSignedIn(<Probe plugin={{ ...RATES, permissions: [], permissionsDigest: "d0" }} />);
  await start();
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(install).toHaveBeenCalledWith("rates", { refused: [], permissionsDigest: "d0" });
});

it("permissions that have changed are shown and asked about again", async () => {
  const install = serverInstalls();
  install.mockRejectedValueOnce(new ApiError("What the plugin asks for has changed", 409));
  const files = { ...NETWORK, id: "files", sentence: "Reads and keeps files", optional: false };
  vi.spyOn(marketplace, "getPluginByKey").mockResolvedValue({
    ...RATES,
    permissions: [files],
    permissionsDigest: "d2",
  });
  const onOutdated = vi.fn();
  renderSignedIn(<Probe plugin={{ ...RATES, permissions: [], permissionsDigest: "d0" }} onOutdated={onOutdated} />);
  await start();
  const warning = await screen.findByText(/has changed since it was shown/);
  expect(warning.closest("[role=alert]")).toBe(document.activeElement);
  screen.getByText("Reads and keeps files");
  expect(onOutdated).toHaveBeenCalledOnce();

  await agree();
  expect(install).toHaveBeenLastCalledWith("rates", { refused: [], permissionsDigest: "d2" });
  await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

it("another refusal is told in the dialog, and cancelling installs nothing", async () => {
  const install = serverInstalls();
  install.mockRejectedValueOnce(new ApiError("Plugin is already installed", 409));
  vi.spyOn(marketplace, "getPluginByKey").mockResolvedValue(RATES);
  renderSignedIn(<Probe plugin={RATES} />);
  await start();
  await agree();
  await within(screen.getByRole("dialog")).findByText("Plugin is already installed");
  await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
  await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(install).toHaveBeenCalledTimes(1);
});
