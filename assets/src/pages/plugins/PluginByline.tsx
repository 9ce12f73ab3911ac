import Typography from "@mui/material/Typography";
import type { Plugin } from "../../api/types";

/** Version and author in one quiet line. */
export function PluginByline({ plugin, version = plugin.version }: { plugin: Plugin; version?: string | undefined }) {
  const parts = [version && `Version ${version}`, plugin.author && `by ${plugin.author}`].filter(Boolean);
  return (
    <Typography variant="caption" color="text.secondary" component="p" noWrap>
      {parts.join(" ")}
    </Typography>
  );
}
