import type { ApiError } from "./client";

/**
 * The messages of a refusal by field. A server may name a field by its path
 * (`configuration.timeout`, `/timeout`); a form knows the last part.
 */
export function fieldMessages(error: ApiError): Record<string, string> {
  const messages: Record<string, string> = {};
  for (const { field, message } of error.fieldErrors) {
    const name = field.split(/[./]/).at(-1) ?? field;
    messages[name] ??= message;
  }
  return messages;
}
