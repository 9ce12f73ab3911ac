import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { startDemo } from "../server.mjs";
import { assertAccessible } from "./axe.mjs";
import { accountOf, enter, openPlugin } from "./steps.mjs";

const MARKETPLACE = fileURLToPath(new URL("../marketplace", import.meta.url));
const READ_FILES = "Reads and keeps files of your organization";
const USE_NETWORK = "Exchanges data with rates.example.com";
const LIST_BEFORE = "What the plugin will be able to do";
const LIST_AFTER = "What the plugin may do";
/** A plugin that loops is paused long before. */
const MOST_SPINS = 40;

/** What a plugin may do: seen before it is installed, refused, allowed again; and what it did. */
export async function permissions({ browser, shots }) {
  const binary = process.env.SOUK_BINARY;
  if (!binary) {
    console.log("        skipped: needs SOUK_BINARY, to start a server on a marketplace of its own");
    return;
  }
  const folder = await mkdtemp(path.join(tmpdir(), "souk-permissions-"));
  await cp(MARKETPLACE, folder, { recursive: true });
  const { demo, stop } = await startDemo(binary, ["--marketplace", folder]);
  const shot = (page, name) => page.screenshot({ path: path.join(shots, `permissions-${name}.png`), fullPage: true });
  try {
    const { page, watch } = await browser.visit({ baseURL: demo.address });
    await enter(page, accountOf(demo, "Admin"));
    await installWithoutNetwork(page, watch, folder, (name) => shot(page, name));
    await explainRefusedCall(page, (name) => shot(page, name));
    await allowNetwork(page);
    await pauseAndResume(page, (name) => shot(page, name));
    watch.assertQuiet();
    await lookAsMember(browser, demo, shot);
    await lookAtScreens(browser, demo, shot);
  } finally {
    await stop();
    await rm(folder, { recursive: true });
  }
}

/** The list is read, changes on the server meanwhile, is read again, and one line is refused. By keyboard. */
async function installWithoutNetwork(page, watch, folder, shot) {
  await page.getByRole("list", { name: "Marketplace" }).getByText("Asks for nothing", { exact: true }).waitFor();
  await openPlugin(page, "rates");
  const lines = page.getByRole("list", { name: LIST_BEFORE }).getByRole("listitem");
  await lines.first().waitFor();
  const ratings = await lines.getByText(/ risk$/).allTextContents();
  assert.deepEqual(ratings, ["Medium risk", "Medium risk", "Low risk"]);
  await shot("before");

  await page.getByRole("button", { name: "Install", exact: true }).press("Enter");
  const dialog = page.getByRole("dialog", { name: "Install Exchange rates?" });
  await dialog.getByText(USE_NETWORK).first().waitFor();
  await assertAccessible(page);
  await askForFiles(folder);
  watch.expectRefusal(409, "/api/plugins/install");
  await dialog.getByRole("button", { name: "Allow and install" }).press("Enter");
  await dialog.getByText("has changed since it was shown").waitFor();
  await dialog.getByText(READ_FILES).waitFor();
  assert.match(await page.evaluate(() => document.activeElement?.textContent), /has changed since it was shown/);
  await shot("changed");

  const network = dialog.getByRole("switch", { name: `Allow ${USE_NETWORK}` });
  assert.equal(await dialog.getByRole("switch").count(), 1);
  assert.equal(await network.isChecked(), true);
  await network.press("Space");
  assert.equal(await network.isChecked(), false);
  await dialog.getByRole("button", { name: "Allow and install" }).press("Enter");
  await page.getByRole("button", { name: "Uninstall", exact: true }).waitFor();
  await page.getByRole("status").getByText("Exchange rates is installed").waitFor({ state: "attached" });
}

async function askForFiles(folder) {
  const file = path.join(folder, "plugins.json");
  const registry = JSON.parse(await readFile(file, "utf8"));
  registry.plugins[0].permissions.push({ capability: "files", reason: "Keeps the rates of each year" });
  await writeFile(file, JSON.stringify(registry));
}

async function explainRefusedCall(page, shot) {
  assert.equal((await callPlugin(page, "rates/kept")).status(), 200);
  assert.ok((await callPlugin(page, "rates/latest")).status() >= 400);

  await page.getByRole("tab", { name: "Runs" }).press("Enter");
  await page.waitForURL((url) => url.searchParams.get("tab") === "runs");
  const table = page.getByRole("region", { name: "Runs" });
  await table.getByText("GET /kept").waitFor();
  await shot("runs");
  await page.getByRole("switch", { name: "Notable only" }).press("Space");
  await page.waitForURL((url) => url.searchParams.get("only") === "notable");
  await table.getByText("GET /kept").waitFor({ state: "detached" });
  await page.locator('[aria-label="Runs"][aria-busy="false"]').waitFor();
  const row = table.getByRole("row").filter({ hasText: "GET /latest" });
  await row.getByText("Refused").waitFor();
  await row.getByRole("button").press("Enter");
  const dialog = page.getByRole("dialog", { name: "GET /latest" });
  await dialog.getByRole("alert").getByText(/http\.request.*network/).waitFor();
  await assertAccessible(page);
  await shot("run");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.equal(await row.getByRole("button").evaluate((button) => document.activeElement === button), true);
}

