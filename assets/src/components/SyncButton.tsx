import Sync from "@mui/icons-material/Sync";
import type { MlflowSyncState } from "../plugins/useMlflowSync";
import { reasonNotToRun } from "../session/permissions";
import { useUser } from "../session/SessionContext";
import { ActionButton } from "./ActionButton";

export function SyncButton({ sync }: { sync: MlflowSyncState }) {
  const user = useUser();
  return (
    <ActionButton
      variant="outlined"
      startIcon={<Sync />}
      onClick={sync.start}
      busyLabel={sync.isSyncing ? "Synchronizing…" : null}
      disabledReason={reasonNotToRun(user)}
    >
      Sync now
    </ActionButton>
  );
}
