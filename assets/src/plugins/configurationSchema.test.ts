import { describe, expect, it } from "vitest";
import type { JsonObject } from "../api/types";
import { initialValues, parseForm, readFields, requiredNames, SECRET_MASK, visibleFields } from "./configurationSchema";

const SCHEMA: JsonObject = {
  type: "object",
  properties: {
    server_url: { type: "string", format: "uri", description: "Where the server is" },
    auth_method: { type: "string", enum: ["none", "basic", "token"], default: "none" },
    username: { type: "string" },
    password: { type: "string", format: "password" },
    api_token: { type: "string", format: "password", title: "Token" },
    verify: { type: "boolean", default: true },
    timeout: { type: "integer", minimum: 1, maximum: 120, default: 30 },
  },
  required: ["server_url", "auth_method"],
  allOf: [
    { if: { properties: { auth_method: { const: "basic" } } }, then: { required: ["username", "password"] } },
    { if: { properties: { auth_method: { const: "token" } } }, then: { required: ["api_token"] } },
  ],
};

const names = (values: JsonObject) =>
  visibleFields(SCHEMA, initialValues(SCHEMA, values)).map(({ name }) => name);

describe("fields of a configuration schema", () => {
  it("are drawn by type and format, in the schema's order", () => {
    expect(readFields(SCHEMA).map(({ name, kind, label }) => [name, kind, label])).toEqual([
      ["server_url", "url", "Server URL"],
      ["auth_method", "choice", "Auth method"],
      ["username", "text", "Username"],
      ["password", "secret", "Password"],
      ["api_token", "secret", "Token"],
      ["verify", "boolean", "Verify"],
      ["timeout", "integer", "Timeout"],
    ]);
  });

  it("start with what is stored, else with the default", () => {
    const values = initialValues(SCHEMA, { server_url: "https://a.example", password: SECRET_MASK });
    expect(values).toMatchObject({
      server_url: "https://a.example",
      auth_method: "none",
      password: SECRET_MASK,
      verify: true,
      timeout: "30",
      username: "",
    });
  });

  it("appear only while the branch that names them holds", () => {
    expect(names({})).toEqual(["server_url", "auth_method", "verify", "timeout"]);
    expect(names({ auth_method: "basic" })).toContain("password");
    expect(names({ auth_method: "token" })).toEqual(["server_url", "auth_method", "api_token", "verify", "timeout"]);
  });

  it("are required by the schema or by the branch that holds", () => {
    expect([...requiredNames(SCHEMA, { auth_method: "basic" })]).toEqual([
      "server_url",
      "auth_method",
      "username",
      "password",
    ]);
  });

  it("follow an else branch and a negated condition", () => {
    const schema: JsonObject = {
      properties: { mode: { enum: ["off", "on"] }, reason: { type: "string" }, level: { type: "number" } },
      if: { properties: { mode: { not: { const: "on" } } } },
      then: { required: ["reason"] },
      else: { properties: { level: {} } },
    };
    expect(visibleFields(schema, { mode: "on" }).map(({ name }) => name)).toEqual(["mode", "level"]);
    expect(visibleFields(schema, { mode: "off" }).map(({ name }) => name)).toEqual(["mode", "reason"]);
  });

  it("take their choices from titled constants too", () => {
    const [field] = readFields({ properties: { zone: { oneOf: [{ const: "eu", title: "Europe" }] } } });
    expect(field?.choices).toEqual([{ value: "eu", label: "Europe" }]);
  });
});

describe("what is sent", () => {
  it("has the schema's types and leaves out what is hidden or empty", () => {
    const values = { ...initialValues(SCHEMA, {}), server_url: " https://a.example ", username: "left over" };
    expect(parseForm(SCHEMA, values, {})).toEqual({
      configuration: { server_url: "https://a.example", auth_method: "none", verify: true, timeout: 30 },
      errors: {},
    });
  });

  it("keeps a stored secret by its mask and settings that the schema does not know", () => {
    const previous = { server_url: "https://a.example", auth_method: "token", api_token: SECRET_MASK, legacy: [1] };
    const { configuration, errors } = parseForm(SCHEMA, initialValues(SCHEMA, previous), previous);
    expect(errors).toEqual({});
    expect(configuration).toMatchObject({ api_token: SECRET_MASK, legacy: [1] });
  });

  it("is refused with a message beside each wrong field", () => {
    const values = { ...initialValues(SCHEMA, { auth_method: "basic" }), server_url: "ftp://x", timeout: "1.5" };
    expect(parseForm(SCHEMA, values, {}).errors).toEqual({
      server_url: "Enter an address such as https://host:port",
      timeout: "Enter a whole number",
      username: "Username is required",
      password: "Password is required",
    });
    expect(parseForm(SCHEMA, { ...values, timeout: "500" }, {}).errors["timeout"]).toBe("The most is 120");
  });
});
