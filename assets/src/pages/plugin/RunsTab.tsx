import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Chip from "@mui/material/Chip";
import FormControlLabel from "@mui/material/FormControlLabel";
import Switch from "@mui/material/Switch";
import Typography from "@mui/material/Typography";
import useMediaQuery from "@mui/material/useMediaQuery";
import PlaylistPlay from "@mui/icons-material/PlaylistPlay";
import Refresh from "@mui/icons-material/Refresh";
import { useEffect, useMemo, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { getRuns } from "../../api/runs";
import type { PluginInstallation, Run } from "../../api/types";
import { useResource } from "../../api/useResource";
import { getUsers } from "../../api/users";
import { ActionButton } from "../../components/ActionButton";
import { useAnnounce } from "../../components/AnnouncerProvider";
import { DataTable, type Column } from "../../components/DataTable";
import { EmptyState } from "../../components/EmptyState";
import { ErrorState } from "../../components/ErrorState";
import { Time } from "../../components/Time";
import { countShown } from "../../paging/countShown";
import { PageLinks } from "../../paging/PageLinks";
import { addressOfPage, readPage } from "../../paging/pageInAddress";
import { usePageTurn } from "../../paging/usePageTurn";
import { RunDialog } from "./RunDialog";
import { durationText, memoryText, outcomeOf, userText } from "./runWords";

const NOTABLE = "notable";

/** What the plugin's code did lately, for Admins: who ran it, how it ended and what it took. */
export function RunsTab({ installation }: { installation: PluginInstallation }) {
  const [parameters, setParameters] = useSearchParams();
  const announce = useAnnounce();
  const isNarrow = useMediaQuery("(max-width: 600px)");
  const [opened, setOpened] = useState<Run | null>(null);
  const isNotable = parameters.get("only") === NOTABLE;
  const page = readPage(parameters.get("page"));

  const users = useResource("", getUsers);
  const names = useMemo(() => new Map(users.data?.map(({ id, name }) => [id, name])), [users.data]);
  const runs = useResource(`${installation.id} ${isNotable} ${page}`, (signal) =>
    getRuns(installation.id, { isNotable, page, signal }),
  );
  const turn = usePageTurn(runs.data);
  const columns = useMemo(() => columnsFor(names), [names]);

  useEffect(() => {
    if (runs.data) announce(runs.data.total === 1 ? "1 run" : `${runs.data.total} runs`);
  }, [announce, runs.data]);

  function filter(only: boolean) {
    const next = new URLSearchParams(parameters);
    next.delete("page");
    if (only) next.set("only", NOTABLE);
    else next.delete("only");
    setParameters(next, { replace: true });
  }

  return (
    <>
      <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", columnGap: 8, rowGap: 2, mb: 4 }}>
        <Typography ref={turn.line} tabIndex={-1} color="text.secondary" sx={{ flex: { xs: "1 1 100%", sm: "1 1 120px" }, outline: "none" }}>
          {runs.data && runs.data.total > 0 && countShown(runs.data, "run")}
        </Typography>
        <FormControlLabel
          label="Notable only"
          title="Runs that were slow, refused or went wrong"
          control={<Switch size="small" checked={isNotable} onChange={(event) => filter(event.target.checked)} />}
          sx={{ ml: -2, mr: 0, gap: 3 }}
        />
        <ActionButton
          size="small"
          startIcon={<Refresh />}
          onClick={runs.reload}
          busyLabel={runs.isLoading ? "Loading…" : null}
        >
          Refresh
        </ActionButton>
      </Box>
      {renderRuns()}
      {runs.data && (
        <PageLinks
          label="Pages of runs"
          page={page}
          pages={runs.data.pages}
          addressOf={(other) => addressOfPage(parameters, other)}
          onTurn={turn.onTurn}
        />
      )}
      {opened && <RunDialog run={opened} names={names} onClose={() => setOpened(null)} />}
    </>
  );

  function renderRuns() {
    if (runs.error) {
      return <ErrorState title="The runs cannot be shown" message={runs.error} onRetry={runs.reload} />;
    }
    if (runs.data === null || runs.data.items.length > 0) {
      return (
        <DataTable
          label="Runs"
          columns={isNarrow ? NARROW_COLUMNS : columns}
          rows={runs.data?.items ?? null}
          rowKey={(run) => run.id}
          onOpen={setOpened}
          isDense
          isStale={runs.isLoading}
        />
      );
    }
    if (runs.data.total > 0) {
      return (
        <EmptyState
          icon={<PlaylistPlay />}
          title={`There is no page ${page}`}
          action={
            <Button variant="outlined" component={Link} to={addressOfPage(parameters, 1)}>
              Show the newest runs
            </Button>
          }
        >
          The oldest runs are forgotten, so the list may have become shorter.
        </EmptyState>
      );
    }
    if (isNotable) {
      return (
        <EmptyState
          icon={<PlaylistPlay />}
          title="Nothing notable"
          action={
            <Button variant="outlined" onClick={() => filter(false)}>
              Show all runs
            </Button>
          }
        >
          No run that is still remembered was slow, refused or went wrong.
        </EmptyState>
      );
    }
    return (
      <EmptyState icon={<PlaylistPlay />} title="The plugin has not run yet">
        Each time its code is called, what it did and what it took appears here.
      </EmptyState>
    );
  }
}

function columnsFor(names: ReadonlyMap<number, string>): Column<Run>[] {
  return [
    { label: "Time", render: (run) => <Time value={run.at} precision="brief" />, isHeader: true },
    { label: "What", render: (run) => run.name, wraps: true },
    { label: "Outcome", render: (run) => <Outcome run={run} /> },
    { label: "Duration", render: (run) => durationText(run.wallMs) },
    { label: "Who", render: (run) => userText(run, names) },
    { label: "CPU", render: (run) => durationText(run.cpuMs) },
    { label: "Memory", render: (run) => memoryText(run.memoryPeakBytes) },
    { label: "SQL", render: (run) => run.sql.count },
    { label: "Host calls", render: (run) => run.hostCalls.count },
    { label: "Denials", render: (run) => run.denials.length },
  ];
}

/** On a phone the figures wait in the details of a run. */
const NARROW_COLUMNS: Column<Run>[] = [
  { label: "Run", render: (run) => <NameAndTime run={run} />, isHeader: true, wraps: true },
  { label: "Outcome", render: (run) => <Outcome run={run} /> },
];

function NameAndTime({ run }: { run: Run }) {
  return (
    <>
      {run.name}
      <Typography variant="caption" component="span" color="text.secondary" sx={{ display: "block" }}>
        <Time value={run.at} precision="brief" />
      </Typography>
    </>
  );
}

function Outcome({ run }: { run: Run }) {
  const { word, color } = outcomeOf(run);
  return <Chip size="small" variant="outlined" color={color} label={word} />;
}
