// A run record in words and units that a person reads.

import type { Run, RunOutcome } from "../../api/types";

interface Outcome {
  word: string;
  color: "success" | "warning" | "error" | "default";
}

const OUTCOMES: Record<RunOutcome, Outcome> = {
  ok: { word: "Done", color: "success" },
  raised: { word: "Failed", color: "error" },
  limit: { word: "Limit reached", color: "error" },
  denied: { word: "Refused", color: "warning" },
  host: { word: "Server error", color: "error" },
};
/** The plugin raised an error to say that the request was wrong. */
const REJECTED: Outcome = { word: "Rejected", color: "default" };

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const BYTE_UNITS = ["KB", "MB", "GB"];

export function outcomeOf(run: Run): Outcome {
  return run.outcome === "raised" && !run.notable ? REJECTED : OUTCOMES[run.outcome];
}

/** What a person should know about a run before its figures. */
export function explanationOf(run: Run): string {
  if (run.explanation !== null) return run.explanation;
  return run.outcome === "raised"
    ? "The plugin answered that the request was wrong. That is no fault of the plugin."
    : "It ended as it should, and nothing about it stands out.";
}

export function durationText(milliseconds: number): string {
  if (milliseconds <= 0) return "0 ms";
  if (milliseconds < 1) return "< 1 ms";
  if (milliseconds < SECOND) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < MINUTE) return `${(milliseconds / SECOND).toFixed(1)} s`;
  return `${Math.floor(milliseconds / MINUTE)} min ${Math.floor((milliseconds % MINUTE) / SECOND)} s`;
}

export function memoryText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const exponent = Math.min(Math.floor(Math.log2(bytes) / 10), BYTE_UNITS.length);
  const value = bytes / 1024 ** exponent;
  return `${value < 10 && exponent > 1 ? value.toFixed(1) : Math.round(value)} ${BYTE_UNITS[exponent - 1]}`;
}

export function kindText(run: Run): string {
  const kind = run.kind === "route" ? "Plugin route" : "Lifecycle hook";
  return `${kind} in ${run.engine.charAt(0).toUpperCase()}${run.engine.slice(1)}`;
}

/** Who started a run. A person who was deleted since leaves a number. */
export function userText(run: Run, names: ReadonlyMap<number, string>): string | null {
  if (run.userId === null) return null;
  return names.get(run.userId) ?? `User ${run.userId}`;
}

/** Functions of the host that were called, the most frequent first. */
export function sortedCalls(run: Run): [string, number][] {
  return Object.entries(run.hostCalls.byFunction).sort(
    ([one, times], [other, otherTimes]) => otherTimes - times || one.localeCompare(other),
  );
}
