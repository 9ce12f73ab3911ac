import Box from "@mui/material/Box";
import Paper from "@mui/material/Paper";
import Typography from "@mui/material/Typography";
import { useId, type ReactNode } from "react";

interface SectionProps {
  title: string;
  intro?: ReactNode;
  children: ReactNode;
}

/** A titled block of a page, reachable by its heading and as a region. */
export function Section({ title, intro, children }: SectionProps) {
  const id = useId();
  return (
    <Paper component="section" variant="outlined" aria-labelledby={id} sx={{ borderRadius: 2, minWidth: 0 }}>
      <Box sx={{ px: { xs: 8, sm: 10 }, pt: 8 }}>
        <Typography variant="h2" id={id}>
          {title}
        </Typography>
        {intro && (
          <Typography color="text.secondary" sx={{ mt: 1 }}>
            {intro}
          </Typography>
        )}
      </Box>
      <Box sx={{ px: { xs: 8, sm: 10 }, pt: 6, pb: 10 }}>{children}</Box>
    </Paper>
  );
}
