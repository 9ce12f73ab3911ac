import { ApiError, request, requestReply } from "./client";
import type { Marketplace, MarketplaceState, Page, Plugin, PluginCategoryInfo } from "./types";

/** Fills whole rows of two, three and four cards. */
const PAGE_SIZE = 24;

interface Filter {
  query?: string;
  category?: string;
  page?: number;
  signal?: AbortSignal;
}

/** One page of the published plugins, with what is known about the copy that they come from. */
export async function getMarketplace({ query = "", category = "", page = 1, signal }: Filter): Promise<Marketplace> {
  const parameters = new URLSearchParams({ page: String(page), pageSize: String(PAGE_SIZE) });
  if (query !== "") parameters.set("q", query);
  if (category !== "") parameters.set("category", category);
  const path = query === "" ? "/plugins/marketplace" : "/plugins/marketplace/search";
  const { data, headers } = await requestReply<Page<Plugin>>(`${path}?${parameters.toString()}`, { signal });
  return {
    ...data,
    state: readState(headers.get("X-Marketplace-State")),
    fetchedAt: headers.get("X-Marketplace-Fetched-At"),
  };
}

export function refreshMarketplace(): Promise<unknown> {
  return request("/plugins/marketplace/refresh", { method: "POST" });
}

export function getCategories(signal?: AbortSignal): Promise<PluginCategoryInfo[]> {
  return request<PluginCategoryInfo[]>("/plugins/categories", { signal });
}

/** Null when the marketplace does not list the plugin; it may still be installed. */
export function getPluginByKey(key: string, signal?: AbortSignal): Promise<Plugin | null> {
  return orNull(request<Plugin>(`/plugins/marketplace/${encodeURIComponent(key)}`, { signal }));
}

/** The README in markdown, or null when the package has none. */
export function getReadme(key: string, signal?: AbortSignal): Promise<string | null> {
  return orNull(request<string>(`/plugins/marketplace/${encodeURIComponent(key)}/readme`, { signal }));
}

async function orNull<T>(reply: Promise<T>): Promise<T | null> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

function readState(text: string | null): MarketplaceState {
  return text === "stale" || text === "unreachable" ? text : "connected";
}
