import assert from "node:assert/strict";
import path from "node:path";
import { accountOf, enter, install, openPlugin, uninstall } from "./steps.mjs";

const REASON = /your role is Auditor/i;

export async function auditorStory({ browser, demo, shots }) {
  const admin = await browser.visit();
  await enter(admin.page, accountOf(demo, "Admin"));
  await install(admin.page, "mlflow");
  try {
    await lookAround(await browser.visit(), demo, shots);
  } finally {
    await uninstall(admin.page, "mlflow");
  }
  admin.watch.assertQuiet();
}

async function lookAround({ page, watch }, demo, shots) {
  await enter(page, accountOf(demo, "Auditor"));
  const disabled = async (name) => {
    const button = page.getByRole("button", { name, exact: true, description: REASON });
    await button.waitFor();
    assert.equal(await button.getAttribute("aria-disabled"), "true");
    return button;
  };

  await page.getByRole("list", { name: "Marketplace" }).waitFor();
  await disabled("Install Notes");
  await page.getByRole("tab", { name: /My plugins/ }).click();
  await disabled(/^Uninstall MLflow/);

  await openPlugin(page, "mlflow");
  const uninstallButton = await disabled("Uninstall");
  await disabled("Save");
  await disabled("Test connection");
  await disabled("Sync now");
  await uninstallButton.hover();
  await page.getByRole("tooltip").getByText(REASON).waitFor();
  await page.screenshot({ path: path.join(shots, "auditor-plugin.png"), fullPage: true });
  // The browser test would wait for it to be enabled; a person just clicks.
  await uninstallButton.click({ force: true });
  assert.equal(await page.getByRole("alertdialog").count(), 0);

  await page.goto("/model-inventory?tab=mlflow");
  await page.getByText("No models were synchronized yet").waitFor();
  await disabled("Sync now");
  watch.assertQuiet();
}
