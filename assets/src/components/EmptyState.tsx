import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import type { ReactNode } from "react";

interface EmptyStateProps {
  icon: ReactNode;
  title: string;
  /** What to do about it. */
  children: ReactNode;
  action?: ReactNode;
}

export function EmptyState({ icon, title, children, action }: EmptyStateProps) {
  return (
    <Box
      sx={{
        border: 1,
        borderStyle: "dashed",
        borderColor: "divider",
        borderRadius: 2,
        py: 24,
        px: 8,
        textAlign: "center",
      }}
    >
      <Box aria-hidden sx={{ color: "text.secondary", "& svg": { fontSize: 32 } }}>
        {icon}
      </Box>
      <Typography variant="h2" component="p" sx={{ mt: 3 }}>
        {title}
      </Typography>
      <Typography color="text.secondary" sx={{ mt: 2, mx: "auto", maxWidth: 440 }}>
        {children}
      </Typography>
      {action && <Box sx={{ mt: 8 }}>{action}</Box>}
    </Box>
  );
}
