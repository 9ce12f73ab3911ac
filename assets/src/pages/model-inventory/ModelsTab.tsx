import Chip from "@mui/material/Chip";
import Inventory2Outlined from "@mui/icons-material/Inventory2Outlined";
import { getModels } from "../../api/models";
import type { InventoryModel } from "../../api/types";
import { useResource } from "../../api/useResource";
import { DataTable, type Column } from "../../components/DataTable";
import { EmptyState } from "../../components/EmptyState";
import { ErrorState } from "../../components/ErrorState";

const STATUS_COLORS: Record<string, "success" | "warning" | "error"> = {
  approved: "success",
  pending: "warning",
  restricted: "warning",
  blocked: "error",
};

const COLUMNS: Column<InventoryModel>[] = [
  { label: "Model", render: (row) => row.model || null, isHeader: true },
  { label: "Version", render: (row) => row.version || null },
  { label: "Provider", render: (row) => row.provider || null },
  { label: "Status", render: (row) => row.status && <StatusChip status={row.status} /> },
  { label: "Approver", render: (row) => row.approver || null },
  { label: "Capabilities", render: (row) => joinList(row.capabilities), wraps: true },
  { label: "Hosting", render: (row) => row.hostingProvider || null },
];

export function ModelsTab() {
  const models = useResource("", getModels);
  if (models.error) {
    return <ErrorState title="The models cannot be shown" message={models.error} onRetry={models.reload} />;
  }
  if (models.data?.length === 0) {
    return (
      <EmptyState icon={<Inventory2Outlined />} title="The inventory is empty">
        No model is recorded for your organization yet. Plugins that follow your models, such as MLflow, add a tab of
        their own to this page.
      </EmptyState>
    );
  }
  return <DataTable label="Models" columns={COLUMNS} rows={models.data} rowKey={(row) => row.id} />;
}

function StatusChip({ status }: { status: string }) {
  return <Chip size="small" variant="outlined" label={status} color={STATUS_COLORS[status.toLowerCase()] ?? "default"} />;
}

function joinList(value: string | string[] | null): string | null {
  const text = Array.isArray(value) ? value.join(", ") : value;
  return text || null;
}
