// From a manifest's `configurationSchema` to the fields of a form, and from what was typed back to
// a configuration. It draws the part of JSON Schema that forms need; the server validates the whole.
//
// A property named by a `then` or `else` is shown only while its branch holds: this is how a schema
// says that `username` belongs to `auth_method: basic`.

import type { Json, JsonObject } from "../api/types";

/** What the server sends in place of a stored secret; sent back, it means "keep it". */
export const SECRET_MASK = "••••••••";

export type FieldKind = "text" | "url" | "secret" | "number" | "integer" | "boolean" | "choice" | "json";

export interface Choice {
  value: Json;
  label: string;
}

export interface ConfigurationField {
  name: string;
  kind: FieldKind;
  label: string;
  help: string | null;
  choices: Choice[];
  minimum: number | null;
  maximum: number | null;
  hasDefault: boolean;
}

/** What a form holds: switches are booleans, everything else is the text as typed. */
export type FormValues = Record<string, string | boolean>;

export interface ParsedForm {
  configuration: JsonObject;
  errors: Record<string, string>;
}

export function readFields(schema: JsonObject): ConfigurationField[] {
  return Object.entries(propertiesOf(schema)).map(([name, property]) => toField(name, property));
}

/** The stored configuration where there is one, the schema's defaults elsewhere. */
export function initialValues(schema: JsonObject, configuration: JsonObject): FormValues {
  const values: FormValues = {};
  for (const [name, property] of Object.entries(propertiesOf(schema))) {
    values[name] = toFormValue(toField(name, property), configuration[name] ?? property["default"]);
  }
  return values;
}

export function visibleFields(schema: JsonObject, values: FormValues): ConfigurationField[] {
  const { conditional, active } = conditions(schema, toInstance(schema, values));
  return readFields(schema).filter(({ name }) => !conditional.has(name) || active.has(name));
}

export function requiredNames(schema: JsonObject, values: FormValues): Set<string> {
  const { required } = conditions(schema, toInstance(schema, values));
  return new Set([...stringsOf(schema["required"]), ...required]);
}

/**
 * The configuration to send. Hidden fields are left out, so that what is stored is what was shown.
 * Settings that the schema does not know are kept from `previous`.
 */
export function parseForm(schema: JsonObject, values: FormValues, previous: JsonObject): ParsedForm {
  const known = propertiesOf(schema);
  const configuration: JsonObject = {};
  for (const [name, value] of Object.entries(previous)) {
    if (!(name in known)) configuration[name] = value;
  }
  const errors: Record<string, string> = {};
  const required = requiredNames(schema, values);
  for (const field of visibleFields(schema, values)) {
    const typed = values[field.name] ?? "";
    if (typed === "") {
      if (required.has(field.name)) errors[field.name] = `${field.label} is required`;
      continue;
    }
    const { value, error } = parseValue(field, typed);
    if (error !== null) errors[field.name] = error;
    else configuration[field.name] = value;
  }
  return { configuration, errors };
}

function toField(name: string, property: JsonObject): ConfigurationField {
  return {
    name,
    kind: kindOf(property),
    label: textOf(property["title"]) ?? humanize(name),
    help: textOf(property["description"]),
    choices: choicesOf(property),
    minimum: numberOf(property["minimum"]),
    maximum: numberOf(property["maximum"]),
    hasDefault: "default" in property,
  };
}

function kindOf(property: JsonObject): FieldKind {
  if (choicesOf(property).length > 0) return "choice";
  switch (property["type"]) {
    case "boolean":
    case "number":
    case "integer":
      return property["type"];
    case "object":
    case "array":
      return "json";
  }
  switch (property["format"]) {
    case "password":
      return "secret";
    case "uri":
    case "url":
      return "url";
  }
  return "text";
}

function choicesOf(property: JsonObject): Choice[] {
  if (Array.isArray(property["enum"])) {
    return property["enum"].map((value) => ({ value, label: humanize(String(value)) }));
  }
  if (Array.isArray(property["oneOf"])) {
    return property["oneOf"].filter(isObject).flatMap((option) => {
      const value = option["const"];
      return value === undefined ? [] : [{ value, label: textOf(option["title"]) ?? humanize(String(value)) }];
    });
  }
  return [];
}

function toFormValue(field: ConfigurationField, value: Json | undefined): string | boolean {
  if (field.kind === "boolean") return value === true;
  if (value === undefined || value === null) return "";
  if (field.kind === "json") return JSON.stringify(value, null, 2);
  return String(value);
}

