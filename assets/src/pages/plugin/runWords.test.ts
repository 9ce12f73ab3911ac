import { expect, it } from "vitest";
import type { Run } from "../../api/types";
import { durationText, memoryText, outcomeOf, sortedCalls, userText } from "./runWords";

const RUN: Run = {
  id: 1,
  at: "2026-01-01T00:00:00Z",
  kind: "route",
  name: "GET /",
  userId: 7,
  engine: "lua",
  outcome: "ok",
  status: 200,
  explanation: null,
  notable: false,
  wallMs: 1,
  cpuMs: 1,
  memoryPeakBytes: 1,
  sql: { count: 0, slowestMs: null, slowest: null },
  hostCalls: { count: 6, byFunction: { "log.info": 1, "db.query": 4, "crypto.hash": 1 } },
  denials: [],
};

it("durations and sizes are told in the unit that fits", () => {
  expect([0, 0.4, 12.4, 1500, 119_900, 125_000].map(durationText)).toEqual([
    "0 ms",
    "< 1 ms",
    "12 ms",
    "1.5 s",
    "1 min 59 s",
    "2 min 5 s",
  ]);
  expect([0, 1023, 1024, 524_288, 1_572_864, 67_108_864, 5 * 1024 ** 3].map(memoryText)).toEqual([
    "0 B",
    "1023 B",
    "1 KB",
    "512 KB",
    "1.5 MB",
    "64 MB",
    "5.0 GB",
  ]);
});

it("a run is someone's, of a person who is gone, or nobody's", () => {
  const names = new Map([[7, "Nadia"]]);
  expect(userText(RUN, names)).toBe("Nadia");
  expect(userText({ ...RUN, userId: 8 }, names)).toBe("User 8");
  expect(userText({ ...RUN, userId: null }, names)).toBeNull();
});

it("the most frequent calls come first", () => {
  expect(sortedCalls(RUN)).toEqual([
    ["db.query", 4],
    ["crypto.hash", 1],
    ["log.info", 1],
  ]);
});

it("an error that says that the request was wrong is no failure of the plugin", () => {
  expect(outcomeOf({ ...RUN, outcome: "raised", notable: false }).word).toBe("Rejected");
  expect(outcomeOf({ ...RUN, outcome: "raised", notable: true }).word).toBe("Failed");
});
