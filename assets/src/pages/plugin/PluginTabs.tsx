import Box from "@mui/material/Box";
import Tab from "@mui/material/Tab";
import Tabs from "@mui/material/Tabs";
import type { ReactNode } from "react";
import { useSearchParams } from "react-router";

const OVERVIEW = "overview";
const RUNS = "runs";

interface PluginTabsProps {
  overview: ReactNode;
  runs: ReactNode;
}

/** What an installed plugin is, and what it did. Which of them is shown stands in the address. */
export function PluginTabs({ overview, runs }: PluginTabsProps) {
  const [parameters, setParameters] = useSearchParams();
  const tab = parameters.get("tab") === RUNS ? RUNS : OVERVIEW;
  return (
    <>
      <Box sx={{ borderBottom: 1, borderColor: "divider", mb: 8 }}>
        <Tabs
          value={tab}
          onChange={(_, next: string) => setParameters(next === RUNS ? { tab: RUNS } : {})}
          aria-label="Plugin"
        >
          <Tab value={OVERVIEW} label="Overview" id="tab-overview" aria-controls="panel-overview" />
          <Tab value={RUNS} label="Runs" id="tab-runs" aria-controls="panel-runs" />
        </Tabs>
      </Box>
      <Box role="tabpanel" id={`panel-${tab}`} aria-labelledby={`tab-${tab}`}>
        {tab === RUNS ? runs : overview}
      </Box>
    </>
  );
}
