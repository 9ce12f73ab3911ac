// Tells the stories of `stories/` to a running Souk through a real browser, and fails on the first
// thing that a person would notice: a wrong step, an error in the console, a request to a stranger.
//
//   SOUK_BINARY=target/debug/souk node run.mjs       starts `souk demo --json` and ends it
//   node run.mjs --accounts FILE [--address URL]     uses a server that runs; FILE holds its JSON line
//
// SOUK_CHROMIUM names the browser, SOUK_SHOTS the folder for screenshots.

import { mkdir, mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { launch } from "./browser.mjs";
import { startDemo } from "./server.mjs";
import { accessibility } from "./stories/accessibility.mjs";
import { adminStory } from "./stories/admin.mjs";
import { appearance } from "./stories/appearance.mjs";
import { auditorStory } from "./stories/auditor.mjs";
import { firstRun } from "./stories/first_run.mjs";
import { largeMarketplace } from "./stories/large_marketplace.mjs";
import { permissions } from "./stories/permissions.mjs";
import { secrets } from "./stories/secrets.mjs";
import { signIn } from "./stories/sign_in.mjs";
import { firstDownload } from "./stories/size.mjs";

const STORIES = [
  ["the sign-in page is a small download", firstDownload],
  ["signing in needs no mouse, and a wrong password is told", signIn],
  ["an Admin installs, configures, synchronizes and removes MLflow", adminStory],
  ["a stored secret is kept, never shown, and does not follow a new address", secrets],
  ["an Auditor sees everything and why nothing may be changed", auditorStory],
  ["every page fits a phone and a wide screen, light and dark", appearance],
  ["an empty server is set up by its one-time link", firstRun],
  ["five thousand plugins are browsed page by page", largeMarketplace],
  ["an Admin reads what a plugin may do, refuses the network, sees it refused, and resumes what was paused", permissions],
  ["no page has a serious accessibility fault", accessibility],
];

const { values: options } = parseArgs({
  options: { accounts: { type: "string" }, address: { type: "string" }, only: { type: "string" } },
});

async function connect() {
  if (options.accounts) {
    const demo = JSON.parse(await readFile(options.accounts, "utf8"));
    return { demo: { ...demo, address: options.address ?? demo.address }, stop: async () => {} };
  }
  const binary = process.env.SOUK_BINARY;
  if (!binary) throw new Error("Set SOUK_BINARY to the built executable, or give --accounts FILE");
  return startDemo(binary);
}

async function main() {
  const { demo, stop } = await connect();
  const shots = process.env.SOUK_SHOTS ?? (await mkdtemp(path.join(tmpdir(), "souk-shots-")));
  await mkdir(shots, { recursive: true });
  let failures = 0;
  try {
    const browser = await launch(demo.address);
    for (const [name, story] of STORIES) {
      if (options.only && !name.includes(options.only)) continue;
      try {
        await story({ browser, demo, shots });
        console.log(`ok      ${name}`);
      } catch (error) {
        failures += 1;
        console.log(`FAILED  ${name}\n        ${error.message.replaceAll("\n", "\n        ")}`);
        await browser.photographOpenPages(path.join(shots, `failed-${failures}`));
      }
      await browser.closePages();
    }
    await browser.close();
  } finally {
    await stop();
  }
  console.log(`${failures === 0 ? "all stories passed" : `${failures} failed`}; screenshots in ${shots}`);
  process.exitCode = failures === 0 ? 0 : 1;
}

await main();
