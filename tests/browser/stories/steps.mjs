// Steps that several stories take.

import assert from "node:assert/strict";

export function accountOf(demo, role) {
  const account = demo.users.find((user) => user.role === role);
  assert.ok(account, `the demo has no ${role}`);
  return account;
}

/** Signs in with the keyboard alone. */
export async function enter(page, account, path = "/") {
  await page.goto(path);
  await page.getByLabel("E-mail").fill(account.email);
  await page.getByLabel("Password").fill(account.password);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: /^Account of/ }).waitFor();
}

export async function openPlugin(page, key) {
  await page.goto(`/plugins/${key}/manage`);
  await page.getByRole("heading", { level: 1 }).waitFor();
}

export async function install(page, key) {
  await openPlugin(page, key);
  await page.getByRole("button", { name: "Install", exact: true }).click();
  await allow(page);
}

/** Agrees to what the plugin will be able to do. */
export async function allow(page) {
  await page.getByRole("dialog").getByRole("button", { name: "Allow and install" }).click();
  await page.getByRole("button", { name: "Uninstall", exact: true }).waitFor();
}

export async function uninstall(page, key) {
  await openPlugin(page, key);
  await page.getByRole("button", { name: "Uninstall", exact: true }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Uninstall", exact: true }).click();
  await page.getByRole("button", { name: "Install", exact: true }).waitFor();
}

export async function configureMlflow(page, address) {
  const form = page.getByRole("form", { name: "Configuration" });
  await form.getByLabel(/tracking.*(url|address)/i).fill(address);
  await form.getByRole("button", { name: "Save" }).click();
  await form.getByRole("alert").getByText("Configuration saved").waitFor();
}
