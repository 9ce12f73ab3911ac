// What the server sends and takes, in its own words. No behaviour lives here.

export type Role = "Admin" | "Reviewer" | "Editor" | "Auditor";

export interface User {
  id: number;
  email: string;
  name: string;
  roleName: Role;
  organizationId: number;
  organizationName: string;
  tenantId: string;
}

export interface FieldError {
  field: string;
  message: string;
}

export interface PluginFeature {
  name: string;
  description: string;
  displayOrder: number;
}

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export type Rating = "high" | "medium" | "low";

/** One line of what a plugin asks for, in the host's words and the author's. */
export interface Permission {
  id: string;
  capability: string;
  parameters: JsonObject;
  /** Why the author asks for it. */
  reason: string;
  optional: boolean;
  /** What the plugin will be able to do. */
  sentence: string;
  rating: Rating;
}

export interface PermissionState extends Permission {
  granted: boolean;
}

/** A manifest entry. The server passes through what a publisher wrote, so most of it is optional. */
export interface Plugin {
  key: string;
  name: string;
  displayName?: string;
  description: string;
  longDescription?: string;
  version?: string;
  author?: string;
  category?: string;
  iconUrl?: string;
  documentationUrl?: string;
  supportUrl?: string;
  isOfficial?: boolean;
  requiresConfiguration?: boolean;
  features?: PluginFeature[];
  tags?: string[];
  /** Worst first. What an installation was granted stands in the installation itself. */
  permissions?: Permission[];
  permissionsRating?: Rating | "none";
  /** Null where its permissions cannot be read; then it cannot be installed. */
  permissionsDigest?: string | null;
  configurationSchema?: JsonObject;
  installable?: boolean;
  notInstallableReason?: string | null;
}

export interface PluginInstallation {
  id: number;
  pluginKey: string;
  status: "installing" | "installed" | "failed" | "uninstalling" | "uninstalled";
  installedAt?: string | null;
  errorMessage?: string | null;
  configuration?: JsonObject | null;
  version?: string | null;
  plugin?: Plugin;
  /** Worst first. */
  permissions?: PermissionState[];
  /** Set while the host runs nothing of the plugin. */
  paused?: Pause | null;
}

export interface Pause {
  at: string;
  reason: string;
}

/** One page of a long list. */
export interface Page<Item> {
  items: Item[];
  /** From 1. */
  page: number;
  pageSize: number;
  /** Of all pages. */
  total: number;
  pages: number;
}

export type RunOutcome = "ok" | "raised" | "limit" | "denied" | "host";

/** What the host noted about one run of a plugin's code. */
export interface Run {
  id: number;
  at: string;
  kind: "route" | "hook";
  name: string;
  userId: number | null;
  engine: string;
  outcome: RunOutcome;
  /** Of the reply to the caller; null where there was none. */
  status: number | null;
  /** Set where something was slow, refused or went wrong. */
  explanation: string | null;
  notable: boolean;
  wallMs: number;
  cpuMs: number;
  memoryPeakBytes: number;
  sql: { count: number; slowestMs: number | null; slowest: string | null };
  hostCalls: { count: number; byFunction: Record<string, number> };
  denials: { function: string; what: string }[];
}

export interface PluginCategoryInfo {
  id: string;
  name: string;
  description: string;
}

export type MarketplaceState = "connected" | "stale" | "unreachable";

/** One page of the marketplace. */
export interface Marketplace extends Page<Plugin> {
  state: MarketplaceState;
  /** ISO date of the copy that is shown. */
  fetchedAt: string | null;
}

export interface ConnectionTest {
  success: boolean;
  message: string;
  testedAt: string;
}

export interface InventoryModel {
  id: number;
  provider: string | null;
  model: string | null;
  version: string | null;
  approver: string | number | null;
  status: string | null;
  capabilities: string | string[] | null;
  hostingProvider: string | null;
}

/** A row of the MLflow plugin; older rows name some columns differently, so both are read. */
export interface MlflowModel {
  id?: number | string;
  name?: string | null;
  model_name?: string | null;
  version?: string | null;
  stage?: string | null;
  lifecycle_stage?: string | null;
  run_id?: string | null;
  source?: string | null;
  model_created_at?: string | number | null;
  creation_timestamp?: string | number | null;
}

export interface MlflowModels {
  models: MlflowModel[];
  total?: number;
  /** Where the next page starts; absent on the last one. */
  nextOffset?: number | null;
}

export interface MlflowSync {
  success: boolean;
  modelCount: number;
  syncedAt: string;
  /** What the sync left out, and why. */
  warning?: string | null;
}
