// Which page of a long list is shown stands in the address, so that a link leads back to it.

/** From 1. An address that somebody wrote by hand may hold anything. */
export function readPage(text: string | null): number {
  return text !== null && /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : 1;
}

/** The address of another page of the same list. */
export function addressOfPage(parameters: URLSearchParams, page: number): string {
  const next = new URLSearchParams(parameters);
  if (page === 1) next.delete("page");
  else next.set("page", String(page));
  return `?${next.toString()}`;
}
