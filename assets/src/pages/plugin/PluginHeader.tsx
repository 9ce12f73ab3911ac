import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Chip from "@mui/material/Chip";
import LinearProgress from "@mui/material/LinearProgress";
import Typography from "@mui/material/Typography";
import CheckCircleOutline from "@mui/icons-material/CheckCircleOutline";
import DeleteOutline from "@mui/icons-material/DeleteOutline";
import DownloadOutlined from "@mui/icons-material/DownloadOutlined";
import VerifiedOutlined from "@mui/icons-material/VerifiedOutlined";
import { useState } from "react";
import { toMessage } from "../../api/toMessage";
import type { Plugin, PluginInstallation } from "../../api/types";
import { ActionButton } from "../../components/ActionButton";
import { useAnnounce } from "../../components/AnnouncerProvider";
import { focusPageHeading } from "../../components/focusPageHeading";
import { usePageHeading } from "../../components/PageHeader";
import { PluginIcon } from "../../components/PluginIcon";
import { UninstallDialog } from "../../components/UninstallDialog";
import { pluginTitle } from "../../plugins/pluginTitle";
import { usePluginRegistry } from "../../plugins/PluginRegistryContext";
import { reasonNotToInstall } from "../../plugins/reasonNotToInstall";
import { reasonNotToManage } from "../../session/permissions";
import { useUser } from "../../session/SessionContext";
import { PluginByline } from "../plugins/PluginByline";

interface PluginHeaderProps {
  plugin: Plugin;
  installation: PluginInstallation | undefined;
}

export function PluginHeader({ plugin, installation }: PluginHeaderProps) {
  const user = useUser();
  const { install, isInstalling, isUninstalling } = usePluginRegistry();
  const announce = useAnnounce();
  const [notice, setNotice] = useState<{ severity: "success" | "error"; text: string } | null>(null);
  const [isAsking, setAsking] = useState(false);
  const title = pluginTitle(plugin);
  const heading = usePageHeading(title);
  const isBusy = isInstalling(plugin.key) || (installation !== undefined && isUninstalling(installation.id));

  async function startInstall() {
    setNotice(null);
    announce(`Installing ${title}`);
    try {
      await install(plugin.key);
      setNotice({ severity: "success", text: nextStep(plugin) });
      focusPageHeading();
    } catch (failure) {
      setNotice({ severity: "error", text: toMessage(failure) });
    }
  }

  return (
    <Box component="header" sx={{ mb: 8 }}>
      <Box sx={{ display: "flex", flexWrap: "wrap", gap: 8, alignItems: "center" }}>
        <PluginIcon plugin={plugin} size={56} />
        <Box sx={{ flex: "1 1 220px", minWidth: 0 }}>
          <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", columnGap: 5, rowGap: 2 }}>
            <Typography variant="h1" ref={heading} tabIndex={-1} sx={{ outline: "none", overflowWrap: "anywhere" }}>
              {title}
            </Typography>
            {installation && (
              <Chip size="small" color="success" variant="outlined" icon={<CheckCircleOutline />} label="Installed" />
            )}
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
            onClick={() => void startInstall()}
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
      {isBusy && <LinearProgress aria-label={`Working on ${title}`} sx={{ mt: 6 }} />}
      {!installation && plugin.installable === false && (
        <Alert severity="warning" sx={{ mt: 6 }}>
          {plugin.notInstallableReason ?? "This plugin cannot be installed here."}
        </Alert>
      )}
      {notice && (
        <Alert severity={notice.severity} sx={{ mt: 6 }} onClose={() => setNotice(null)}>
          {notice.text}
        </Alert>
      )}
      {isAsking && installation && (
        <UninstallDialog
          installation={installation}
          onClose={() => setAsking(false)}
          onUninstalled={() => {
            setNotice({ severity: "success", text: `${title} was uninstalled, with all its data.` });
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
