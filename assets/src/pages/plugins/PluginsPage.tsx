import Box from "@mui/material/Box";
import Tab from "@mui/material/Tab";
import Tabs from "@mui/material/Tabs";
import { useSearchParams } from "react-router";
import { PageHeader } from "../../components/PageHeader";
import { usePluginRegistry } from "../../plugins/PluginRegistryContext";
import { InstalledTab } from "./InstalledTab";
import { MarketplaceTab } from "./MarketplaceTab";

const INSTALLED = "installed";
const MARKETPLACE = "marketplace";

export default function PluginsPage() {
  const [parameters, setParameters] = useSearchParams();
  const { installedPlugins } = usePluginRegistry();
  const tab = parameters.get("tab") === INSTALLED ? INSTALLED : MARKETPLACE;

  return (
    <>
      <PageHeader title="Plugins" intro="Add what your organization needs, and take it away again without a trace." />
      <Box sx={{ borderBottom: 1, borderColor: "divider", mb: 8 }}>
        <Tabs
          value={tab}
          onChange={(_, next: string) => setParameters(next === INSTALLED ? { tab: INSTALLED } : {})}
          aria-label="Plugins"
        >
          <Tab value={MARKETPLACE} label="Marketplace" id="tab-marketplace" aria-controls="panel-marketplace" />
          <Tab
            value={INSTALLED}
            label={installedPlugins.length > 0 ? `My plugins (${installedPlugins.length})` : "My plugins"}
            id="tab-installed"
            aria-controls="panel-installed"
          />
        </Tabs>
      </Box>
      <Box role="tabpanel" id={`panel-${tab}`} aria-labelledby={`tab-${tab}`}>
        {tab === INSTALLED ? <InstalledTab /> : <MarketplaceTab />}
      </Box>
    </>
  );
}
