import { useSearchParams } from "react-router";
import { addressOfPage, readPage } from "../../paging/pageInAddress";

interface Filter {
  query?: string;
  category?: string;
}

export interface MarketplaceQuery {
  query: string;
  category: string;
  /** From 1. */
  page: number;
  isFiltered: boolean;
  /** Another filter starts with its first page. */
  filter: (change: Filter) => void;
  clear: () => void;
  /** The address of another page of the same filter. */
  addressOf: (page: number) => string;
}

/** What of the marketplace is shown. It lives in the address, so that a link leads back to it. */
export function useMarketplaceQuery(): MarketplaceQuery {
  const [parameters, setParameters] = useSearchParams();
  const query = parameters.get("q") ?? "";
  const category = parameters.get("category") ?? "";

  return {
    query,
    category,
    page: readPage(parameters.get("page")),
    isFiltered: query !== "" || category !== "",
    filter: (change) => {
      const next = new URLSearchParams();
      const wanted = { query, category, ...change };
      if (wanted.query !== "") next.set("q", wanted.query);
      if (wanted.category !== "") next.set("category", wanted.category);
      setParameters(next, { replace: true });
    },
    clear: () => setParameters({}, { replace: true }),
    addressOf: (page) => addressOfPage(parameters, page),
  };
}
