// A plugin that takes settings but does not describe them gets one field for a JSON object.

import type { JsonObject } from "../../api/types";

const FIELD = "configuration";

export const FREE_FORM_SCHEMA: JsonObject = {
  properties: {
    [FIELD]: {
      type: "object",
      title: "Configuration (JSON)",
      description: "This plugin does not describe its settings. Its README names them.",
    },
  },
};

export function toFreeForm(configuration: JsonObject): JsonObject {
  return { [FIELD]: configuration };
}

export function fromFreeForm(form: JsonObject): JsonObject {
  const configuration = form[FIELD];
  const isObject = typeof configuration === "object" && configuration !== null && !Array.isArray(configuration);
  return isObject ? configuration : {};
}
