import Box from "@mui/material/Box";
import Tab from "@mui/material/Tab";
import Tabs from "@mui/material/Tabs";
import { useSearchParams } from "react-router";
import { MLFLOW_KEY } from "../../api/mlflow";
import { PageHeader } from "../../components/PageHeader";
import { usePluginRegistry } from "../../plugins/PluginRegistryContext";
import { MlflowTab } from "./MlflowTab";
import { ModelsTab } from "./ModelsTab";

const MODELS = "models";
const MLFLOW = "mlflow";

export default function ModelInventoryPage() {
  const [parameters, setParameters] = useSearchParams();
  const { isPluginInstalled } = usePluginRegistry();
  const hasMlflow = isPluginInstalled(MLFLOW_KEY);
  const tab = hasMlflow && parameters.get("tab") === MLFLOW ? MLFLOW : MODELS;

  return (
    <>
      <PageHeader title="Model inventory" intro="The AI models that your organization uses, and what plugins know about them." />
      <Box sx={{ borderBottom: 1, borderColor: "divider", mb: 8 }}>
        <Tabs
          value={tab}
          onChange={(_, next: string) => setParameters(next === MLFLOW ? { tab: MLFLOW } : {})}
          aria-label="Models"
          variant="scrollable"
        >
          <Tab value={MODELS} label="Models" id="tab-models" aria-controls="panel-models" />
          {hasMlflow && <Tab value={MLFLOW} label="MLflow models" id="tab-mlflow" aria-controls="panel-mlflow" />}
        </Tabs>
      </Box>
      <Box role="tabpanel" id={`panel-${tab}`} aria-labelledby={`tab-${tab}`}>
        {tab === MLFLOW ? <MlflowTab /> : <ModelsTab />}
      </Box>
    </>
  );
}
