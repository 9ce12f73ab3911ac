import type { Marketplace } from "../../api/types";

/** "25–48 of 5,000 plugins", or just how many there are where one page holds them. */
export function countPlugins({ plugins, total, page, pageSize, pages }: Marketplace): string {
  const all = total === 1 ? "1 plugin" : `${total.toLocaleString("en")} plugins`;
  if (pages <= 1 || plugins.length === 0) return all;
  const first = (page - 1) * pageSize + 1;
  const last = first + plugins.length - 1;
  return `${first.toLocaleString("en")}–${last.toLocaleString("en")} of ${all}`;
}
