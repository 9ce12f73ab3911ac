import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import Typography from "@mui/material/Typography";
import { useId, useState } from "react";
import { pluginTitle } from "../plugins/pluginTitle";
import type { Install, InstallQuestion } from "../plugins/useInstall";
import { useUser } from "../session/SessionContext";
import { ActionButton } from "./ActionButton";
import { PermissionList } from "./PermissionList";
import { PermissionSwitch } from "./PermissionSwitch";

interface InstallDialogProps {
  question: InstallQuestion;
  install: Install;
}

/** Shows what a plugin will be able to do before it can do anything. */
export function InstallDialog({ question, install }: InstallDialogProps) {
  const { plugin, hasChanged } = question;
  const { organizationName } = useUser();
  const id = useId();
  const [refused, setRefused] = useState<ReadonlySet<string>>(new Set());
  const permissions = plugin.permissions ?? [];
  const optional = permissions.filter((line) => line.optional);

  function allow(line: string, isAllowed: boolean) {
    const next = new Set(refused);
    if (isAllowed) next.delete(line);
    else next.add(line);
    setRefused(next);
  }

  return (
    <Dialog
      open
      onClose={install.isBusy ? undefined : install.cancel}
      fullWidth
      maxWidth="sm"
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-intro`}
    >
      <DialogTitle id={`${id}-title`}>Install {pluginTitle(plugin)}?</DialogTitle>
      {/* A list without switches must scroll by keyboard too. */}
      <DialogContent tabIndex={0} sx={{ outlineOffset: -2 }}>
        {hasChanged && (
          <Alert
            key={plugin.permissionsDigest}
            ref={takeFocus}
            severity="warning"
            tabIndex={-1}
            sx={{ mb: 6, outline: "none" }}
          >
            What the plugin asks for has changed since it was shown. Nothing was installed. Please read the list again.
          </Alert>
        )}
        <Typography id={`${id}-intro`} color="text.secondary">
          {permissions.length === 0
            ? "This plugin asks for nothing."
            : `For everyone in ${organizationName} the plugin will be able to do this, worst first.`}
          {optional.length > 0 && " You can refuse what is optional, now or later."}
        </Typography>
        <PermissionList
          label="What the plugin will be able to do"
          permissions={permissions}
          renderState={(line) =>
            line.optional && (
              <PermissionSwitch
                permission={line}
                isAllowed={!refused.has(line.id)}
                onChange={(isAllowed) => allow(line.id, isAllowed)}
                isDisabled={install.isBusy}
              />
            )
          }
        />
        {install.error && (
          <Alert severity="error" sx={{ mt: 6 }}>
            {install.error}
          </Alert>
        )}
      </DialogContent>
      <DialogActions>
        <Button color="inherit" onClick={install.cancel} disabled={install.isBusy}>
          Cancel
        </Button>
        <ActionButton
          variant="contained"
          onClick={() => install.confirm(optional.map((line) => line.id).filter((line) => refused.has(line)))}
          busyLabel={install.isBusy ? "Installing…" : null}
        >
          {permissions.length === 0 ? "Install" : "Allow and install"}
        </ActionButton>
      </DialogActions>
    </Dialog>
  );
}

/** Away from the button: who presses Enter twice would agree to a list that was not read. */
function takeFocus(element: HTMLElement | null) {
  element?.focus();
}
