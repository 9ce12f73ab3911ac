// A browser whose pages are watched: what a person would see in the console fails the story.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const STEP_LIMIT_MS = 15_000;
const QUIET = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export async function launch(address) {
  const executablePath = process.env.SOUK_CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: QUIET });
  const contexts = [];
  return {
    /** A fresh person at the address: no cookies, no memory. */
    async visit({ baseURL = address, ...options } = {}) {
      const context = await browser.newContext({
        baseURL,
        viewport: { width: 1280, height: 800 },
        colorScheme: "light",
        locale: "en-GB",
        ...options,
      });
      context.setDefaultTimeout(STEP_LIMIT_MS);
      contexts.push(context);
      const page = await context.newPage();
      return { page, watch: watch(page, new URL(baseURL).origin) };
    },
    async photographOpenPages(prefix) {
      const pages = contexts.flatMap((context) => context.pages());
      await Promise.all(pages.map((page, index) => page.screenshot({ path: `${prefix}-${index}.png`, fullPage: true })));
    },
    async closePages() {
      await Promise.all(contexts.splice(0).map((context) => context.close()));
    },
    close: () => browser.close(),
  };
}

function watch(page, origin) {
  const faults = [];
  const expected = [];

  page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    const where = message.location().url;
    const known = expected.findIndex(({ status, path }) => message.text().includes(`${status}`) && where.includes(path));
    if (known >= 0) expected.splice(known, 1);
    else faults.push(`console ${message.type()}: ${message.text()} (${where})`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:"].includes(url.protocol) && url.origin !== origin) faults.push(`request to ${url.href}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 500) faults.push(`${response.status()} of ${response.url()}`);
  });

  return {
    /** A browser notes each refused request in its console; this one is part of the story. */
    expectRefusal(status, path) {
      expected.push({ status, path });
    },
    assertQuiet() {
      assert.deepEqual(faults, [], "the browser noticed something");
      assert.deepEqual(expected, [], "an expected refusal did not happen");
    },
  };
}
