const state: unknown = window.history.state;

/**
 * The router's name for the page that this document was opened with. A browser starts that one
 * itself; on every later page the heading takes the focus. Read at start, before any navigation.
 */
export const FIRST_PAGE_KEY = isKeyed(state) ? state.key : "default";

function isKeyed(value: unknown): value is { key: string } {
  return typeof value === "object" && value !== null && "key" in value && typeof value.key === "string";
}
