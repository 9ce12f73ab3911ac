import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import type { ReactNode } from "react";
import type { Permission } from "../api/types";
import { RatingMark } from "./RatingMark";

interface PermissionListProps<Line extends Permission> {
  label: string;
  permissions: Line[];
  /** What stands beside a line: its state, or the switch that changes it. */
  renderState?: (line: Line) => ReactNode;
}

/** What a plugin asks for: the host's sentence, how much harm it could do, and the author's reason. */
export function PermissionList<Line extends Permission>({ label, permissions, renderState }: PermissionListProps<Line>) {
  return (
    <Box component="ul" aria-label={label} sx={{ listStyle: "none", m: 0, p: 0 }}>
      {permissions.map((line) => (
        <Box
          component="li"
          key={line.id}
          sx={{
            display: "flex",
            flexWrap: "wrap",
            alignItems: "center",
            columnGap: 8,
            rowGap: 2,
            py: 5,
            "&:not(:last-child)": { borderBottom: 1, borderColor: "divider" },
          }}
        >
          <Box sx={{ flex: "1 1 220px", minWidth: 0, overflowWrap: "anywhere" }}>
            <Typography sx={{ fontWeight: 500 }}>{line.sentence}</Typography>
            <Box sx={{ display: "flex", flexWrap: "wrap", alignItems: "center", columnGap: 6, mt: 1 }}>
              <RatingMark rating={line.rating} />
              {line.optional && (
                <Typography variant="caption" color="text.secondary">
                  Optional
                </Typography>
              )}
            </Box>
            <Typography variant="caption" component="p" color="text.secondary" sx={{ mt: 1 }}>
              The author’s reason: {line.reason}
            </Typography>
          </Box>
          {renderState?.(line)}
        </Box>
      ))}
    </Box>
  );
}
