import { useState } from "react";
import { syncMlflow } from "../api/mlflow";
import { toMessage } from "../api/toMessage";
import type { MlflowSync } from "../api/types";
import { useAnnounce } from "../components/AnnouncerProvider";

export interface MlflowSyncState {
  isSyncing: boolean;
  result: MlflowSync | null;
  error: string | null;
  start: () => void;
}

export function useMlflowSync(onSynced?: () => void): MlflowSyncState {
  const announce = useAnnounce();
  const [isSyncing, setSyncing] = useState(false);
  const [result, setResult] = useState<MlflowSync | null>(null);
  const [error, setError] = useState<string | null>(null);

  async function run() {
    setSyncing(true);
    setError(null);
    setResult(null);
    announce("Synchronizing models");
    try {
      const synced = await syncMlflow();
      setResult(synced);
      onSynced?.();
    } catch (failure) {
      setError(toMessage(failure));
    } finally {
      setSyncing(false);
    }
  }

  return { isSyncing, result, error, start: () => void run() };
}
