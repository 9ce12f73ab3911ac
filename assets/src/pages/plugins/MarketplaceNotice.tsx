import Alert from "@mui/material/Alert";
import { useState } from "react";
import { refreshMarketplace } from "../../api/marketplace";
import { toMessage } from "../../api/toMessage";
import type { Marketplace } from "../../api/types";
import { ActionButton } from "../../components/ActionButton";
import { Time } from "../../components/Time";
import { reasonNotToManage } from "../../session/permissions";
import { useUser } from "../../session/SessionContext";

interface MarketplaceNoticeProps {
  marketplace: Marketplace;
  onRefreshed: () => void;
}

/** Says when the shown plugins are not the newest ones, and lets an Admin fetch them again. */
export function MarketplaceNotice({ marketplace, onRefreshed }: MarketplaceNoticeProps) {
  const user = useUser();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  if (marketplace.state === "connected") return null;

  async function refresh() {
    setBusy(true);
    setError(null);
    try {
      await refreshMarketplace();
      onRefreshed();
    } catch (failure) {
      setError(toMessage(failure));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Alert
      severity="warning"
      sx={{ mb: 8 }}
      action={
        <ActionButton
          size="small"
          color="inherit"
          onClick={() => void refresh()}
          busyLabel={isBusy ? "Refreshing…" : null}
          disabledReason={reasonNotToManage(user)}
        >
          Refresh
        </ActionButton>
      }
    >
      The marketplace does not answer.{" "}
      {marketplace.fetchedAt && (
        <>
          You see the copy of <Time value={marketplace.fetchedAt} />.{" "}
        </>
      )}
      Installed plugins are not affected.
      {error && <div>{error}</div>}
    </Alert>
  );
}
