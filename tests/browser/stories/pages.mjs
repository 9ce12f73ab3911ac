// The pages as a person finds them, for stories that look at each.

import { accountOf, configureMlflow, enter, install, uninstall } from "./steps.mjs";

const PAGES = [
  ["marketplace", "/plugins", (page) => page.getByRole("list", { name: "Marketplace" })],
  ["my-plugins", "/plugins?tab=installed", (page) => page.getByRole("list", { name: "My plugins" })],
  ["plugin", "/plugins/mlflow/manage", (page) => page.getByRole("form", { name: "Configuration" })],
  ["models", "/model-inventory", (page) => page.getByRole("rowheader").first()],
  ["mlflow-models", "/model-inventory?tab=mlflow", (page) => page.getByRole("rowheader").first()],
  ["not-found", "/no/such/page", (page) => page.getByText("There is nothing at this address")],
];

/** Does `work` while MLflow is installed and has models. */
export async function withModels({ browser, demo }, work) {
  const { page, watch } = await browser.visit();
  await enter(page, accountOf(demo, "Admin"));
  await install(page, "mlflow");
  await configureMlflow(page, demo.mlflow);
  await page.getByRole("button", { name: "Sync now" }).click();
  await page.getByText(/models? synchronized/).waitFor();
  try {
    await work();
  } finally {
    await uninstall(page, "mlflow");
  }
  watch.assertQuiet();
}

/** Shows each page in turn to `look`, signed out first. */
export async function visitEach({ browser, demo }, options, look) {
  const { page, watch } = await browser.visit(options);
  await page.goto("/sign-in");
  await page.getByLabel("E-mail").waitFor();
  await look(page, "sign-in");
  await enter(page, accountOf(demo, "Admin"));
  for (const [name, address, landmark] of PAGES) {
    await page.goto(address);
    await landmark(page).waitFor();
    await look(page, name);
  }
  watch.assertQuiet();
}
