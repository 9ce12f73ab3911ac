import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Typography from "@mui/material/Typography";
import SearchOff from "@mui/icons-material/SearchOff";
import StorefrontOutlined from "@mui/icons-material/StorefrontOutlined";
import { useEffect } from "react";
import { Link } from "react-router";
import { getCategories, getMarketplace } from "../../api/marketplace";
import { useResource } from "../../api/useResource";
import { useAnnounce } from "../../components/AnnouncerProvider";
import { EmptyState } from "../../components/EmptyState";
import { ErrorState } from "../../components/ErrorState";
import { countShown } from "../../paging/countShown";
import { PageLinks } from "../../paging/PageLinks";
import { usePageTurn } from "../../paging/usePageTurn";
import { CategoryFilter } from "./CategoryFilter";
import { MarketplaceAge } from "./MarketplaceAge";
import { MarketplaceNotice } from "./MarketplaceNotice";
import { PluginCard } from "./PluginCard";
import { PluginCardSkeletons } from "./PluginCardSkeletons";
import { PluginGrid } from "./PluginGrid";
import { SearchField } from "./SearchField";
import { useMarketplaceQuery } from "./useMarketplaceQuery";
import { useSearchText } from "./useSearchText";

export function MarketplaceTab() {
  const { query, category, page, isFiltered, filter, clear, addressOf } = useMarketplaceQuery();
  const { text, setText, searchNow } = useSearchText(query, (next) => filter({ query: next }));
  const announce = useAnnounce();

  const categories = useResource("", getCategories);
  const marketplace = useResource(`${category}\n${query}\n${page}`, (signal) =>
    getMarketplace({ query, category, page, signal }),
  );

  const turn = usePageTurn(marketplace.data);
  const total = marketplace.data?.total;
  useEffect(() => {
    if (isFiltered && total !== undefined) announce(total === 1 ? "1 plugin" : `${total} plugins`);
  }, [announce, isFiltered, total, query, category]);

  return (
    <>
      {marketplace.data && <MarketplaceNotice marketplace={marketplace.data} onRefreshed={marketplace.reload} />}
      <Box sx={{ display: "grid", gap: 6, mb: 6 }}>
        <Box sx={{ display: "flex", flexWrap: "wrap", justifyContent: "space-between", gap: 4 }}>
          <SearchField value={text} onChange={setText} onLeave={searchNow} />
          {marketplace.data && <MarketplaceAge marketplace={marketplace.data} onRefreshed={marketplace.reload} />}
        </Box>
        <CategoryFilter
          categories={categories.data ?? []}
          selected={category}
          onSelect={(id) => filter({ query: text.trim(), category: id })}
        />
      </Box>
      {marketplace.data && marketplace.data.total > 0 && (
        <Typography ref={turn.line} tabIndex={-1} color="text.secondary" sx={{ mb: 4, outline: "none" }}>
          {countShown(marketplace.data, "plugin")}
        </Typography>
      )}
      {renderPlugins()}
      {marketplace.data && (
        <PageLinks
          label="Pages of the marketplace"
          page={page}
          pages={marketplace.data.pages}
          addressOf={addressOf}
          onTurn={turn.onTurn}
        />
      )}
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
    if (marketplace.data.items.length > 0) {
      return (
        <PluginGrid label="Marketplace" isStale={marketplace.isLoading}>
          {marketplace.data.items.map((plugin) => (
            <PluginCard key={plugin.key} plugin={plugin} onOutdated={marketplace.reload} />
          ))}
        </PluginGrid>
      );
    }
    if (marketplace.data.total > 0) {
      return (
        <EmptyState
          icon={<SearchOff />}
          title={`There is no page ${page}`}
          action={
            <Button variant="outlined" component={Link} to={addressOf(1)}>
              Show the first page
            </Button>
          }
        >
          The marketplace has become shorter since this address was kept.
        </EmptyState>
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
