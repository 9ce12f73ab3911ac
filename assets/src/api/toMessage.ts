/** What a person reads when a call failed. */
export function toMessage(error: unknown): string {
  return error instanceof Error ? error.message : "Something went wrong. Try again.";
}
