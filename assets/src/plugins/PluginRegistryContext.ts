import { createContext, useContext } from "react";
import type { Consent } from "../api/installations";
import type { PluginInstallation } from "../api/types";

/** What this organization has installed, and the actions that change it. */
export interface PluginRegistry {
  installedPlugins: PluginInstallation[];
  isLoading: boolean;
  error: string | null;
  refreshPlugins: () => void;
  isPluginInstalled: (pluginKey: string) => boolean;
  findInstallation: (pluginKey: string) => PluginInstallation | undefined;
  install: (pluginKey: string, consent: Consent) => Promise<PluginInstallation>;
  uninstall: (installationId: number) => Promise<void>;
  /** Lets a paused plugin run again. */
  resume: (installationId: number) => Promise<void>;
  isInstalling: (pluginKey: string) => boolean;
  isUninstalling: (installationId: number) => boolean;
  /** Keeps what was changed of an installation, as the server answered it. */
  replaceInstallation: (installation: PluginInstallation) => void;
}

export const PluginRegistryContext = createContext<PluginRegistry | null>(null);

export function usePluginRegistry(): PluginRegistry {
  const value = useContext(PluginRegistryContext);
  if (value === null) throw new Error("usePluginRegistry needs a PluginRegistryProvider above it");
  return value;
}
