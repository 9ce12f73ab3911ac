import { useCallback, useEffect, useMemo, useState, type ReactNode } from "react";
import { getInstalledPlugins, installPlugin, resumePlugin, uninstallPlugin, type Consent } from "../api/installations";
import { toMessage } from "../api/toMessage";
import type { PluginInstallation } from "../api/types";
import { PluginRegistryContext, type PluginRegistry } from "./PluginRegistryContext";

/** Holds the installations for all pages, so that each shows a change the moment it happens. */
export function PluginRegistryProvider({ children }: { children: ReactNode }) {
  const [installedPlugins, setInstalledPlugins] = useState<PluginInstallation[]>([]);
  const [isLoading, setLoading] = useState(true);
  const [error, setError] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  const [busyKeys, setBusyKeys] = useState<ReadonlySet<string>>(new Set());
  const [busyIds, setBusyIds] = useState<ReadonlySet<number>>(new Set());

  useEffect(() => {
    const controller = new AbortController();
    getInstalledPlugins(controller.signal)
      .then((installations) => {
        setInstalledPlugins(installations);
        setError(null);
        setLoading(false);
      })
      .catch((failure: unknown) => {
        if (controller.signal.aborted) return;
        setError(toMessage(failure));
        setLoading(false);
      });
    return () => controller.abort();
  }, [attempt]);

  const refreshPlugins = useCallback(() => setAttempt((count) => count + 1), []);

  const replaceInstallation = useCallback((changed: PluginInstallation) => {
    setInstalledPlugins((previous) =>
      previous.map((known) => (known.id === changed.id ? { ...known, ...changed } : known)),
    );
  }, []);

  const install = useCallback(
    async (pluginKey: string, consent: Consent) => {
      setBusyKeys((keys) => new Set(keys).add(pluginKey));
      try {
        const installation = await installPlugin(pluginKey, consent);
        setInstalledPlugins((previous) => [installation, ...previous]);
        // The list carries the manifest, which the answer to an install leaves out.
        refreshPlugins();
        return installation;
      } catch (failure) {
        // Another person may have been faster: show what is true now.
        refreshPlugins();
        throw failure;
      } finally {
        setBusyKeys((keys) => without(keys, pluginKey));
      }
    },
    [refreshPlugins],
  );

  const uninstall = useCallback(
    async (installationId: number) => {
      setBusyIds((ids) => new Set(ids).add(installationId));
      try {
        await uninstallPlugin(installationId);
        setInstalledPlugins((previous) => previous.filter(({ id }) => id !== installationId));
      } catch (failure) {
        refreshPlugins();
        throw failure;
      } finally {
        setBusyIds((ids) => without(ids, installationId));
      }
    },
    [refreshPlugins],
  );

  const resume = useCallback(
    async (installationId: number) => replaceInstallation(await resumePlugin(installationId)),
    [replaceInstallation],
  );

  const value = useMemo<PluginRegistry>(() => {
    const findInstallation = (pluginKey: string) =>
      installedPlugins.find((known) => known.pluginKey === pluginKey && known.status === "installed");
    return {
      installedPlugins,
      isLoading,
      error,
      refreshPlugins,
      isPluginInstalled: (pluginKey) => findInstallation(pluginKey) !== undefined,
      findInstallation,
      install,
      uninstall,
      resume,
      isInstalling: (pluginKey) => busyKeys.has(pluginKey),
      isUninstalling: (installationId) => busyIds.has(installationId),
      replaceInstallation,
    };
  }, [installedPlugins, isLoading, error, refreshPlugins, install, uninstall, resume, busyKeys, busyIds, replaceInstallation]);

  return <PluginRegistryContext value={value}>{children}</PluginRegistryContext>;
}

function without<T>(set: ReadonlySet<T>, item: T): ReadonlySet<T> {
  const rest = new Set(set);
  rest.delete(item);
  return rest;
}
