// The routes of the MLflow plugin that the host's own page uses.

import { request } from "./client";
import type { MlflowModel, MlflowSync } from "./types";

export const MLFLOW_KEY = "mlflow";

export async function getMlflowModels(signal?: AbortSignal): Promise<MlflowModel[]> {
  const { models } = await request<{ models: MlflowModel[] }>("/plugins/mlflow/models", { signal });
  return models;
}

export function syncMlflow(): Promise<MlflowSync> {
  return request<MlflowSync>("/plugins/mlflow/sync", { method: "POST" });
}
