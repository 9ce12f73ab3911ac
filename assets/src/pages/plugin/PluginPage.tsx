import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import ArrowBack from "@mui/icons-material/ArrowBack";
import SearchOff from "@mui/icons-material/SearchOff";
import { useEffect } from "react";
import { Link, useParams } from "react-router";
import { getPluginByKey } from "../../api/marketplace";
import { useResource } from "../../api/useResource";
import { EmptyState } from "../../components/EmptyState";
import { ErrorState } from "../../components/ErrorState";
import { usePluginRegistry } from "../../plugins/PluginRegistryContext";
import { manifestOf } from "../../plugins/pluginTitle";
import { reasonNotToManage } from "../../session/permissions";
import { useUser } from "../../session/SessionContext";
import { PluginHeader } from "./PluginHeader";
import { PluginOverview } from "./PluginOverview";
import { PluginTabs } from "./PluginTabs";
import { RunsTab } from "./RunsTab";

/** Everything about one plugin: what it is, what it may do, and how it is set up here. */
export default function PluginPage() {
  const { pluginKey = "" } = useParams();
  const mayManage = reasonNotToManage(useUser()) === null;
  const { findInstallation, isLoading, refreshPlugins } = usePluginRegistry();
  const listing = useResource(pluginKey, (signal) => getPluginByKey(pluginKey, signal));
  const installation = findInstallation(pluginKey);
  // What is installed describes itself; the marketplace may have moved on, or be down.
  const plugin = installation?.plugin ?? listing.data ?? (installation && manifestOf(installation));

  // The host may have paused the plugin since the installations were loaded.
  useEffect(refreshPlugins, [refreshPlugins, pluginKey]);

  return (
    <>
      <Button
        component={Link}
        to={installation ? "/plugins?tab=installed" : "/plugins"}
        startIcon={<ArrowBack fontSize="small" />}
        size="small"
        color="inherit"
        sx={{ ml: -5, mb: 4, color: "text.secondary" }}
      >
        {installation ? "My plugins" : "Marketplace"}
      </Button>
      {renderPlugin()}
    </>
  );

  function renderPlugin() {
    if (isLoading || (!plugin && listing.isLoading)) return <PluginSkeleton />;
    if (!plugin) {
      if (listing.error) {
        return <ErrorState title="This plugin cannot be shown" message={listing.error} onRetry={listing.reload} />;
      }
      return (
        <EmptyState icon={<SearchOff />} title="No such plugin">
          The marketplace does not list “{pluginKey}”, and it is not installed. It may have been withdrawn.
        </EmptyState>
      );
    }
    return (
      <>
        <PluginHeader plugin={plugin} installation={installation} onOutdated={listing.reload} />
        {installation && mayManage ? (
          <PluginTabs
            overview={<PluginOverview plugin={plugin} installation={installation} />}
            runs={<RunsTab key={installation.id} installation={installation} />}
          />
        ) : (
          <PluginOverview plugin={plugin} installation={installation} />
        )}
      </>
    );
  }
}

function PluginSkeleton() {
  return (
    <Box aria-busy aria-label="Loading the plugin">
      <Box sx={{ display: "flex", gap: 8, mb: 10 }}>
        <Skeleton variant="rounded" width={56} height={56} />
        <Box sx={{ flex: 1 }}>
          <Skeleton width={200} height={32} />
          <Skeleton width={140} />
        </Box>
      </Box>
      <Skeleton variant="rounded" height={240} />
    </Box>
  );
}
