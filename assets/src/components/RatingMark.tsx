import Box from "@mui/material/Box";
import ErrorOutline from "@mui/icons-material/ErrorOutline";
import InfoOutlined from "@mui/icons-material/InfoOutlined";
import ShieldOutlined from "@mui/icons-material/ShieldOutlined";
import WarningAmber from "@mui/icons-material/WarningAmber";
import type { Rating } from "../api/types";

const MARKS = {
  high: { word: "High risk", Icon: WarningAmber, color: "error.main" },
  medium: { word: "Medium risk", Icon: ErrorOutline, color: "warning.main" },
  low: { word: "Low risk", Icon: InfoOutlined, color: "text.secondary" },
  none: { word: "Asks for nothing", Icon: ShieldOutlined, color: "text.secondary" },
} as const;

/** How much harm a permission could do: a shape, a word and a colour. */
export function RatingMark({ rating }: { rating: Rating | "none" }) {
  const { word, Icon, color } = MARKS[rating];
  return (
    <Box component="span" sx={{ display: "inline-flex", alignItems: "center", gap: 2, color, fontSize: 12, fontWeight: 500 }}>
      <Icon aria-hidden sx={{ fontSize: 16 }} />
      {word}
    </Box>
  );
}
