import Box from "@mui/material/Box";
import Button, { type ButtonProps } from "@mui/material/Button";
import CircularProgress from "@mui/material/CircularProgress";
import Tooltip from "@mui/material/Tooltip";
import { visuallyHidden } from "@mui/utils";
import { useId } from "react";

interface ActionButtonProps extends Omit<ButtonProps, "disabled" | "aria-disabled" | "loading"> {
  /** Why it cannot be used now. It stays reachable by keyboard, so that the reason can be read. */
  disabledReason?: string | null;
  /** Shown with a spinner in place of the children while work goes on. */
  busyLabel?: string | null;
}

/** A button that says why it is disabled and what it is busy with. */
export function ActionButton({
  disabledReason = null,
  busyLabel = null,
  onClick,
  children,
  sx,
  startIcon,
  ...rest
}: ActionButtonProps) {
  const reasonId = useId();
  const isOff = disabledReason !== null || busyLabel !== null;
  const button = (
    <Button
      {...rest}
      onClick={isOff ? (event) => event.preventDefault() : onClick}
      aria-disabled={isOff}
      aria-describedby={disabledReason ? reasonId : undefined}
      startIcon={busyLabel ? <CircularProgress size={14} color="inherit" aria-hidden /> : startIcon}
      disableRipple={isOff}
      sx={[
        isOff && { opacity: busyLabel ? 0.85 : 0.5, cursor: busyLabel ? "progress" : "not-allowed" },
        ...(Array.isArray(sx) ? sx : [sx]),
      ]}
    >
      {busyLabel ?? children}
    </Button>
  );
  if (disabledReason === null) return button;
  return (
    <>
      <Tooltip title={disabledReason} describeChild>
        {button}
      </Tooltip>
      <Box component="span" id={reasonId} sx={visuallyHidden}>
        {disabledReason}
      </Box>
    </>
  );
}
