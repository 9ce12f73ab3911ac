import { useState } from "react";
import { ApiError } from "../api/client";
import { getPluginByKey } from "../api/marketplace";
import { toMessage } from "../api/toMessage";
import type { Plugin } from "../api/types";
import { useAnnounce } from "../components/AnnouncerProvider";
import { usePluginRegistry } from "./PluginRegistryContext";
import { pluginTitle } from "./pluginTitle";

/** What a person is asked before a plugin is installed. */
export interface InstallQuestion {
  plugin: Plugin;
  /** The list is another one than was agreed to a moment ago. */
  hasChanged: boolean;
}

interface UseInstall {
  plugin: Plugin;
  onInstalled: () => void;
  /** The plugin asks for something else than the page knows. */
  onOutdated: () => void;
}

export interface Install {
  question: InstallQuestion | null;
  error: string | null;
  isBusy: boolean;
  start: () => void;
  /** `refused` are the ids of optional permissions. */
  confirm: (refused: string[]) => void;
  cancel: () => void;
  forgetError: () => void;
}

/** Installs a plugin, after asking where it wants to do anything outside its own walls. */
export function useInstall({ plugin, onInstalled, onOutdated }: UseInstall): Install {
  const registry = usePluginRegistry();
  const announce = useAnnounce();
  const [question, setQuestion] = useState<InstallQuestion | null>(null);
  const [error, setError] = useState<string | null>(null);
  // Longer than the registry knows: a changed list is fetched before the question is asked again.
  const [isBusy, setBusy] = useState(false);

  async function install(shown: Plugin, refused: string[]) {
    const title = pluginTitle(shown);
    setError(null);
    setBusy(true);
    announce(`Installing ${title}`);
    try {
      await registry.install(shown.key, { refused, permissionsDigest: shown.permissionsDigest });
      announce(`${title} is installed`);
      setQuestion(null);
      onInstalled();
    } catch (failure) {
      const changed = await changedPermissions(shown, failure);
      if (changed) {
        setQuestion({ plugin: changed, hasChanged: true });
        onOutdated();
      } else {
        setError(toMessage(failure));
      }
    } finally {
      setBusy(false);
    }
  }

  return {
    question,
    error,
    isBusy,
    start: () => {
      setError(null);
      if ((plugin.permissions ?? []).length === 0) void install(plugin, []);
      else setQuestion({ plugin, hasChanged: false });
    },
    confirm: (refused) => {
      if (question) void install(question.plugin, refused);
    },
    cancel: () => {
      setQuestion(null);
      setError(null);
    },
    forgetError: () => setError(null),
  };
}

/** The plugin with what it asks for now, if that is why the server refused. A conflict may have other reasons. */
async function changedPermissions(shown: Plugin, failure: unknown): Promise<Plugin | null> {
  if (!(failure instanceof ApiError) || failure.status !== 409) return null;
  const now = await getPluginByKey(shown.key).catch(() => null);
  return now !== null && now.permissionsDigest !== shown.permissionsDigest ? now : null;
}
