import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { startDemo } from "../server.mjs";
import { assertAccessible } from "./axe.mjs";
import { accountOf, enter } from "./steps.mjs";

const PLUGINS = 5_000;
const PAGE_SIZE = 24;
const CATEGORIES = ["ml_ops", "security", "communication", "analytics"];

/** A marketplace of thousands is browsed, searched and linked to page by page. */
export async function largeMarketplace({ browser, shots }) {
  const binary = process.env.SOUK_BINARY;
  if (!binary) {
    console.log("        skipped: needs SOUK_BINARY, to start a server on a marketplace of its own");
    return;
  }
  const folder = await mkdtemp(path.join(tmpdir(), "souk-large-"));
  await writeFile(path.join(folder, "plugins.json"), JSON.stringify(registry()));
  const { demo, stop } = await startDemo(binary, ["--marketplace", folder]);
  try {
    await browse(browser, demo, shots);
    await lookAtPhone(browser, demo, shots);
  } finally {
    await stop();
    await rm(folder, { recursive: true });
  }
}

async function browse(browser, demo, shots) {
  const { page, watch } = await browser.visit({ baseURL: demo.address });
  const cards = page.getByRole("list", { name: "Marketplace" }).getByRole("listitem");
  const count = (text) => page.getByText(text, { exact: true });
  await enter(page, accountOf(demo, "Admin"));
  const begun = Date.now();
  await page.goto("/plugins");
  await count("1–24 of 5,000 plugins").waitFor();
  assert.equal(await cards.count(), PAGE_SIZE);
  const elements = await page.evaluate(() => document.querySelectorAll("*").length);
  console.log(`        first page of 5,000 plugins: ${Date.now() - begun} ms from the address, ${elements} elements`);
  assert.ok(elements < 3_000, `${elements} elements for one page`);
  await page.screenshot({ path: path.join(shots, "large-first.png"), fullPage: true });

  // To the next page by keyboard. The line that says where one is takes the focus.
  await page.getByRole("link", { name: "Go to next page" }).focus();
  await page.keyboard.press("Enter");
  const second = count("25–48 of 5,000 plugins");
  await second.waitFor();
  await page.waitForURL((url) => url.searchParams.get("page") === "2");
  await cards.getByRole("link", { name: title(PAGE_SIZE) }).waitFor();
  await page.waitForFunction(() => document.activeElement?.textContent === "25–48 of 5,000 plugins");
  assert.equal(await page.evaluate(() => window.scrollY), 0);
  const current = page.getByRole("navigation", { name: "Pages of the marketplace" }).locator("[aria-current]");
  assert.equal(await current.textContent(), "2");

  // A search starts with its first page and is announced.
  await page.getByRole("searchbox").fill("number 4321");
  await page.waitForURL((url) => url.searchParams.get("q") === "number 4321" && !url.searchParams.has("page"));
  await cards.getByRole("link", { name: title(4321) }).waitFor();
  assert.equal(await cards.count(), 1);
  await page.getByRole("status").getByText("1 plugin", { exact: true }).waitFor({ state: "attached" });
  await page.screenshot({ path: path.join(shots, "large-search.png"), fullPage: true });
  await page.goBack();
  await count("1–24 of 5,000 plugins").waitFor();
  assert.equal(await page.getByRole("searchbox").inputValue(), "");

  // A category, and a link to a page of a search within it.
  await page.getByRole("button", { name: "Security" }).press("Enter");
  await count("1–24 of 1,250 plugins").waitFor();
  await page.goto("/plugins?page=53&category=security");
  await count("1,249–1,250 of 1,250 plugins").waitFor();
  assert.equal(await cards.count(), 2);
  await page.goto("/plugins?q=NUMBER+1&category=security&page=2");
  await cards.first().waitFor();
  assert.equal(await page.getByRole("searchbox").inputValue(), "NUMBER 1");
  assert.equal(await cards.count(), PAGE_SIZE);
  await page.goto("/plugins?page=999");
  await page.getByText("There is no page 999").waitFor();
  await page.getByRole("link", { name: "Show the first page" }).click();
  await count("1–24 of 5,000 plugins").waitFor();
  await assertAccessible(page);
  watch.assertQuiet();
}

async function lookAtPhone(browser, demo, shots) {
  for (const colorScheme of ["light", "dark"]) {
    const { page, watch } = await browser.visit({
      baseURL: demo.address,
      viewport: { width: 360, height: 740 },
      colorScheme,
    });
    await enter(page, accountOf(demo, "Auditor"));
    await page.goto("/plugins?page=104");
    await page.getByText("2,473–2,496 of 5,000 plugins").waitFor();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(overflow <= 0, `${overflow} px too wide`);
    await page.screenshot({ path: path.join(shots, `large-phone-${colorScheme}.png`), fullPage: true });
    await assertAccessible(page);
    watch.assertQuiet();
  }
}

function title(number) {
  return `Plugin number ${number}`;
}

function registry() {
  const plugins = Array.from({ length: PLUGINS }, (_, number) => ({
    key: `plugin-${number}`,
    name: `plugin-${number}`,
    displayName: title(number),
    description: `Does the work of ${number} people, keeps a record of it, and tells those who want to know.`,
    version: "1.0.0",
    author: "Generated",
    category: CATEGORIES[number % CATEGORIES.length],
    tags: [`tag-${number % 50}`, "generated"],
    pluginPath: `plugins/plugin-${number}`,
    entryPoint: "main.lua",
  }));
  const categories = CATEGORIES.map((id) => ({ id, name: id === "security" ? "Security" : id, description: id }));
  return { version: "1.0.0", plugins, categories };
}
