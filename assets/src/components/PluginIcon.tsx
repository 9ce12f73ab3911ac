import Avatar from "@mui/material/Avatar";
import { useState } from "react";
import type { Plugin } from "../api/types";
import { pluginTitle } from "../plugins/pluginTitle";

/** A plugin's picture, or a tile with its first letter. Only the server's own address is loaded. */
export function PluginIcon({ plugin, size = 40 }: { plugin: Plugin; size?: number }) {
  const [hasFailed, setFailed] = useState(false);
  const address = plugin.iconUrl?.startsWith("/api/") && !hasFailed ? plugin.iconUrl : null;
  return (
    <Avatar
      variant="rounded"
      aria-hidden
      sx={{
        width: size,
        height: size,
        fontSize: size * 0.45,
        fontWeight: 600,
        bgcolor: address ? "common.white" : "action.selected",
        color: "text.secondary",
        border: 1,
        borderColor: "divider",
      }}
    >
      {address ? (
        <img
          src={address}
          alt=""
          width={size * 0.7}
          height={size * 0.7}
          onError={() => setFailed(true)}
          style={{ objectFit: "contain" }}
        />
      ) : (
        pluginTitle(plugin).charAt(0).toUpperCase()
      )}
    </Avatar>
  );
}
