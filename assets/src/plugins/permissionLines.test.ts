import { expect, it } from "vitest";
import { permissionLines } from "./permissionLines";

it("permissions become one line each, whatever shape a publisher chose", () => {
  expect(permissionLines(undefined)).toEqual([]);
  expect(permissionLines(["db", { description: "Reads users" }])).toEqual(["db", "Reads users"]);
  expect(permissionLines({ network: ["a.example", "b.example"], db: true, files: false })).toEqual([
    "network: a.example, b.example",
    "db",
  ]);
});
