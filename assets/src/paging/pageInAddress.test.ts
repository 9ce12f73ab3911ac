import { expect, it } from "vitest";
import { addressOfPage, readPage } from "./pageInAddress";

it("a page that is no number is the first one", () => {
  expect(["2", "209"].map(readPage)).toEqual([2, 209]);
  expect([null, "", "0", "-1", "1.5", "x", "01", "9999999999"].map(readPage)).toEqual(Array(8).fill(1));
});

it("another page keeps the filter, and the first page needs no number", () => {
  const filter = new URLSearchParams("tab=runs&only=notable&page=3");
  expect(addressOfPage(filter, 4)).toBe("?tab=runs&only=notable&page=4");
  expect(addressOfPage(filter, 1)).toBe("?tab=runs&only=notable");
});
