import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

const SERIOUS = new Set(["serious", "critical"]);
const source = await readFile(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");

export async function assertAccessible(page, where = page.url()) {
  await page.evaluate(settle);
  // Evaluated by the debugger: the page's content security policy keeps every other script out.
  await page.evaluate(source);
  const { violations } = await page.evaluate(() => window.axe.run());
  const serious = violations
    .filter(({ impact }) => SERIOUS.has(impact))
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0].html}`);
  assert.deepEqual(serious, [], where);
}

/** Half faded in, a text has too little contrast for a moment. What turns without end is left out. */
function settle() {
  const passing = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().iterations !== Infinity);
  return Promise.allSettled(passing.map(({ finished }) => finished)).then(() => undefined);
}
