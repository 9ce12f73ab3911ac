import type { Plugin, PluginInstallation } from "../api/types";

export function pluginTitle(plugin: Plugin): string {
  return plugin.displayName || plugin.name || plugin.key;
}

/** The manifest of an installation; its key stands in while the manifest is on its way. */
export function manifestOf(installation: PluginInstallation): Plugin {
  return (
    installation.plugin ?? { key: installation.pluginKey, name: installation.pluginKey, description: "" }
  );
}

/** Where a person manages a plugin. */
export function pluginPath(pluginKey: string): string {
  return `/plugins/${encodeURIComponent(pluginKey)}/manage`;
}
