import Box from "@mui/material/Box";
import Paper from "@mui/material/Paper";
import Skeleton from "@mui/material/Skeleton";
import { PluginGrid } from "./PluginGrid";

const COUNT = 6;

export function PluginCardSkeletons() {
  return (
    <PluginGrid label="Loading plugins">
      {Array.from({ length: COUNT }, (_, index) => (
        <Paper key={index} component="li" variant="outlined" aria-hidden sx={{ p: 8, borderRadius: 2, minHeight: 168 }}>
          <Box sx={{ display: "flex", gap: 6, mb: 6 }}>
            <Skeleton variant="rounded" width={40} height={40} />
            <Box sx={{ flex: 1 }}>
              <Skeleton width="60%" />
              <Skeleton width="40%" />
            </Box>
          </Box>
          <Skeleton />
          <Skeleton width="80%" />
        </Paper>
      ))}
    </PluginGrid>
  );
}
