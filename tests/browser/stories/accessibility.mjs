import { assertAccessible } from "./axe.mjs";
import { visitEach, withModels } from "./pages.mjs";

export async function accessibility(world) {
  await withModels(world, async () => {
    for (const colorScheme of ["light", "dark"]) {
      await visitEach(world, { colorScheme }, (page, name) => assertAccessible(page, `${name}, ${colorScheme}`));
    }
  });
}
