import Box from "@mui/material/Box";
import Pagination from "@mui/material/Pagination";
import PaginationItem from "@mui/material/PaginationItem";
import useMediaQuery from "@mui/material/useMediaQuery";
import { Link } from "react-router";

interface PageLinksProps {
  label: string;
  page: number;
  pages: number;
  addressOf: (page: number) => string;
  onTurn: () => void;
}

/** Links to the other pages of a long list. */
export function PageLinks({ label, page, pages, addressOf, onTurn }: PageLinksProps) {
  const isNarrow = useMediaQuery("(max-width: 600px)");
  if (pages <= 1) return null;
  return (
    <Box sx={{ display: "flex", justifyContent: "center", mt: 10 }}>
      <Pagination
        aria-label={label}
        page={Math.min(page, pages)}
        count={pages}
        shape="rounded"
        color="primary"
        siblingCount={isNarrow ? 0 : 1}
        size={isNarrow ? "small" : "medium"}
        renderItem={(item) => (
          <PaginationItem
            {...item}
            {...(item.page !== null && !item.disabled && { component: Link, to: addressOf(item.page), onClick: onTurn })}
          />
        )}
      />
    </Box>
  );
}
