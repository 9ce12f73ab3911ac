import { expect, it } from "vitest";
import { countShown } from "./countShown";

function count(shown: number, total: number, page: number): string {
  const items = Array.from({ length: shown });
  return countShown({ items, total, page, pageSize: 24, pages: Math.ceil(total / 24) }, "plugin");
}

it("a single page tells how many there are, one of many tells which", () => {
  expect(count(1, 1, 1)).toBe("1 plugin");
  expect(count(24, 24, 1)).toBe("24 plugins");
  expect(count(24, 5000, 2)).toBe("25–48 of 5,000 plugins");
  expect(count(8, 5000, 209)).toBe("4,993–5,000 of 5,000 plugins");
  expect(count(0, 5000, 400)).toBe("5,000 plugins");
});
