import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import Link from "@mui/material/Link";
import Paper from "@mui/material/Paper";
import Typography from "@mui/material/Typography";
import { useState } from "react";
import { Link as RouterLink } from "react-router";
import type { PluginInstallation } from "../../api/types";
import { ActionButton } from "../../components/ActionButton";
import { focusPageHeading } from "../../components/focusPageHeading";
import { PausedAlert } from "../../components/PausedAlert";
import { PluginIcon } from "../../components/PluginIcon";
import { Time } from "../../components/Time";
import { UninstallDialog } from "../../components/UninstallDialog";
import { manifestOf, pluginPath, pluginTitle } from "../../plugins/pluginTitle";
import { usePluginRegistry } from "../../plugins/PluginRegistryContext";
import { reasonNotToManage } from "../../session/permissions";
import { useUser } from "../../session/SessionContext";
import { PluginByline } from "./PluginByline";

const STATUS_WORDS = {
  installing: "Installing",
  installed: "Installed",
  failed: "Failed",
  uninstalling: "Being removed",
  uninstalled: "Removed",
} as const;

export function InstalledCard({ installation }: { installation: PluginInstallation }) {
  const user = useUser();
  const { isUninstalling } = usePluginRegistry();
  const [isAsking, setAsking] = useState(false);
  const plugin = manifestOf(installation);
  const title = pluginTitle(plugin);
  const isPaused = Boolean(installation.paused);
  const isHealthy = installation.status === "installed" && !isPaused;

  return (
    <Paper
      component="li"
      variant="outlined"
      sx={{ p: 8, borderRadius: 2, display: "flex", flexDirection: "column", minWidth: 0 }}
    >
      <Box sx={{ display: "flex", gap: 6, alignItems: "center" }}>
        <PluginIcon plugin={plugin} />
        <Box sx={{ minWidth: 0, flex: 1 }}>
          <Typography variant="h2" noWrap>
            <Link component={RouterLink} to={pluginPath(plugin.key)} color="inherit">
              {title}
            </Link>
          </Typography>
          <PluginByline plugin={plugin} version={installation.version ?? plugin.version} />
        </Box>
        <Chip
          size="small"
          variant="outlined"
          color={isHealthy ? "success" : "warning"}
          label={isPaused ? "Paused" : STATUS_WORDS[installation.status]}
        />
      </Box>
      <Typography variant="caption" color="text.secondary" sx={{ mt: 5, flex: 1 }}>
        Installed <Time value={installation.installedAt} />
      </Typography>
      {installation.errorMessage && (
        <Typography variant="caption" color="error" sx={{ mt: 3, overflowWrap: "anywhere" }}>
          {installation.errorMessage}
        </Typography>
      )}
      {isPaused && (
        <Box sx={{ mt: 5 }}>
          <PausedAlert installation={installation} />
        </Box>
      )}
      <Box sx={{ display: "flex", justifyContent: "flex-end", gap: 3, mt: 6 }}>
        <ActionButton
          size="small"
          color="error"
          onClick={() => setAsking(true)}
          busyLabel={isUninstalling(installation.id) ? "Uninstalling…" : null}
          disabledReason={reasonNotToManage(user)}
          aria-label={`Uninstall ${title}`}
        >
          Uninstall
        </ActionButton>
        <Button
          size="small"
          variant="outlined"
          component={RouterLink}
          to={pluginPath(plugin.key)}
          aria-label={`Manage ${title}`}
        >
          Manage
        </Button>
      </Box>
      {isAsking && <UninstallDialog installation={installation} onClose={() => setAsking(false)} onUninstalled={focusPageHeading} />}
    </Paper>
  );
}
