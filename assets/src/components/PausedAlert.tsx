import Alert from "@mui/material/Alert";
import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import { useState } from "react";
import { toMessage } from "../api/toMessage";
import type { PluginInstallation } from "../api/types";
import { manifestOf, pluginTitle } from "../plugins/pluginTitle";
import { usePluginRegistry } from "../plugins/PluginRegistryContext";
import { reasonNotToManage } from "../session/permissions";
import { useUser } from "../session/SessionContext";
import { ActionButton } from "./ActionButton";
import { useAnnounce } from "./AnnouncerProvider";
import { focusPageHeading } from "./focusPageHeading";
import { Time } from "./Time";

/** Why the host runs nothing of a plugin any more, and the way back for those who may decide it. */
export function PausedAlert({ installation }: { installation: PluginInstallation }) {
  const user = useUser();
  const announce = useAnnounce();
  const registry = usePluginRegistry();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const title = pluginTitle(manifestOf(installation));
  const { paused } = installation;
  if (!paused) return null;

  async function resume() {
    setError(null);
    setBusy(true);
    announce(`Resuming ${title}`);
    try {
      await registry.resume(installation.id);
      announce(`${title} runs again`);
      focusPageHeading();
    } catch (failure) {
      setError(toMessage(failure));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Alert severity="warning" sx={{ alignItems: "flex-start" }}>
      <Typography sx={{ fontWeight: 500 }}>
        Paused since <Time value={paused.at} />
      </Typography>
      <Typography sx={{ "&::first-letter": { textTransform: "uppercase" } }}>{paused.reason}</Typography>
      {error && (
        <Typography role="alert" color="error" sx={{ mt: 3 }}>
          {error}
        </Typography>
      )}
      {reasonNotToManage(user) === null && (
        <Box sx={{ mt: 5, mb: 1 }}>
          <ActionButton
            size="small"
            variant="outlined"
            color="inherit"
            onClick={() => void resume()}
            busyLabel={isBusy ? "Resuming…" : null}
            aria-label={isBusy ? undefined : `Resume ${title}`}
          >
            Resume
          </ActionButton>
        </Box>
      )}
    </Alert>
  );
}
