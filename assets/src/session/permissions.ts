// Why a user may not do something, in words for the page. The server decides; this spares a refusal.

import type { User } from "../api/types";

const MAY_WRITE_THROUGH_PLUGINS: readonly string[] = ["Admin", "Reviewer", "Editor"];

/** Null when the user may install, remove, configure and test plugins. */
export function reasonNotToManage(user: User): string | null {
  if (user.roleName === "Admin") return null;
  return `Only Admins can do this; your role is ${user.roleName}. Ask an Admin of ${user.organizationName}.`;
}

/** Null when the user may start work in an installed plugin, such as a sync. */
export function reasonNotToRun(user: User): string | null {
  if (MAY_WRITE_THROUGH_PLUGINS.includes(user.roleName)) return null;
  return `Your role is ${user.roleName}, which can only read. Ask an Admin, Reviewer or Editor.`;
}
