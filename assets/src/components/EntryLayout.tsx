import Box from "@mui/material/Box";
import Paper from "@mui/material/Paper";
import Typography from "@mui/material/Typography";
import { useEffect, type ReactNode } from "react";
import { Brand } from "./Brand";

interface EntryLayoutProps {
  title: string;
  intro: ReactNode;
  children: ReactNode;
}

/** The frame of pages that come before sign-in. */
export function EntryLayout({ title, intro, children }: EntryLayoutProps) {
  useEffect(() => {
    document.title = `${title} · Souk`;
  }, [title]);

  return (
    <Box
      component="main"
      sx={{ minHeight: "100dvh", display: "flex", flexDirection: "column", alignItems: "center", px: 8, py: 24 }}
    >
      <Box sx={{ my: "auto", width: "100%", maxWidth: 400 }}>
        <Box sx={{ textAlign: "center", mb: 10 }}>
          <Brand size={32} />
        </Box>
        <Paper variant="outlined" sx={{ p: { xs: 10, sm: 16 }, borderRadius: 2 }}>
          <Typography variant="h1">{title}</Typography>
          <Typography color="text.secondary" sx={{ mt: 2, mb: 12 }}>
            {intro}
          </Typography>
          {children}
        </Paper>
      </Box>
    </Box>
  );
}
