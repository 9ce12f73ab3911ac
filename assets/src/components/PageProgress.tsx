import Box from "@mui/material/Box";
import CircularProgress from "@mui/material/CircularProgress";

/** While a page's code or the session is on its way. */
export function PageProgress() {
  return (
    <Box sx={{ display: "grid", placeItems: "center", minHeight: "60vh" }}>
      <CircularProgress size={28} aria-label="Loading" />
    </Box>
  );
}
