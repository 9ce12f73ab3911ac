import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import Typography from "@mui/material/Typography";
import useMediaQuery from "@mui/material/useMediaQuery";
import { useId, type ReactNode } from "react";
import type { Run } from "../../api/types";
import { Detail, DetailList } from "../../components/DetailList";
import { Time } from "../../components/Time";
import { MONOSPACE_FONTS } from "../../theme";
import { durationText, explanationOf, kindText, memoryText, outcomeOf, sortedCalls, userText } from "./runWords";

interface RunDialogProps {
  run: Run;
  names: ReadonlyMap<number, string>;
  onClose: () => void;
}

/** One run in full: first why it is worth a look, then what it did and took. */
export function RunDialog({ run, names, onClose }: RunDialogProps) {
  const id = useId();
  const isNarrow = useMediaQuery("(max-width: 600px)");
  const { word, color } = outcomeOf(run);
  const severity = color === "default" ? "info" : color;
  const calls = sortedCalls(run);

  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="sm" fullScreen={isNarrow} aria-labelledby={id}>
      <DialogTitle id={id} sx={{ overflowWrap: "anywhere" }}>
        {run.name}
      </DialogTitle>
      <DialogContent tabIndex={0} sx={{ outlineOffset: -2 }}>
        <Alert
          severity={severity === "success" && run.notable ? "warning" : severity}
          // An explanation is a clause: here it begins a sentence.
          sx={{ mb: 8, "& .MuiAlert-message::first-letter": { textTransform: "uppercase" } }}
        >
          {explanationOf(run)}
        </Alert>
        <DetailList>
          <Detail name="Time">
            <Time value={run.at} precision="second" />
          </Detail>
          <Detail name="What">{kindText(run)}</Detail>
          <Detail name="Who">{userText(run, names) ?? "–"}</Detail>
          <Detail name="Outcome">
            {word}
            {run.status !== null && `, status ${run.status}`}
          </Detail>
          <Detail name="Duration">{durationText(run.wallMs)}</Detail>
          <Detail name="CPU time">{durationText(run.cpuMs)}</Detail>
          <Detail name="Memory">{memoryText(run.memoryPeakBytes)} at most</Detail>
          <Detail name="SQL">{run.sql.count === 1 ? "1 statement" : `${run.sql.count} statements`}</Detail>
        </DetailList>
        {run.sql.slowest !== null && (
          <Part title={`Slowest statement${run.sql.slowestMs === null ? "" : `, ${durationText(run.sql.slowestMs)}`}`}>
            <Box component="pre" sx={{ m: 0, p: 6, borderRadius: 1, bgcolor: "action.hover", ...CODE, whiteSpace: "pre-wrap" }}>
              {run.sql.slowest}
            </Box>
          </Part>
        )}
        {run.denials.length > 0 && (
          <Part title="Denials">
            <Box component="ul" sx={{ m: 0, pl: 9, display: "grid", gap: 2, overflowWrap: "anywhere" }}>
              {run.denials.map((denial, index) => (
                <li key={index}>
                  <Box component="span" sx={CODE}>
                    {denial.function}
                  </Box>
                  : {denial.what}
                </li>
              ))}
            </Box>
          </Part>
        )}
        {calls.length > 0 && (
          <Part title="Host calls">
            <Box component="ul" sx={{ m: 0, pl: 9, display: "grid", gap: 2, overflowWrap: "anywhere" }}>
              {calls.map(([name, count]) => (
                <li key={name}>
                  <Box component="span" sx={CODE}>
                    {name}
                  </Box>{" "}
                  {count === 1 ? "once" : `${count} times`}
                </li>
              ))}
            </Box>
          </Part>
        )}
      </DialogContent>
      <DialogActions>
        <Button color="inherit" onClick={onClose}>
          Close
        </Button>
      </DialogActions>
    </Dialog>
  );
}

const CODE = { fontFamily: MONOSPACE_FONTS, fontSize: 12, overflowWrap: "anywhere" } as const;

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Box component="section" sx={{ mt: 8 }}>
      <Typography variant="h3" sx={{ mb: 3 }}>
        {title}
      </Typography>
      {children}
    </Box>
  );
}
