import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Chip from "@mui/material/Chip";
import LinearProgress from "@mui/material/LinearProgress";
import Typography from "@mui/material/Typography";
import CheckCircleOutline from "@mui/icons-material/CheckCircleOutline";
import DeleteOutline from "@mui/icons-material/DeleteOutline";
import DownloadOutlined from "@mui/icons-material/DownloadOutlined";
import PauseCircleOutline from "@mui/icons-material/PauseCircleOutline";
import VerifiedOutlined from "@mui/icons-material/VerifiedOutlined";
import { useState } from "react";
import type { Plugin, PluginInstallation } from "../../api/types";
import { ActionButton } from "../../components/ActionButton";
import { focusPageHeading } from "../../components/focusPageHeading";
import { InstallDialog } from "../../components/InstallDialog";
import { usePageHeading } from "../../components/PageHeader";
import { PausedAlert } from "../../components/PausedAlert";
import { PluginIcon } from "../../components/PluginIcon";
import { UninstallDialog } from "../../components/UninstallDialog";
import { pluginTitle } from "../../plugins/pluginTitle";
import { usePluginRegistry } from "../../plugins/PluginRegistryContext";
import { reasonNotToInstall } from "../../plugins/reasonNotToInstall";
import { useInstall } from "../../plugins/useInstall";
import { reasonNotToManage } from "../../session/permissions";
import { useUser } from "../../session/SessionContext";
import { PluginByline } from "../plugins/PluginByline";

interface PluginHeaderProps {
  plugin: Plugin;
  installation: PluginInstallation | undefined;
  /** The plugin is another one than the page shows. */
  onOutdated: () => void;
}

export function PluginHeader({ plugin, installation, onOutdated }: PluginHeaderProps) {
  const user = useUser();
  const { isInstalling, isUninstalling } = usePluginRegistry();
  const [notice, setNotice] = useState<string | null>(null);
  const [isAsking, setAsking] = useState(false);
  const title = pluginTitle(plugin);
  const heading = usePageHeading(title);
  const install = useInstall({
    plugin,
    onOutdated,
    onInstalled: () => {
      setNotice(nextStep(plugin));
      focusPageHeading();
    },
  });
  const isBusy = isInstalling(plugin.key) || (installation !== undefined && isUninstalling(installation.id));

  return (
    <Box component="header" sx={{ mb: 8 }}>
      <Box sx={{ display: "flex", flexWrap: "wrap", gap: 8, alignItems: "center" }}>
        <PluginIcon plugin={plugin} size={56} />
        <Box sx={{ flex: "1 1 220px", minWidth: 0 }}>
          <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", columnGap: 5, rowGap: 2 }}>
            <Typography variant="h1" ref={heading} tabIndex={-1} sx={{ outline: "none", overflowWrap: "anywhere" }}>
              {title}
            </Typography>
            {installation &&
              (installation.paused ? (
                <Chip size="small" color="warning" variant="outlined" icon={<PauseCircleOutline />} label="Paused" />
              ) : (
                <Chip size="small" color="success" variant="outlined" icon={<CheckCircleOutline />} label="Installed" />
              ))}
            {plugin.isOfficial && <Chip size="small" variant="outlined" icon={<VerifiedOutlined />} label="Official" />}
          </Box>
          <PluginByline plugin={plugin} version={installation?.version ?? plugin.version} />
        </Box>
        {installation ? (
          <ActionButton
            key="uninstall"
            color="error"
            variant="outlined"
            startIcon={<DeleteOutline />}
            onClick={() => setAsking(true)}
            busyLabel={isUninstalling(installation.id) ? "Uninstalling…" : null}
            disabledReason={reasonNotToManage(user)}
          >
            Uninstall
          </ActionButton>
        ) : (
          <ActionButton
            key="install"
            variant="contained"
            startIcon={<DownloadOutlined />}
            onClick={() => {
              setNotice(null);
              install.start();
            }}
            busyLabel={isInstalling(plugin.key) ? "Installing…" : null}
            disabledReason={reasonNotToInstall(plugin, user)}
          >
            Install
          </ActionButton>
        )}
      </Box>
      <Typography color="text.secondary" sx={{ mt: 6, maxWidth: 760 }}>
        {plugin.longDescription || plugin.description}
      </Typography>
      {installation?.paused && (
        <Box sx={{ mt: 6 }}>
          <PausedAlert installation={installation} />
        </Box>
      )}
      {isBusy && <LinearProgress aria-label={`Working on ${title}`} sx={{ mt: 6 }} />}
      {!installation && plugin.installable === false && (
        <Alert severity="warning" sx={{ mt: 6 }}>
          {plugin.notInstallableReason ?? "This plugin cannot be installed here."}
        </Alert>
      )}
      {notice && (
        <Alert severity="success" sx={{ mt: 6 }} onClose={() => setNotice(null)}>
          {notice}
        </Alert>
      )}
      {install.error && !install.question && (
        <Alert severity="error" sx={{ mt: 6 }} onClose={install.forgetError}>
          {install.error}
        </Alert>
      )}
      {install.question && <InstallDialog question={install.question} install={install} />}
      {isAsking && installation && (
        <UninstallDialog
          installation={installation}
          onClose={() => setAsking(false)}
          onUninstalled={() => {
            setNotice(`${title} was uninstalled, with all its data.`);
            focusPageHeading();
          }}
        />
      )}
    </Box>
  );
}

function nextStep(plugin: Plugin): string {
  const title = pluginTitle(plugin);
  return plugin.requiresConfiguration
    ? `${title} is installed. Enter its configuration below to start using it.`
    : `${title} is installed and ready to use.`;
}
