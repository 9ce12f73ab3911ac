import { request } from "./client";
import type { ConnectionTest, JsonObject, PluginInstallation } from "./types";

export function getInstalledPlugins(signal?: AbortSignal): Promise<PluginInstallation[]> {
  return request<PluginInstallation[]>("/plugins/installations", { signal });
}

/** What a person agreed to. */
export interface Consent {
  /** Ids of the optional permissions that were refused. */
  refused: string[];
  /** Of the list that was shown: the server refuses to install by another one. */
  permissionsDigest: string | null | undefined;
}

/** Rejects with status 409 when the plugin asks for something else by now, or is installed already. */
export function installPlugin(pluginKey: string, consent: Consent): Promise<PluginInstallation> {
  return request<PluginInstallation>("/plugins/install", { method: "POST", body: { pluginKey, ...consent } });
}

export function uninstallPlugin(installationId: number): Promise<unknown> {
  return request(`/plugins/installations/${installationId}`, { method: "DELETE" });
}

export function updatePluginConfiguration(
  installationId: number,
  configuration: JsonObject,
): Promise<PluginInstallation> {
  return request<PluginInstallation>(`/plugins/installations/${installationId}/configuration`, {
    method: "PUT",
    body: { configuration },
  });
}

/** `granted` are the ids of all permissions that the plugin is to have from now on. */
export function updatePluginPermissions(installationId: number, granted: string[]): Promise<PluginInstallation> {
  return request<PluginInstallation>(`/plugins/installations/${installationId}/permissions`, {
    method: "PUT",
    body: { granted },
  });
}

export function resumePlugin(installationId: number): Promise<PluginInstallation> {
  return request<PluginInstallation>(`/plugins/installations/${installationId}/resume`, { method: "POST" });
}

export function testPluginConnection(pluginKey: string, configuration: JsonObject): Promise<ConnectionTest> {
  return request<ConnectionTest>(`/plugins/${encodeURIComponent(pluginKey)}/test-connection`, {
    method: "POST",
    body: { configuration },
  });
}
