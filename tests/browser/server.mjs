// Starts Souk for the stories, and ends it as an operator would.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;

/** Souk refuses variables that it does not know, and the stories are to run on its defaults. */
const ENVIRONMENT = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SOUK_")));

export async function startDemo(binary, options = []) {
  const verb = ["demo", "--json", "--listen", "127.0.0.1:0", ...options];
  const { line, stop } = await start(binary, verb, (text) => text.startsWith("{"));
  return { demo: JSON.parse(line), stop };
}

/** A server on an empty data folder: it prints the link that sets it up. */
export async function startEmpty(binary) {
  const home = await mkdtemp(path.join(tmpdir(), "souk-first-run-"));
  const environment = { ...ENVIRONMENT, XDG_CONFIG_HOME: path.join(home, "configuration") };
  const options = ["serve", "--data", path.join(home, "data"), "--listen", "127.0.0.1:0"];
  const { line, stop } = await start(binary, options, (text) => text.includes("/setup?token="), environment);
  return {
    link: new URL(line.trim()),
    stop: async () => {
      await stop();
      await rm(home, { recursive: true });
    },
  };
}

/** Starts the executable and waits for the line that says it is ready. */
async function start(binary, options, isReady, env = ENVIRONMENT) {
  const child = spawn(binary, options, { stdio: ["ignore", "pipe", "inherit"], env });
  const ready = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (text) => isReady(text) && resolve(text));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`souk ${options[0]} ended with code ${code} before it was ready`)));
  });
  const line = await within(START_LIMIT_MS, `souk ${options[0]} was not ready`, ready);
  return { line, stop: () => stop(child, options[0]) };
}

async function stop(child, verb) {
  if (child.exitCode !== null) throw new Error(`souk ${verb} ended early with code ${child.exitCode}`);
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const [code] = await within(STOP_LIMIT_MS, `souk ${verb} did not stop`, ended);
  if (code !== 0) throw new Error(`souk ${verb} ended with code ${code}`);
}

function within(milliseconds, complaint, promise) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${complaint} within ${milliseconds / 1000} s`)), milliseconds);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
