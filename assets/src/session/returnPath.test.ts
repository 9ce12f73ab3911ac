import { expect, it } from "vitest";
import { readReturnPath } from "./returnPath";

it.each([
  ["/plugins?tab=installed", "/plugins?tab=installed"],
  ["https://evil.example/", "/"],
  ["//evil.example", "/"],
  ["/\\evil.example", "/"],
  ["javascript:alert(1)", "/"],
  ["/sign-in?return=%2F", "/"],
  ["", "/"],
])("a return to %j goes to %j", (wanted, path) => {
  expect(readReturnPath(new URLSearchParams({ return: wanted }))).toBe(path);
});
