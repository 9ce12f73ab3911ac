import { request } from "./client";
import type { Page, Run } from "./types";

const PAGE_SIZE = 25;

interface Filter {
  /** Only those that were slow, refused or went wrong. */
  isNotable: boolean;
  page: number;
  signal?: AbortSignal;
}

/** One page of what a plugin did, newest first. */
export function getRuns(installationId: number, { isNotable, page, signal }: Filter): Promise<Page<Run>> {
  const parameters = new URLSearchParams({ page: String(page), pageSize: String(PAGE_SIZE) });
  if (isNotable) parameters.set("only", "notable");
  return request<Page<Run>>(`/plugins/installations/${installationId}/runs?${parameters.toString()}`, { signal });
}
