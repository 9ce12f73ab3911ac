// The routes of the MLflow plugin that the host's own page uses.

import { request } from "./client";
import type { MlflowModels, MlflowSync } from "./types";

export const MLFLOW_KEY = "mlflow";

/** As many rows as a table shows before it asks for more. */
const PAGE_SIZE = 100;

export function getMlflowModels(offset: number, signal?: AbortSignal): Promise<MlflowModels> {
  return request<MlflowModels>(`/plugins/mlflow/models?limit=${PAGE_SIZE}&offset=${offset}`, { signal });
}

export function syncMlflow(): Promise<MlflowSync> {
  return request<MlflowSync>("/plugins/mlflow/sync", { method: "POST" });
}
