import Typography from "@mui/material/Typography";
import { useState } from "react";
import { toMessage } from "../api/toMessage";
import type { PluginInstallation } from "../api/types";
import { manifestOf, pluginTitle } from "../plugins/pluginTitle";
import { usePluginRegistry } from "../plugins/PluginRegistryContext";
import { useUser } from "../session/SessionContext";
import { useAnnounce } from "./AnnouncerProvider";
import { ConfirmDialog } from "./ConfirmDialog";

interface UninstallDialogProps {
  installation: PluginInstallation;
  onClose: () => void;
  onUninstalled?: () => void;
}

export function UninstallDialog({ installation, onClose, onUninstalled }: UninstallDialogProps) {
  const { uninstall, isUninstalling } = usePluginRegistry();
  const { organizationName } = useUser();
  const announce = useAnnounce();
  const [error, setError] = useState<string | null>(null);
  const title = pluginTitle(manifestOf(installation));

  async function confirm() {
    setError(null);
    announce(`Uninstalling ${title}`);
    try {
      await uninstall(installation.id);
      announce(`${title} is uninstalled`);
      onClose();
      onUninstalled?.();
    } catch (failure) {
      setError(toMessage(failure));
    }
  }

  return (
    <ConfirmDialog
      title={`Uninstall ${title}?`}
      confirmLabel="Uninstall"
      busyLabel="Uninstalling…"
      isBusy={isUninstalling(installation.id)}
      error={error}
      onConfirm={() => void confirm()}
      onCancel={onClose}
    >
      <Typography>For everyone in {organizationName} this removes:</Typography>
      <Typography component="ul" sx={{ pl: 10, my: 3 }}>
        <li>all data that the plugin has stored, such as what it synchronized;</li>
        <li>its configuration, with passwords and tokens;</li>
        <li>its pages and tabs.</li>
      </Typography>
      <Typography>This cannot be undone. Data of other plugins and of Souk itself stays.</Typography>
    </ConfirmDialog>
  );
}
