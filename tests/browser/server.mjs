// Starts `souk demo` for the stories, and ends it as an operator would.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;

export async function startDemo(binary) {
  const child = spawn(binary, ["demo", "--json", "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const line = await within(START_LIMIT_MS, "souk demo printed no line", firstLine(child, lines));
  return {
    demo: JSON.parse(line),
    stop: async () => {
      if (child.exitCode !== null) throw new Error(`souk demo ended early with code ${child.exitCode}`);
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const [code] = await within(STOP_LIMIT_MS, "souk demo did not stop", ended);
      if (code !== 0) throw new Error(`souk demo ended with code ${code}`);
    },
  };
}

async function firstLine(child, lines) {
  const line = once(lines, "line").then(([text]) => text);
  const end = once(child, "exit").then(([code]) => {
    throw new Error(`souk demo ended with code ${code} before it was ready`);
  });
  return Promise.race([line, end]);
}

function within(milliseconds, complaint, promise) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${complaint} within ${milliseconds / 1000} s`)), milliseconds);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
