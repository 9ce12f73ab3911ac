import assert from "node:assert/strict";
import path from "node:path";
import { visitEach, withModels } from "./pages.mjs";

const SCREENS = [
  ["phone", { viewport: { width: 360, height: 740 }, colorScheme: "light" }],
  ["phone-dark", { viewport: { width: 360, height: 740 }, colorScheme: "dark" }],
  ["dark", { viewport: { width: 1280, height: 800 }, colorScheme: "dark" }],
  ["light", { viewport: { width: 1280, height: 800 }, colorScheme: "light" }],
  ["wide", { viewport: { width: 2560, height: 1440 }, colorScheme: "light" }],
];

export function appearance(world) {
  return withModels(world, async () => {
    for (const [screen, options] of SCREENS) {
      await visitEach(world, options, async (page, name) => {
        await page.screenshot({ path: path.join(world.shots, `${screen}-${name}.png`), fullPage: true });
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(overflow <= 0, `${name} is ${overflow} px too wide for ${screen}`);
        const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        const lightness = Number(/\d+/.exec(background)?.[0]);
        assert.equal(lightness < 128, options.colorScheme === "dark", `${name} on ${screen} is ${background}`);
      });
    }
  });
}
