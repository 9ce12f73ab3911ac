import assert from "node:assert/strict";
import { accountOf } from "./steps.mjs";

export async function signIn({ browser, demo }) {
  const admin = accountOf(demo, "Admin");
  const { page, watch } = await browser.visit();
  const press = (key) => page.keyboard.press(key);
  const type = (text) => page.keyboard.type(text);

  await page.goto("/plugins?tab=installed");
  await page.waitForURL((url) => url.pathname === "/sign-in");
  await page.getByLabel("E-mail").waitFor();
  await press("Tab");
  await type(admin.email);
  await press("Tab");
  await type("not the password");
  watch.expectRefusal(401, "/api/users/login");
  await press("Enter");
  await page.getByRole("alert").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("name")), "password");

  await type(admin.password);
  await press("Enter");
  await page.waitForURL((url) => url.pathname === "/plugins" && url.search === "?tab=installed");
  await page.getByRole("heading", { level: 1, name: "Plugins" }).waitFor();

  // No script can read the session.
  assert.equal(await page.evaluate(() => document.cookie), "");
  const kept = await page.evaluate(() => Object.values(localStorage).join(" "));
  assert.ok(!kept.includes("eyJ"), "a token lies in the page's storage");

  await page.reload();
  await page.getByRole("heading", { level: 1, name: "Plugins" }).waitFor();
  await press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Skip to the page");
  await press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "main");

  await page.getByRole("button", { name: /^Account of/ }).focus();
  await press("Enter");
  await page.getByRole("menuitem", { name: "Sign out" }).focus();
  await press("Enter");
  await page.waitForURL((url) => url.pathname === "/sign-in");
  watch.assertQuiet();
}