async function allowNetwork(page) {
  await page.getByRole("tab", { name: "Overview" }).press("Enter");
  const form = page.getByRole("form", { name: "Permissions" });
  const network = form.getByRole("switch", { name: `Allow ${USE_NETWORK}` });
  assert.equal(await network.isChecked(), false);
  await network.press("Space");
  await form.getByRole("button", { name: "Save permissions" }).press("Enter");
  await form.getByText("Permissions saved").waitFor();
  await page.reload();
  await network.waitFor();
  assert.equal(await network.isChecked(), true);
}

async function pauseAndResume(page, shot) {
  await openPlugin(page, "looper");
  await page.getByText("This plugin asks for nothing.").waitFor();
  await page.getByRole("button", { name: "Install", exact: true }).click();
  await page.getByRole("button", { name: "Uninstall", exact: true }).waitFor();
  assert.equal(await page.getByRole("dialog").count(), 0);
  const well = await callPlugin(page, "looper");
  assert.equal(well.status(), 200);
  await spinUntilPaused(page);
  assert.ok((await callPlugin(page, "looper")).status() >= 400);

  // Seen on the next page, without loading all anew.
  await page.evaluate(() => {
    window.wasNotReloaded = true;
  });
  await page.getByRole("link", { name: "My plugins" }).click();
  const card = page.getByRole("listitem").filter({ hasText: "Looper" });
  await card.getByText("Paused since").waitFor();
  await shot("paused-card");
  await card.getByRole("link", { name: "Manage Looper" }).click();
  await page.getByText("Paused since").waitFor();
  await assertAccessible(page);
  await shot("paused");
  await page.getByRole("button", { name: "Resume Looper" }).press("Enter");
  await page.getByText("Paused since").waitFor({ state: "detached" });
  await page.getByRole("status").getByText("Looper runs again").waitFor({ state: "attached" });
  await page.waitForFunction(() => document.activeElement?.tagName === "H1");
  assert.equal(await page.evaluate(() => window.wasNotReloaded), true);
  assert.equal((await callPlugin(page, "looper")).status(), 200);
}

async function spinUntilPaused(page) {
  for (let spin = 0; spin < MOST_SPINS; spin += 1) {
    await callPlugin(page, "looper/spin");
    const { data } = await (await callPlugin(page, "installations")).json();
    if (data.find(({ pluginKey }) => pluginKey === "looper").paused) return;
  }
  assert.fail(`not paused after ${MOST_SPINS} endless runs`);
}

/** Who is no Admin reads what is allowed and why a plugin is paused, and changes nothing. */
async function lookAsMember(browser, demo, shot) {
  const admin = await browser.visit({ baseURL: demo.address });
  await enter(admin.page, accountOf(demo, "Admin"));
  await spinUntilPaused(admin.page);
  const { page, watch } = await browser.visit({ baseURL: demo.address });
  await enter(page, accountOf(demo, "Auditor"));
  await openPlugin(page, "looper");
  await page.getByText("Paused since").waitFor();
  assert.equal(await page.getByRole("button", { name: "Resume Looper" }).count(), 0);
  await openPlugin(page, "rates");
  const lines = page.getByRole("list", { name: LIST_AFTER }).getByRole("listitem");
  await lines.first().waitFor();
  assert.equal(await lines.getByText("Allowed", { exact: true }).count(), 4);
  assert.equal(await page.getByRole("switch").count(), 0);
  assert.equal(await page.getByRole("tab").count(), 0);
  await shot(page, "member");
  admin.watch.assertQuiet();
  watch.assertQuiet();
}

async function lookAtScreens(browser, demo, shot) {
  for (const width of [360, 1280]) {
    for (const colorScheme of ["light", "dark"]) {
      const { page, watch } = await browser.visit({
        baseURL: demo.address,
        viewport: { width, height: 740 },
        colorScheme,
      });
      await enter(page, accountOf(demo, "Admin"));
      for (const [name, address, landmark] of [
        ["cards", "/plugins?tab=installed", page.getByText("Paused since")],
        ["overview", "/plugins/rates/manage", page.getByRole("form", { name: "Permissions" })],
        ["runs", "/plugins/looper/manage?tab=runs", page.locator('[aria-label="Runs"][aria-busy="false"]')],
      ]) {
        await page.goto(address);
        await landmark.waitFor();
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(overflow <= 0, `${name} is ${overflow} px too wide for ${width}`);
        await assertAccessible(page);
        await shot(page, `${name}-${width}-${colorScheme}`);
      }
      watch.assertQuiet();
    }
  }
}

/** As another page or program of the organization would. */
function callPlugin(page, address) {
  return page.request.get(`/api/plugins/${address}`);
}
