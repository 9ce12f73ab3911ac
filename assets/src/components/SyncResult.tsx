import Alert from "@mui/material/Alert";
import type { ReactNode } from "react";
import type { MlflowSync } from "../api/types";
import { countModels } from "../plugins/countModels";
import { Time } from "./Time";

/** What a sync brought, and what it left out. */
export function SyncResult({ result, action }: { result: MlflowSync; action?: ReactNode }) {
  return (
    <Alert severity={result.warning ? "warning" : "success"} action={action}>
      {countModels(result.modelCount)} synchronized, <Time value={result.syncedAt} />
      {result.warning && <div>{result.warning}</div>}
    </Alert>
  );
}
