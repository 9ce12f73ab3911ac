import assert from "node:assert/strict";
import path from "node:path";
import { accountOf, allow, configureMlflow, enter } from "./steps.mjs";

/** The first ten minutes: from an empty organization to synchronized models, and back. */
export async function adminStory({ browser, demo, shots }) {
  const { page, watch } = await browser.visit();
  const button = (name) => page.getByRole("button", { name, exact: true });
  const shot = (name) => page.screenshot({ path: path.join(shots, `admin-${name}.png`), fullPage: true });
  await enter(page, accountOf(demo, "Admin"));

  // Browse and search.
  const marketplace = page.getByRole("list", { name: "Marketplace" });
  await marketplace.getByRole("link", { name: /^MLflow/ }).waitFor();
  await shot("marketplace");
  await page.getByRole("searchbox").fill("no such plugin at all");
  await page.getByText("No plugin matches").waitFor();
  await page.getByRole("searchbox").fill("MLFLOW");
  await page.waitForURL((url) => url.searchParams.get("q") === "MLFLOW");
  await marketplace.getByRole("link", { name: /^MLflow/ }).waitFor();
  await button("Clear search").click();
  await page.getByRole("button", { name: "Communication" }).click();
  await page.waitForURL((url) => url.searchParams.get("category") === "communication");
  await page.getByRole("button", { name: "All", exact: true }).click();

  // The tab is not there yet.
  await page.getByRole("link", { name: "Model inventory" }).click();
  await page.getByRole("tab", { name: "Models", exact: true }).waitFor();
  assert.equal(await page.getByRole("tab", { name: "MLflow models" }).count(), 0);

  // From here on the page is never loaded again: what appears, appears by itself.
  await page.evaluate(() => {
    window.wasNotReloaded = true;
  });
  await page.getByRole("link", { name: "Plugins", exact: true }).click();
  await marketplace.getByRole("link", { name: /^MLflow/ }).click();
  await button("Install").click();
  await shot("permissions");
  await allow(page);
  await page.getByRole("link", { name: "Model inventory" }).click();
  await page.getByRole("tab", { name: "MLflow models" }).click();
  await page.getByText("No models were synchronized yet").waitFor();
  await shot("nothing-synchronized");

  // Configure, with a mistake first.
  await page.getByRole("link", { name: "Configure" }).click();
  const form = page.getByRole("form", { name: "Configuration" });
  const address = form.getByLabel(/tracking.*(url|address)/i);
  await address.fill("not an address");
  await button("Save").click();
  await form.getByText("Enter an address such as").waitFor();
  assert.equal(await address.evaluate((input) => document.activeElement === input), true);
  await shot("wrong-field");

  await address.fill(demo.mlflow);
  await button("Test connection").click();
  const verdict = form.locator(".MuiAlert-colorSuccess, .MuiAlert-colorWarning, .MuiAlert-colorError");
  await verdict.waitFor();
  assert.ok((await verdict.getAttribute("class")).includes("colorSuccess"), await verdict.textContent());
  await configureMlflow(page, demo.mlflow);

  // Synchronize and look.
  await button("Sync now").click();
  const result = page.getByText(/^\d+ models? synchronized/);
  await result.waitFor();
  const count = Number.parseInt(await result.textContent(), 10);
  assert.ok(count > 0, "the sample server has models");
  await shot("configured");
  await page.getByRole("link", { name: "Show models" }).click();
  const table = page.getByRole("region", { name: "MLflow models" });
  await table.getByRole("rowheader").first().waitFor();
  assert.equal(await table.getByRole("rowheader").count(), count);
  assert.equal(await table.getByText("Invalid Date").count(), 0);
  await shot("models");

  // Take it away again.
  await page.getByRole("link", { name: "Configure" }).click();
  await button("Uninstall").click();
  const question = page.getByRole("alertdialog");
  await question.getByText("This cannot be undone", { exact: false }).waitFor();
  await question.getByRole("button", { name: "Cancel" }).click();
  await question.waitFor({ state: "detached" });
  await button("Uninstall").click();
  await question.getByRole("button", { name: "Uninstall", exact: true }).click();
  await page.getByRole("alert").getByText("was uninstalled").waitFor();
  await shot("uninstalled");
  await page.getByRole("link", { name: "Model inventory" }).click();
  await page.getByRole("tab", { name: "Models", exact: true }).waitFor();
  assert.equal(await page.getByRole("tab", { name: "MLflow models" }).count(), 0);
  assert.equal(await page.evaluate(() => window.wasNotReloaded), true);
  watch.assertQuiet();
}
