import Box from "@mui/material/Box";
import { MLFLOW_KEY } from "../../api/mlflow";
import type { Plugin, PluginInstallation } from "../../api/types";
import { ConfigurationSection } from "./ConfigurationSection";
import { DetailsAside } from "./DetailsAside";
import { FeaturesSection } from "./FeaturesSection";
import { GrantedPermissions } from "./GrantedPermissions";
import { MlflowSyncSection } from "./MlflowSyncSection";
import { ReadmeSection } from "./ReadmeSection";
import { RequestedPermissions } from "./RequestedPermissions";

interface PluginOverviewProps {
  plugin: Plugin;
  installation: PluginInstallation | undefined;
}

/** What a plugin is, what it may do, and how it is set up here. */
export function PluginOverview({ plugin, installation }: PluginOverviewProps) {
  return (
    <Box
      sx={{
        display: "grid",
        gap: 8,
        alignItems: "start",
        gridTemplateColumns: { xs: "minmax(0, 1fr)", lg: "minmax(0, 1fr) 300px" },
      }}
    >
      <Box sx={{ display: "grid", gap: 8, gridTemplateColumns: "minmax(0, 1fr)" }}>
        {installation && <ConfigurationSection key={installation.id} plugin={plugin} installation={installation} />}
        {installation?.pluginKey === MLFLOW_KEY && <MlflowSyncSection />}
        {installation ? (
          installation.permissions && (
            <GrantedPermissions key={installation.id} installation={installation} permissions={installation.permissions} />
          )
        ) : (
          <RequestedPermissions plugin={plugin} />
        )}
        <FeaturesSection plugin={plugin} />
        <ReadmeSection pluginKey={plugin.key} />
      </Box>
      <DetailsAside plugin={plugin} installation={installation} />
    </Box>
  );
}
