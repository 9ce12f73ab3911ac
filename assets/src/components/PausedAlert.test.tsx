import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import * as installations from "../api/installations";
import type { PluginInstallation } from "../api/types";
import { Installed, renderSignedIn } from "../test-signed-in";
import { PausedAlert } from "./PausedAlert";

const PAUSED: PluginInstallation = {
  id: 3,
  pluginKey: "looper",
  status: "installed",
  paused: { at: "2026-01-02T03:04:05Z", reason: "It was stopped by a limit ten times in a row." },
};

const shown = <Installed>{(installation) => <PausedAlert installation={installation} />}</Installed>;

it("an Admin resumes a paused plugin, and the reason goes away", async () => {
  const resume = vi.spyOn(installations, "resumePlugin").mockResolvedValue({ ...PAUSED, paused: null });
  renderSignedIn(shown, { installed: [PAUSED] });
  await screen.findByText("It was stopped by a limit ten times in a row.");
  await userEvent.click(screen.getByRole("button", { name: "Resume looper" }));
  expect(resume).toHaveBeenCalledWith(3);
  await vi.waitFor(() => expect(screen.queryByText(/Paused since/)).toBeNull());
  screen.getByText("looper runs again");
});

it("a refused resume is told beside the button", async () => {
  vi.spyOn(installations, "resumePlugin").mockRejectedValue(new Error("The server cannot be reached."));
  renderSignedIn(shown, { installed: [PAUSED] });
  await userEvent.click(await screen.findByRole("button", { name: "Resume looper" }));
  await screen.findByText("The server cannot be reached.");
  screen.getByRole("button", { name: "Resume looper" });
});

it("others read the reason and have no button", async () => {
  renderSignedIn(shown, { role: "Editor", installed: [PAUSED] });
  await screen.findByText("It was stopped by a limit ten times in a row.");
  expect(screen.queryByRole("button")).toBeNull();
});
