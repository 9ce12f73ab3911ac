import RefreshOutlined from "@mui/icons-material/RefreshOutlined";
import { useState } from "react";
import { refreshMarketplace } from "../../api/marketplace";
import { toMessage } from "../../api/toMessage";
import { ActionButton } from "../../components/ActionButton";
import { useAnnounce } from "../../components/AnnouncerProvider";
import { reasonNotToManage } from "../../session/permissions";
import { useUser } from "../../session/SessionContext";

/** Has the server fetch the marketplace again. */
export function RefreshButton({ onRefreshed }: { onRefreshed: () => void }) {
  const user = useUser();
  const announce = useAnnounce();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function refresh() {
    setBusy(true);
    setError(null);
    try {
      await refreshMarketplace();
      announce("The marketplace is up to date");
      onRefreshed();
    } catch (failure) {
      setError(toMessage(failure));
      announce(toMessage(failure));
    } finally {
      setBusy(false);
    }
  }

  return (
    <ActionButton
      size="small"
      color={error ? "error" : "inherit"}
      title={error ?? undefined}
      startIcon={<RefreshOutlined />}
      onClick={() => void refresh()}
      busyLabel={isBusy ? "Refreshing…" : null}
      disabledReason={reasonNotToManage(user)}
    >
      {error ? "Refresh failed, try again" : "Refresh"}
    </ActionButton>
  );
}
