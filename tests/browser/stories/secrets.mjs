import assert from "node:assert/strict";
import { accountOf, enter, install, uninstall } from "./steps.mjs";

/** A stored secret is never shown, is kept when it is left alone, and does not follow a changed address. */
export async function secrets({ browser, demo }) {
  const { page, watch } = await browser.visit();
  await enter(page, accountOf(demo, "Admin"));
  await install(page, "mlflow");
  try {
    const form = page.getByRole("form", { name: "Configuration" });
    const address = form.getByLabel("Tracking server URL");
    const token = form.getByRole("textbox", { name: "API token" }).or(form.locator('input[name="api_token"]'));
    const save = () => form.getByRole("button", { name: "Save" }).click();
    const saved = form.getByText("Configuration saved");

    await address.fill(demo.mlflow);
    assert.equal(await token.count(), 0, "the token's field shows before its method is chosen");
    await form.getByRole("combobox", { name: "Authentication method" }).click();
    await page.getByRole("option", { name: "API token" }).click();
    await token.fill("canary-5f2e");
    await save();
    await saved.waitFor();

    await page.reload();
    await form.getByText("Stored. Leave it empty to keep it.").waitFor();
    assert.equal(await token.inputValue(), "");
    assert.ok(!(await page.content()).includes("canary-5f2e"));
    await form.getByLabel("Timeout").fill("31");
    await save();
    await saved.waitFor();

    await address.fill(`${demo.mlflow}/elsewhere`);
    watch.expectRefusal(422, "/configuration");
    await save();
    await form.locator('input[name="api_token"][aria-invalid="true"]').waitFor();
    await token.fill("canary-6a3f");
    await save();
    await saved.waitFor();
  } finally {
    await uninstall(page, "mlflow");
  }
  watch.assertQuiet();
}
