import Box from "@mui/material/Box";
import type { ReactNode } from "react";

interface PluginGridProps {
  label: string;
  /** A newer answer is on its way. */
  isStale?: boolean;
  children: ReactNode;
}

export function PluginGrid({ label, isStale = false, children }: PluginGridProps) {
  return (
    <Box
      component="ul"
      aria-label={label}
      aria-busy={isStale}
      sx={{
        listStyle: "none",
        m: 0,
        p: 0,
        display: "grid",
        gap: 6,
        gridTemplateColumns: "repeat(auto-fill, minmax(min(100%, 300px), 1fr))",
        opacity: isStale ? 0.6 : 1,
        transition: "opacity 120ms 150ms",
      }}
    >
      {children}
    </Box>
  );
}
