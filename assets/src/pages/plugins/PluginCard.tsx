import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import Link from "@mui/material/Link";
import Paper from "@mui/material/Paper";
import Typography from "@mui/material/Typography";
import BlockOutlined from "@mui/icons-material/BlockOutlined";
import CheckCircleOutline from "@mui/icons-material/CheckCircleOutline";
import VerifiedOutlined from "@mui/icons-material/VerifiedOutlined";
import { useState } from "react";
import { Link as RouterLink } from "react-router";
import type { Plugin } from "../../api/types";
import { ActionButton } from "../../components/ActionButton";
import { InstallDialog } from "../../components/InstallDialog";
import { PluginIcon } from "../../components/PluginIcon";
import { RatingMark } from "../../components/RatingMark";
import { reasonNotToInstall } from "../../plugins/reasonNotToInstall";
import { pluginPath, pluginTitle } from "../../plugins/pluginTitle";
import { usePluginRegistry } from "../../plugins/PluginRegistryContext";
import { useInstall } from "../../plugins/useInstall";
import { useUser } from "../../session/SessionContext";
import { PluginByline } from "./PluginByline";

interface PluginCardProps {
  plugin: Plugin;
  /** The plugin is another one than the list shows. */
  onOutdated: () => void;
}

export function PluginCard({ plugin, onOutdated }: PluginCardProps) {
  const user = useUser();
  const registry = usePluginRegistry();
  // The button that had the focus is replaced by another one.
  const [wasInstalledHere, setInstalledHere] = useState(false);
  const title = pluginTitle(plugin);
  const install = useInstall({ plugin, onOutdated, onInstalled: () => setInstalledHere(true) });
  const isInstalled = registry.isPluginInstalled(plugin.key);

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
          <PluginByline plugin={plugin} />
        </Box>
      </Box>
      <Typography
        color="text.secondary"
        sx={{
          mt: 5,
          mb: 6,
          flex: 1,
          display: "-webkit-box",
          WebkitLineClamp: 3,
          WebkitBoxOrient: "vertical",
          overflow: "hidden",
        }}
      >
        {plugin.description}
      </Typography>
      {plugin.permissionsRating && plugin.installable !== false && (
        <Box sx={{ mb: 4 }}>
          <RatingMark rating={plugin.permissionsRating} />
        </Box>
      )}
      {install.error && !install.question && (
        <Alert severity="error" sx={{ mb: 5 }} onClose={install.forgetError}>
          {install.error}
        </Alert>
      )}
      <Box sx={{ display: "flex", alignItems: "center", gap: 3, minHeight: 30 }}>
        {isInstalled && (
          <Chip size="small" color="success" variant="outlined" icon={<CheckCircleOutline />} label="Installed" />
        )}
        {plugin.isOfficial && <Chip size="small" variant="outlined" icon={<VerifiedOutlined />} label="Official" />}
        {!isInstalled && plugin.installable === false && (
          <Chip size="small" variant="outlined" icon={<BlockOutlined />} label="Not installable" sx={{ color: "text.secondary" }} />
        )}
        <Box sx={{ flex: 1 }} />
        {isInstalled ? (
          <Button
            size="small"
            variant="outlined"
            component={RouterLink}
            to={pluginPath(plugin.key)}
            autoFocus={wasInstalledHere}
            aria-label={`Manage ${title}`}
          >
            Manage
          </Button>
        ) : (
          <ActionButton
            size="small"
            variant="outlined"
            onClick={install.start}
            busyLabel={registry.isInstalling(plugin.key) ? "Installing…" : null}
            disabledReason={reasonNotToInstall(plugin, user)}
            aria-label={`Install ${title}`}
          >
            Install
          </ActionButton>
        )}
      </Box>
      {install.question && <InstallDialog question={install.question} install={install} />}
    </Paper>
  );
}
