import type { Plugin, User } from "../api/types";
import { reasonNotToManage } from "../session/permissions";

/** Null when this user may install this plugin here. */
export function reasonNotToInstall(plugin: Plugin, user: User): string | null {
  if (plugin.installable === false) {
    return plugin.notInstallableReason ?? "This plugin cannot be installed here.";
  }
  return reasonNotToManage(user);
}
