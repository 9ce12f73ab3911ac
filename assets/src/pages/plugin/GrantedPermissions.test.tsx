import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import * as installations from "../../api/installations";
import type { PermissionState, PluginInstallation } from "../../api/types";
import { Installed, renderSignedIn } from "../../test-signed-in";
import { GrantedPermissions } from "./GrantedPermissions";

const FILES: PermissionState = {
  id: "files",
  capability: "files",
  parameters: {},
  reason: "Keeps reports",
  optional: false,
  sentence: "Reads and keeps files",
  rating: "medium",
  granted: true,
};
const NOTIFY: PermissionState = {
  ...FILES,
  id: "notify",
  sentence: "Sends notices",
  rating: "low",
  optional: true,
};

function installed(...permissions: PermissionState[]): PluginInstallation[] {
  return [{ id: 3, pluginKey: "reports", status: "installed", permissions }];
}

const shown = (
  <Installed>
    {(installation) => <GrantedPermissions installation={installation} permissions={installation.permissions ?? []} />}
  </Installed>
);

function serverSaves() {
  return vi.spyOn(installations, "updatePluginPermissions").mockImplementation(async (id, granted) => ({
    id,
    pluginKey: "reports",
    status: "installed",
    permissions: [FILES, NOTIFY].map((line) => ({ ...line, granted: granted.includes(line.id) })),
  }));
}

const save = () => screen.getByRole("button", { name: "Save permissions" });

it("an Admin switches what is optional off and on; what the plugin cannot do without stays", async () => {
  const update = serverSaves();
  renderSignedIn(shown, { installed: installed(FILES, NOTIFY) });
  const notices = await screen.findByRole("switch", { name: "Allow Sends notices" });
  expect(screen.getAllByRole("switch")).toHaveLength(1);
  await userEvent.click(save());
  expect(update).not.toHaveBeenCalled();

  await userEvent.click(notices);
  await userEvent.click(save());
  expect(update).toHaveBeenLastCalledWith(3, ["files"]);
  await screen.findByText(/Permissions saved/);
  await userEvent.click(notices);
  await userEvent.click(save());
  expect(update).toHaveBeenLastCalledWith(3, ["files", "notify"]);
});

it("what was never allowed is allowed together", async () => {
  const update = serverSaves();
  renderSignedIn(shown, { installed: installed({ ...FILES, granted: false }, { ...NOTIFY, granted: false }) });
  await screen.findByText(/needs more than it was allowed/);
  screen.getByText("Not allowed");
  await userEvent.click(screen.getByRole("button", { name: "Allow what it needs" }));
  expect(update).toHaveBeenLastCalledWith(3, ["files"]);
  await screen.findByText("Allowed");
  expect(screen.queryByText(/needs more than it was allowed/)).toBeNull();
});

it("a refused change is told in place and nothing is lost", async () => {
  vi.spyOn(installations, "updatePluginPermissions").mockRejectedValue(new Error("The server cannot be reached."));
  renderSignedIn(shown, { installed: installed(FILES, NOTIFY) });
  const notices = await screen.findByRole<HTMLInputElement>("switch");
  await userEvent.click(notices);
  await userEvent.click(save());
  await screen.findByText("The server cannot be reached.");
  expect(notices.checked).toBe(false);
});

it("others see what is allowed and change nothing", async () => {
  renderSignedIn(shown, { role: "Auditor", installed: installed(FILES, { ...NOTIFY, granted: false }) });
  await screen.findByText("Allowed");
  screen.getByText("Not allowed");
  expect(screen.queryByRole("switch")).toBeNull();
  expect(screen.queryByRole("button")).toBeNull();
});

it("a plugin that asks for nothing says so", async () => {
  renderSignedIn(shown, { installed: installed() });
  await screen.findByText("This plugin asks for nothing.");
});
