import { request } from "./client";
import type { ConnectionTest, JsonObject, PluginInstallation } from "./types";

export function getInstalledPlugins(signal?: AbortSignal): Promise<PluginInstallation[]> {
  return request<PluginInstallation[]>("/plugins/installations", { signal });
}

export function installPlugin(pluginKey: string): Promise<PluginInstallation> {
  return request<PluginInstallation>("/plugins/install", { method: "POST", body: { pluginKey } });
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

export function testPluginConnection(pluginKey: string, configuration: JsonObject): Promise<ConnectionTest> {
  return request<ConnectionTest>(`/plugins/${encodeURIComponent(pluginKey)}/test-connection`, {
    method: "POST",
    body: { configuration },
  });
}
