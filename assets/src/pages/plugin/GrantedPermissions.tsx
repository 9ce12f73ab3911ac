import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { useState, type FormEvent } from "react";
import { updatePluginPermissions } from "../../api/installations";
import { toMessage } from "../../api/toMessage";
import type { PermissionState, PluginInstallation } from "../../api/types";
import { ActionButton } from "../../components/ActionButton";
import { useAnnounce } from "../../components/AnnouncerProvider";
import { PermissionList } from "../../components/PermissionList";
import { PermissionSwitch } from "../../components/PermissionSwitch";
import { Section } from "../../components/Section";
import { usePluginRegistry } from "../../plugins/PluginRegistryContext";
import { reasonNotToManage } from "../../session/permissions";
import { useUser } from "../../session/SessionContext";
import { GrantState } from "./GrantState";

interface GrantedPermissionsProps {
  installation: PluginInstallation;
  permissions: PermissionState[];
}

/** What an installed plugin may do. Admins refuse or allow what is optional; what it cannot do without goes together. */
export function GrantedPermissions({ installation, permissions }: GrantedPermissionsProps) {
  const user = useUser();
  const announce = useAnnounce();
  const { replaceInstallation } = usePluginRegistry();
  const [allowed, setAllowed] = useState(() => grantedIds(permissions));
  const [notice, setNotice] = useState<{ severity: "success" | "error"; text: string } | null>(null);
  const [isSaving, setSaving] = useState(false);
  const reason = reasonNotToManage(user);
  const missing = permissions.filter((line) => !line.granted && !line.optional);
  const hasChoice = reason === null && permissions.some((line) => line.optional || !line.granted);
  const isChanged = missing.length > 0 || permissions.some((line) => line.granted !== allowed.has(line.id));

  function allow(id: string, isAllowed: boolean) {
    const next = new Set(allowed);
    if (isAllowed) next.add(id);
    else next.delete(id);
    setAllowed(next);
    setNotice(null);
  }

  async function save(event: FormEvent) {
    event.preventDefault();
    if (isSaving || !isChanged) return;
    setNotice(null);
    setSaving(true);
    announce("Saving the permissions");
    try {
      const granted = permissions.filter((line) => !line.optional || allowed.has(line.id)).map((line) => line.id);
      const saved = await updatePluginPermissions(installation.id, granted);
      replaceInstallation(saved);
      setAllowed(grantedIds(saved.permissions ?? []));
      setNotice({ severity: "success", text: "Permissions saved. They apply from the next call on." });
    } catch (failure) {
      setNotice({ severity: "error", text: toMessage(failure) });
    } finally {
      setSaving(false);
    }
  }

  if (permissions.length === 0) {
    return (
      <Section title="Permissions">
        <Typography color="text.secondary">This plugin asks for nothing.</Typography>
      </Section>
    );
  }
  return (
    <Section title="Permissions" intro={`What the plugin may do, worst first. ${reason === null ? "Nothing else is open to it." : "Only Admins change it."}`}>
      <Box component="form" onSubmit={(event) => void save(event)} aria-label="Permissions">
        {missing.length > 0 && (
          <Alert severity="warning" sx={{ mb: 2 }}>
            The plugin needs more than it was allowed when it was installed. What depends on that fails until an Admin
            allows it.
          </Alert>
        )}
        <PermissionList
          label="What the plugin may do"
          permissions={permissions}
          renderState={(line) =>
            reason === null && line.optional ? (
              <PermissionSwitch
                permission={line}
                isAllowed={allowed.has(line.id)}
                onChange={(isAllowed) => allow(line.id, isAllowed)}
                isDisabled={isSaving}
              />
            ) : (
              <GrantState isGranted={line.granted} />
            )
          }
        />
        {notice && (
          <Alert severity={notice.severity} sx={{ mt: 4 }}>
            {notice.text}
          </Alert>
        )}
        {hasChoice && (
          <ActionButton
            type="submit"
            variant="contained"
            busyLabel={isSaving ? "Saving…" : null}
            disabledReason={isChanged || isSaving ? null : "Nothing is changed yet."}
            sx={{ mt: 6 }}
          >
            {missing.length > 0 ? "Allow what it needs" : "Save permissions"}
          </ActionButton>
        )}
      </Box>
    </Section>
  );
}

function grantedIds(permissions: PermissionState[]): ReadonlySet<string> {
  return new Set(permissions.filter((line) => line.granted).map((line) => line.id));
}
