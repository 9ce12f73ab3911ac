import Alert from "@mui/material/Alert";
import Button from "@mui/material/Button";
import Box from "@mui/material/Box";
import { Link } from "react-router";
import { Section } from "../../components/Section";
import { SyncButton } from "../../components/SyncButton";
import { SyncResult } from "../../components/SyncResult";
import { useMlflowSync } from "../../plugins/useMlflowSync";

/** Fetches the models now and says what came. */
export function MlflowSyncSection() {
  const sync = useMlflowSync();
  return (
    <Section title="Synchronization" intro="Fetches runs and registered models from the tracking server now.">
      <Box sx={{ display: "grid", gap: 6, justifyItems: "start" }}>
        <SyncButton sync={sync} />
        {sync.error && <Alert severity="error">{sync.error}</Alert>}
        {sync.result && (
          <SyncResult
            result={sync.result}
            action={
              <Button size="small" color="inherit" component={Link} to="/model-inventory?tab=mlflow">
                Show models
              </Button>
            }
          />
        )}
      </Box>
    </Section>
  );
}
