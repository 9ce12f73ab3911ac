import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import * as runsApi from "../../api/runs";
import type { Page, PluginInstallation, Run } from "../../api/types";
import * as usersApi from "../../api/users";
import { renderSignedIn } from "../../test-signed-in";
import { RunsTab } from "./RunsTab";

const INSTALLATION: PluginInstallation = { id: 3, pluginKey: "rates", status: "installed" };
const QUICK: Run = {
  id: 1,
  at: "2026-01-02T03:04:05Z",
  kind: "hook",
  name: "install",
  userId: 7,
  engine: "lua",
  outcome: "ok",
  status: null,
  explanation: null,
  notable: false,
  wallMs: 3.2,
  cpuMs: 0.4,
  memoryPeakBytes: 20_480,
  sql: { count: 0, slowestMs: null, slowest: null },
  hostCalls: { count: 0, byFunction: {} },
  denials: [],
};
const REFUSED: Run = {
  ...QUICK,
  id: 2,
  kind: "route",
  name: "GET /latest",
  outcome: "denied",
  status: 403,
  explanation: "1 call was refused: http.request: not granted",
  notable: true,
  sql: { count: 2, slowestMs: 12, slowest: "SELECT rate FROM rates" },
  hostCalls: { count: 3, byFunction: { "http.request": 1, "db.query": 2 } },
  denials: [{ function: "http.request", what: "the network was refused" }],
};

function page(items: Run[], pages = 1): Page<Run> {
  return { items, page: 1, pageSize: 25, total: pages === 1 ? items.length : pages * 25, pages };
}

beforeEach(() => {
  vi.spyOn(usersApi, "getUsers").mockResolvedValue([{ id: 7, name: "Nadia" }]);
});

it("a refused run opens with its explanation, then what it did", async () => {
  vi.spyOn(runsApi, "getRuns").mockResolvedValue(page([REFUSED, QUICK]));
  renderSignedIn(<RunsTab installation={INSTALLATION} />);
  const table = await screen.findByRole("table");
  await vi.waitFor(() => within(table).getAllByText("Nadia"));
  const [, first] = within(table).getAllByRole("row");
  expect(first?.textContent).toContain("GET /latestRefused3 ms");

  within(first as HTMLElement).getByRole("button").focus();
  await userEvent.keyboard("{Enter}");
  const dialog = await screen.findByRole("dialog", { name: "GET /latest" });
  expect(within(dialog).getByRole("alert").textContent).toBe("1 call was refused: http.request: not granted");
  within(dialog).getByText("SELECT rate FROM rates");
  within(dialog).getByText("2 times", { exact: false });
  within(dialog).getByText("the network was refused", { exact: false });
  await userEvent.click(within(dialog).getByRole("button", { name: "Close" }));
  await vi.waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});

it("only notable runs are asked for, and pages are links", async () => {
  const getRuns = vi.spyOn(runsApi, "getRuns").mockResolvedValue(page([REFUSED], 3));
  renderSignedIn(<RunsTab installation={INSTALLATION} />);
  await screen.findByText("1–1 of 75 runs");
  await userEvent.click(screen.getByRole("link", { name: "Go to page 2" }));
  await vi.waitFor(() => expect(getRuns).toHaveBeenLastCalledWith(3, expect.objectContaining({ page: 2 })));
  await userEvent.click(screen.getByRole("switch", { name: "Notable only" }));
  await vi.waitFor(() =>
    expect(getRuns).toHaveBeenLastCalledWith(3, expect.objectContaining({ page: 1, isNotable: true })),
  );
});

it("nothing to show says so, and a failure can be tried again", async () => {
  const getRuns = vi.spyOn(runsApi, "getRuns").mockRejectedValueOnce(new Error("The server cannot be reached."));
  getRuns.mockResolvedValue(page([]));
  renderSignedIn(<RunsTab installation={INSTALLATION} />);
  await screen.findByText("The server cannot be reached.");
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  await screen.findByText("The plugin has not run yet");
  await userEvent.click(screen.getByRole("switch", { name: "Notable only" }));
  await screen.findByText("Nothing notable");
});
