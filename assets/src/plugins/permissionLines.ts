import type { Json } from "../api/types";

/** What a plugin asks for, one line each, as its manifest says it. */
export function permissionLines(permissions: Json | undefined): string[] {
  if (permissions === undefined || permissions === null) return [];
  if (Array.isArray(permissions)) return permissions.map(toLine);
  if (typeof permissions === "object") {
    return Object.entries(permissions)
      .filter(([, value]) => value !== false && value !== null)
      .map(([name, value]) => (value === true ? name : `${name}: ${toLine(value)}`));
  }
  return [toLine(permissions)];
}

function toLine(value: Json): string {
  if (Array.isArray(value)) return value.map(toLine).join(", ");
  if (typeof value === "object" && value !== null) {
    const description = value["description"];
    return typeof description === "string" ? description : permissionLines(value).join("; ");
  }
  return String(value);
}
