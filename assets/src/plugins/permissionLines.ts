import type { Json } from "../api/types";

/** What the host's own words for a permission let a plugin do. */
const SENTENCES: Record<string, string> = {
  database: "Keeps data in tables of its own",
  network: "Sends requests to other servers",
  encoding: "Encodes and decodes text",
  time: "Reads the clock",
  log: "Writes to the server's log",
  random: "Makes random values",
  configuration: "Reads its own configuration",
  crypto: "Computes hashes and signatures",
};

/** What a plugin asks for, one line each. Words that are not known here are shown as its manifest has them. */
export function permissionLines(permissions: Json | undefined): string[] {
  if (permissions === undefined || permissions === null) return [];
  if (Array.isArray(permissions)) return permissions.map(toLine);
  if (typeof permissions === "object") {
    return Object.entries(permissions)
      .filter(([, value]) => value !== false && value !== null)
      .map(([name, value]) => (value === true ? toLine(name) : `${name}: ${toLine(value)}`));
  }
  return [toLine(permissions)];
}

function toLine(value: Json): string {
  if (Array.isArray(value)) return value.map(toLine).join(", ");
  if (typeof value === "object" && value !== null) {
    const description = value["description"];
    return typeof description === "string" ? description : permissionLines(value).join("; ");
  }
  return SENTENCES[String(value)] ?? String(value);
}
