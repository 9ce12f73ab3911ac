import type { Page } from "../api/types";

/** "25–48 of 5,000 plugins", or just how many there are where one page holds them. */
export function countShown({ items, total, page, pageSize, pages }: Page<unknown>, one: string): string {
  const all = total === 1 ? `1 ${one}` : `${total.toLocaleString("en")} ${one}s`;
  if (pages <= 1 || items.length === 0) return all;
  const first = (page - 1) * pageSize + 1;
  const last = first + items.length - 1;
  return `${first.toLocaleString("en")}–${last.toLocaleString("en")} of ${all}`;
}
