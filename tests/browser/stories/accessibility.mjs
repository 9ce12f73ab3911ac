import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { visitEach, withModels } from "./pages.mjs";

const SERIOUS = new Set(["serious", "critical"]);

export async function accessibility(world) {
  const axe = await readFile(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");
  await withModels(world, async () => {
    for (const colorScheme of ["light", "dark"]) {
      await visitEach(world, { colorScheme }, async (page, name) => {
        // Evaluated by the debugger: the page's content security policy keeps every other script out.
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => window.axe.run());
        const serious = violations
          .filter(({ impact }) => SERIOUS.has(impact))
          .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0].html}`);
        assert.deepEqual(serious, [], `${name}, ${colorScheme}`);
      });
    }
  });
}
