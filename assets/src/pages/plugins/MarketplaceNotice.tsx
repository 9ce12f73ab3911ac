import Alert from "@mui/material/Alert";
import type { Marketplace } from "../../api/types";
import { Time } from "../../components/Time";
import { RefreshButton } from "./RefreshButton";

interface MarketplaceNoticeProps {
  marketplace: Marketplace;
  onRefreshed: () => void;
}

/** Says when the shown plugins are not the newest ones, and lets an Admin fetch them again. */
export function MarketplaceNotice({ marketplace, onRefreshed }: MarketplaceNoticeProps) {
  if (marketplace.state === "connected") return null;
  return (
    <Alert severity="warning" sx={{ mb: 8 }} action={<RefreshButton onRefreshed={onRefreshed} />}>
      The marketplace does not answer.{" "}
      {marketplace.fetchedAt && (
        <>
          You see the copy of <Time value={marketplace.fetchedAt} />.{" "}
        </>
      )}
      Installed plugins are not affected.
    </Alert>
  );
}
