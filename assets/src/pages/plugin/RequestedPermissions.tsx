import Typography from "@mui/material/Typography";
import type { Plugin } from "../../api/types";
import { PermissionList } from "../../components/PermissionList";
import { Section } from "../../components/Section";

const TITLE = "Permissions";

/** What a plugin would be able to do if it were installed. */
export function RequestedPermissions({ plugin }: { plugin: Plugin }) {
  const permissions = plugin.permissions ?? [];
  if (permissions.length === 0) {
    // A list that could not be understood comes empty: it is no promise.
    if (plugin.installable === false) return null;
    return (
      <Section title={TITLE}>
        <Typography sx={{ fontWeight: 500 }}>This plugin asks for nothing.</Typography>
        <Typography color="text.secondary" sx={{ mt: 1 }}>
          It keeps data in tables of its own and reads its own configuration. It reaches no network, no file and none of
          your organization’s other data.
        </Typography>
      </Section>
    );
  }
  return (
    <Section title={TITLE} intro="What the plugin will be able to do, worst first. Nothing else is open to it.">
      <PermissionList label="What the plugin will be able to do" permissions={permissions} />
    </Section>
  );
}
