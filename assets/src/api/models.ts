import { request } from "./client";
import type { InventoryModel } from "./types";

export function getModels(signal?: AbortSignal): Promise<InventoryModel[]> {
  return request<InventoryModel[]>("/modelInventory", { signal });
}
