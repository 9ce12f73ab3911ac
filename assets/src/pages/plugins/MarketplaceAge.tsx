import Box from "@mui/material/Box";
import type { Marketplace } from "../../api/types";
import { Time } from "../../components/Time";
import { RefreshButton } from "./RefreshButton";

interface MarketplaceAgeProps {
  marketplace: Marketplace;
  onRefreshed: () => void;
}

/** When a remote marketplace was read last. One that is always current has no such date. */
export function MarketplaceAge({ marketplace, onRefreshed }: MarketplaceAgeProps) {
  if (marketplace.state !== "connected" || marketplace.fetchedAt === null) return null;
  return (
    <Box sx={{ display: "flex", alignItems: "center", gap: 4, color: "text.secondary", fontSize: 12 }}>
      <span>
        Updated <Time value={marketplace.fetchedAt} />
      </span>
      <RefreshButton onRefreshed={onRefreshed} />
    </Box>
  );
}
