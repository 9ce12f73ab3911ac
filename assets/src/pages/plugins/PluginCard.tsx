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
import { toMessage } from "../../api/toMessage";
import type { Plugin } from "../../api/types";
import { ActionButton } from "../../components/ActionButton";
import { useAnnounce } from "../../components/AnnouncerProvider";
import { PluginIcon } from "../../components/PluginIcon";
import { reasonNotToInstall } from "../../plugins/reasonNotToInstall";
import { pluginPath, pluginTitle } from "../../plugins/pluginTitle";
import { usePluginRegistry } from "../../plugins/PluginRegistryContext";
import { useUser } from "../../session/SessionContext";
import { PluginByline } from "./PluginByline";

export function PluginCard({ plugin }: { plugin: Plugin }) {
  const user = useUser();
  const registry = usePluginRegistry();
  const announce = useAnnounce();
  const [error, setError] = useState<string | null>(null);
  // The button that had the focus is replaced by another one.
  const [wasInstalledHere, setInstalledHere] = useState(false);
  const title = pluginTitle(plugin);
  const isInstalled = registry.isPluginInstalled(plugin.key);

  async function install() {
    setError(null);
    announce(`Installing ${title}`);
    try {
      await registry.install(plugin.key);
      setInstalledHere(true);
      announce(`${title} is installed`);
    } catch (failure) {
      setError(toMessage(failure));
    }
  }

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
      {error && (
        <Alert severity="error" sx={{ mb: 5 }} onClose={() => setError(null)}>
          {error}
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
            onClick={() => void install()}
            busyLabel={registry.isInstalling(plugin.key) ? "Installing…" : null}
            disabledReason={reasonNotToInstall(plugin, user)}
            aria-label={`Install ${title}`}
          >
            Install
          </ActionButton>
        )}
      </Box>
    </Paper>
  );
}
