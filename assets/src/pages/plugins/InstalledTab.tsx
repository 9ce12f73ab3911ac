import Button from "@mui/material/Button";
import ExtensionOutlined from "@mui/icons-material/ExtensionOutlined";
import { useEffect } from "react";
import { Link } from "react-router";
import { EmptyState } from "../../components/EmptyState";
import { ErrorState } from "../../components/ErrorState";
import { usePluginRegistry } from "../../plugins/PluginRegistryContext";
import { InstalledCard } from "./InstalledCard";
import { PluginCardSkeletons } from "./PluginCardSkeletons";
import { PluginGrid } from "./PluginGrid";

export function InstalledTab() {
  const { installedPlugins, isLoading, error, refreshPlugins } = usePluginRegistry();
  // The host may have paused a plugin since the installations were loaded.
  useEffect(refreshPlugins, [refreshPlugins]);

  if (error) {
    return <ErrorState title="Your plugins cannot be shown" message={error} onRetry={refreshPlugins} />;
  }
  if (isLoading) return <PluginCardSkeletons />;
  if (installedPlugins.length === 0) {
    return (
      <EmptyState
        icon={<ExtensionOutlined />}
        title="No plugin is installed yet"
        action={
          <Button variant="contained" component={Link} to="/plugins">
            Browse the marketplace
          </Button>
        }
      >
        Plugins that an Admin installs for your organization appear here.
      </EmptyState>
    );
  }
  return (
    <PluginGrid label="My plugins">
      {installedPlugins.map((installation) => (
        <InstalledCard key={installation.id} installation={installation} />
      ))}
    </PluginGrid>
  );
}
