import { expect, it } from "vitest";
import type { Marketplace, Plugin } from "../../api/types";
import { countPlugins } from "./countPlugins";
import { readPage } from "./useMarketplaceQuery";

function marketplace(shown: number, total: number, page: number): Marketplace {
  const plugin: Plugin = { key: "x", name: "x", description: "" };
  const plugins = Array.from({ length: shown }, () => plugin);
  return { plugins, total, page, pageSize: 24, pages: Math.ceil(total / 24), state: "connected", fetchedAt: null };
}

it("a single page tells how many plugins there are, one of many tells which", () => {
  expect(countPlugins(marketplace(1, 1, 1))).toBe("1 plugin");
  expect(countPlugins(marketplace(24, 24, 1))).toBe("24 plugins");
  expect(countPlugins(marketplace(24, 5000, 2))).toBe("25–48 of 5,000 plugins");
  expect(countPlugins(marketplace(8, 5000, 209))).toBe("4,993–5,000 of 5,000 plugins");
  expect(countPlugins(marketplace(0, 5000, 400))).toBe("5,000 plugins");
});

it("a page that is no number is the first one", () => {
  expect(["2", "209"].map(readPage)).toEqual([2, 209]);
  expect([null, "", "0", "-1", "1.5", "x", "01", "9999999999"].map(readPage)).toEqual(Array(8).fill(1));
});
