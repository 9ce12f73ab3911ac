import Box from "@mui/material/Box";
import type { ReactNode } from "react";

/** Why a form was refused. Lighter than MUI's Alert: the sign-in page is the first download. */
export function FormError({ children }: { children: ReactNode }) {
  return (
    <Box
      role="alert"
      sx={{
        px: 6,
        py: 4,
        border: 1,
        borderColor: "error.main",
        borderLeftWidth: 4,
        borderRadius: 1,
        overflowWrap: "anywhere",
      }}
    >
      {children}
    </Box>
  );
}
