import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import type { ReactNode } from "react";

/** Names and values beneath each other; holds `Detail`s. */
export function DetailList({ children }: { children: ReactNode }) {
  return (
    <Box component="dl" sx={{ m: 0, display: "grid", gridTemplateColumns: "96px minmax(0, 1fr)", gap: 4 }}>
      {children}
    </Box>
  );
}

export function Detail({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <Typography component="dt" color="text.secondary">
        {name}
      </Typography>
      <Typography component="dd" sx={{ m: 0, overflowWrap: "anywhere" }}>
        {children}
      </Typography>
    </>
  );
}