function parseValue(field: ConfigurationField, typed: string | boolean): { value: Json; error: string | null } {
  if (typeof typed === "boolean") return { value: typed, error: null };
  switch (field.kind) {
    case "number":
    case "integer":
      return parseNumber(field, typed);
    case "url":
      return { value: typed.trim(), error: isWebAddress(typed.trim()) ? null : "Enter an address such as https://host:port" };
    case "choice": {
      const choice = field.choices.find(({ value }) => String(value) === typed);
      return { value: choice?.value ?? typed, error: null };
    }
    case "json":
      try {
        return { value: JSON.parse(typed) as Json, error: null };
      } catch {
        return { value: null, error: "This is not valid JSON" };
      }
    default:
      return { value: typed, error: null };
  }
}

function parseNumber(field: ConfigurationField, typed: string): { value: Json; error: string | null } {
  const value = Number(typed.trim());
  const isWhole = field.kind === "integer";
  if (!Number.isFinite(value) || (isWhole && !Number.isInteger(value))) {
    return { value: null, error: isWhole ? "Enter a whole number" : "Enter a number" };
  }
  if (field.minimum !== null && value < field.minimum) return { value, error: `The least is ${field.minimum}` };
  if (field.maximum !== null && value > field.maximum) return { value, error: `The most is ${field.maximum}` };
  return { value, error: null };
}

function isWebAddress(text: string): boolean {
  try {
    return ["http:", "https:"].includes(new URL(text).protocol);
  } catch {
    return false;
  }
}

/** The form as a schema sees it: only what has a value. */
function toInstance(schema: JsonObject, values: FormValues): JsonObject {
  const instance: JsonObject = {};
  for (const field of readFields(schema)) {
    const typed = values[field.name];
    if (typed === undefined || typed === "") continue;
    instance[field.name] = parseValue(field, typed).value;
  }
  return instance;
}

interface Conditions {
  /** Named by any branch. */
  conditional: Set<string>;
  /** Named by a branch that holds now. */
  active: Set<string>;
  required: Set<string>;
}

function conditions(schema: JsonObject, instance: JsonObject): Conditions {
  const found: Conditions = { conditional: new Set(), active: new Set(), required: new Set() };
  for (const rule of rulesOf(schema)) {
    const holds = isObject(rule["if"]) && matches(rule["if"], instance);
    for (const [branch, isActive] of [
      [rule["then"], holds],
      [rule["else"], !holds],
    ] as const) {
      if (!isObject(branch)) continue;
      const names = [...Object.keys(propertiesOf(branch)), ...stringsOf(branch["required"])];
      for (const name of names) {
        found.conditional.add(name);
        if (isActive) found.active.add(name);
      }
      if (isActive) stringsOf(branch["required"]).forEach((name) => found.required.add(name));
    }
  }
  return found;
}

function rulesOf(schema: JsonObject): JsonObject[] {
  const nested = Array.isArray(schema["allOf"]) ? schema["allOf"].filter(isObject) : [];
  return [schema, ...nested].filter((rule) => "if" in rule);
}

/** The keywords that conditions on a flat form are written with. */
function matches(condition: JsonObject, instance: JsonObject): boolean {
  const hasRequired = stringsOf(condition["required"]).every((name) => name in instance);
  const hasProperties = Object.entries(propertiesOf(condition)).every(([name, expected]) => {
    const value = instance[name];
    return value === undefined || matchesValue(expected, value);
  });
  const isExcluded = isObject(condition["not"]) && matches(condition["not"], instance);
  const anyOf = Array.isArray(condition["anyOf"]) ? condition["anyOf"].filter(isObject) : [];
  return hasRequired && hasProperties && !isExcluded && (anyOf.length === 0 || anyOf.some((option) => matches(option, instance)));
}

function matchesValue(expected: JsonObject, value: Json): boolean {
  if ("const" in expected && expected["const"] !== value) return false;
  if (Array.isArray(expected["enum"]) && !expected["enum"].includes(value)) return false;
  return !(isObject(expected["not"]) && matchesValue(expected["not"], value));
}

function propertiesOf(schema: JsonObject): Record<string, JsonObject> {
  const properties = schema["properties"];
  if (!isObject(properties)) return {};
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, isObject(value) ? value : {}]));
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function stringsOf(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function textOf(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function numberOf(value: Json | undefined): number | null {
  return typeof value === "number" ? value : null;
}

/** `tracking_server_url` → `Tracking server URL`. */
function humanize(name: string): string {
  const words = name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .split(/[\s_-]+/)
    .map((word) => (ACRONYMS.has(word.toLowerCase()) ? word.toUpperCase() : word.toLowerCase()));
  const text = words.join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const ACRONYMS = new Set(["url", "api", "id", "ssl", "tls"]);
