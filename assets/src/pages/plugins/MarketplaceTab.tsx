import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import SearchOff from "@mui/icons-material/SearchOff";
import StorefrontOutlined from "@mui/icons-material/StorefrontOutlined";
import { useEffect, useState } from "react";
import { useSearchParams } from "react-router";
import { getCategories, getMarketplace } from "../../api/marketplace";
import { useResource } from "../../api/useResource";
import { useAnnounce } from "../../components/AnnouncerProvider";
import { EmptyState } from "../../components/EmptyState";
import { ErrorState } from "../../components/ErrorState";
import { CategoryFilter } from "./CategoryFilter";
import { MarketplaceAge } from "./MarketplaceAge";
import { MarketplaceNotice } from "./MarketplaceNotice";
import { PluginCard } from "./PluginCard";
import { PluginCardSkeletons } from "./PluginCardSkeletons";
import { PluginGrid } from "./PluginGrid";
import { SearchField } from "./SearchField";

/** Typing rests this long before the server is asked. */
const SEARCH_PAUSE_MS = 200;

export function MarketplaceTab() {
  const [parameters, setParameters] = useSearchParams();
  const category = parameters.get("category") ?? "";
  const query = parameters.get("q") ?? "";
  const [text, setText] = useState(query);
  const announce = useAnnounce();

  const categories = useResource("", getCategories);
  const marketplace = useResource(`${category}\n${query}`, (signal) => getMarketplace({ query, category, signal }));

  useEffect(() => {
    const timer = setTimeout(() => {
      if (text.trim() !== query) filter({ q: text.trim() });
    }, SEARCH_PAUSE_MS);
    return () => clearTimeout(timer);
  });

  const count = marketplace.data?.plugins.length;
  const isFiltered = query !== "" || category !== "";
  useEffect(() => {
    if (isFiltered && count !== undefined) announce(count === 1 ? "1 plugin" : `${count} plugins`);
  }, [announce, isFiltered, count, query, category]);

  function filter(change: Record<string, string>) {
    const next = new URLSearchParams(parameters);
    for (const [name, value] of Object.entries(change)) {
      if (value === "") next.delete(name);
      else next.set(name, value);
    }
    setParameters(next, { replace: true });
  }

  function clear() {
    setText("");
    setParameters({}, { replace: true });
  }

  return (
    <>
      {marketplace.data && <MarketplaceNotice marketplace={marketplace.data} onRefreshed={marketplace.reload} />}
      <Box sx={{ display: "grid", gap: 6, mb: 8 }}>
        <Box sx={{ display: "flex", flexWrap: "wrap", justifyContent: "space-between", gap: 4 }}>
          <SearchField value={text} onChange={setText} />
          {marketplace.data && <MarketplaceAge marketplace={marketplace.data} onRefreshed={marketplace.reload} />}
        </Box>
        <CategoryFilter
          categories={categories.data ?? []}
          selected={category}
          onSelect={(id) => filter({ category: id })}
        />
      </Box>
      {renderPlugins()}
    </>
  );

  function renderPlugins() {
    if (marketplace.error) {
      return (
        <ErrorState
          title="The marketplace cannot be shown"
          message={`${marketplace.error} What is already installed keeps working.`}
          onRetry={marketplace.reload}
        />
      );
    }
    if (marketplace.data === null) return <PluginCardSkeletons />;
    if (marketplace.data.plugins.length > 0) {
      return (
        <PluginGrid label="Marketplace" isStale={marketplace.isLoading}>
          {marketplace.data.plugins.map((plugin) => (
            <PluginCard key={plugin.key} plugin={plugin} />
          ))}
        </PluginGrid>
      );
    }
    if (isFiltered) {
      return (
        <EmptyState
          icon={<SearchOff />}
          title="No plugin matches"
          action={
            <Button variant="outlined" onClick={clear}>
              Show all plugins
            </Button>
          }
        >
          Search looks at names, descriptions and tags. Try a shorter word or another category.
        </EmptyState>
      );
    }
    return (
      <EmptyState icon={<StorefrontOutlined />} title="The marketplace is empty">
        Its source lists no published plugin. The setting “marketplace” of the server names the source.
      </EmptyState>
    );
  }
}
