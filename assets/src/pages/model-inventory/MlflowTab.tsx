import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import Tooltip from "@mui/material/Tooltip";
import Typography from "@mui/material/Typography";
import SettingsOutlined from "@mui/icons-material/SettingsOutlined";
import SyncDisabled from "@mui/icons-material/SyncDisabled";
import { Link } from "react-router";
import { MLFLOW_KEY } from "../../api/mlflow";
import type { MlflowModel } from "../../api/types";
import { ActionButton } from "../../components/ActionButton";
import { DataTable, type Column } from "../../components/DataTable";
import { EmptyState } from "../../components/EmptyState";
import { ErrorState } from "../../components/ErrorState";
import { SyncButton } from "../../components/SyncButton";
import { SyncResult } from "../../components/SyncResult";
import { Time } from "../../components/Time";
import { pluginPath } from "../../plugins/pluginTitle";
import { countModels } from "../../plugins/countModels";
import { useMlflowModels } from "../../plugins/useMlflowModels";
import { useMlflowSync } from "../../plugins/useMlflowSync";
import { MONOSPACE_FONTS } from "../../theme";

/** As many characters of a run's id as MLflow's own pages show. */
const SHORT_ID = 8;

const COLUMNS: Column<MlflowModel>[] = [
  { label: "Model", render: (row) => row.name ?? row.model_name ?? null, isHeader: true },
  { label: "Version", render: (row) => row.version || null },
  { label: "Stage", render: (row) => stageOf(row) && <Chip size="small" variant="outlined" label={stageOf(row)} /> },
  { label: "Run", render: (row) => row.run_id && <RunId id={row.run_id} /> },
  { label: "Source", render: (row) => row.source && <Source text={row.source} /> },
  { label: "Created", render: (row) => <Time value={row.model_created_at ?? row.creation_timestamp} /> },
];

/** The host's own page over the routes of the MLflow plugin. */
export function MlflowTab() {
  const list = useMlflowModels();
  const sync = useMlflowSync(list.reload);
  const isEmpty = list.models?.length === 0;

  return (
    <Box sx={{ display: "grid", gap: 6, gridTemplateColumns: "minmax(0, 1fr)" }}>
      <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", gap: 4 }}>
        <Typography color="text.secondary" sx={{ flex: "1 1 60px" }}>
          {list.models && !isEmpty && countModels(list.total)}
        </Typography>
        <SyncButton sync={sync} />
        <Button
          color="inherit"
          component={Link}
          to={pluginPath(MLFLOW_KEY)}
          startIcon={<SettingsOutlined />}
        >
          Configure
        </Button>
      </Box>
      {sync.error && <Alert severity="error">{sync.error}</Alert>}
      {sync.result && <SyncResult result={sync.result} />}
      {list.error ? (
        <ErrorState title="The MLflow models cannot be shown" message={list.error} onRetry={list.reload} />
      ) : isEmpty ? (
        <EmptyState icon={<SyncDisabled />} title="No models were synchronized yet">
          Enter the address of your tracking server under Configure, then choose Sync now.
        </EmptyState>
      ) : (
        <DataTable
          label="MLflow models"
          columns={COLUMNS}
          rows={list.models}
          rowKey={(row, index) => row.id ?? `${row.run_id ?? ""}-${index}`}
        />
      )}
      {list.hasMore && !list.error && (
        <ActionButton
          variant="outlined"
          onClick={list.loadMore}
          busyLabel={list.isLoadingMore ? "Loading…" : null}
          sx={{ justifySelf: "center" }}
        >
          Show more
        </ActionButton>
      )}
    </Box>
  );
}

function RunId({ id }: { id: string }) {
  return (
    <Tooltip title={id}>
      <Box component="span" sx={{ fontFamily: MONOSPACE_FONTS, fontSize: 12 }}>
        {id.slice(0, SHORT_ID)}
      </Box>
    </Tooltip>
  );
}

function Source({ text }: { text: string }) {
  return (
    <Box component="span" title={text} sx={{ display: "block", maxWidth: 240, overflow: "hidden", textOverflow: "ellipsis" }}>
      {text}
    </Box>
  );
}

function stageOf(row: MlflowModel): string | null {
  const stage = row.stage ?? row.lifecycle_stage ?? null;
  return stage === "None" ? null : stage;
}
