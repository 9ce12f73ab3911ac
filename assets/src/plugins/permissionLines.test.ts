import { expect, it } from "vitest";
import { permissionLines } from "./permissionLines";

it("permissions become one line each, whatever shape a publisher chose", () => {
  expect(permissionLines(undefined)).toEqual([]);
  expect(permissionLines(["database", "vendor.x", { description: "Reads users" }])).toEqual([
    "Keeps data in tables of its own",
    "vendor.x",
    "Reads users",
  ]);
  expect(permissionLines({ network: ["a.example", "b.example"], time: true, files: false })).toEqual([
    "network: a.example, b.example",
    "Reads the clock",
  ]);
});
