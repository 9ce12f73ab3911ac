import assert from "node:assert/strict";
import path from "node:path";
import { startEmpty } from "../server.mjs";

/** The one-time link of an empty server: it names the organization and makes its first Admin. */
export async function firstRun({ browser, shots }) {
  const binary = process.env.SOUK_BINARY;
  if (!binary) {
    console.log("        skipped: needs SOUK_BINARY, to start a server on an empty folder");
    return;
  }
  const { link, stop } = await startEmpty(binary);
  try {
    const { page, watch } = await browser.visit({ baseURL: link.origin });
    await page.goto(link.pathname + link.search);
    await page.getByLabel("Organization").fill("Harbour Cooperative");
    await page.getByLabel("Your name").fill("Nadia Haddad");
    await page.getByLabel("E-mail").fill("nadia@harbour.example");
    await page.getByLabel("Password").fill("short");
    watch.expectRefusal(400, "/api/users/setup");
    await page.getByRole("button", { name: "Create organization" }).click();
    await page.getByRole("alert").getByText("12").waitFor();
    await page.screenshot({ path: path.join(shots, "first-run.png") });

    await page.getByLabel("Password").fill("seven boats leave at dawn");
    await page.getByRole("button", { name: "Create organization" }).click();
    await page.getByRole("button", { name: /^Account of Nadia Haddad/ }).waitFor();
    await page.getByRole("link", { name: "Model inventory" }).click();
    await page.getByText("The inventory is empty").waitFor();

    // The link has done its work.
    watch.expectRefusal(404, "/api/users/setup");
    await page.goto(link.pathname + link.search);
    await page.getByRole("heading", { name: "This set-up link cannot be used" }).waitFor();
    assert.equal(await page.getByLabel("Organization").count(), 0);
    watch.assertQuiet();
  } finally {
    await stop();
  }
}
