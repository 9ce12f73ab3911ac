import Box from "@mui/material/Box";
import Link from "@mui/material/Link";
import Paper from "@mui/material/Paper";
import Skeleton from "@mui/material/Skeleton";
import Table from "@mui/material/Table";
import TableBody from "@mui/material/TableBody";
import TableCell from "@mui/material/TableCell";
import TableHead from "@mui/material/TableHead";
import TableRow from "@mui/material/TableRow";
import type { ReactNode } from "react";

const SKELETON_ROWS = 5;

export interface Column<Row> {
  label: string;
  /** Null shows a dash. */
  render: (row: Row) => ReactNode;
  isHeader?: boolean;
  /** For running text: it may take several lines. */
  wraps?: boolean;
}

interface DataTableProps<Row> {
  label: string;
  columns: Column<Row>[];
  /** Null while they are on their way. */
  rows: Row[] | null;
  rowKey: (row: Row, index: number) => string | number;
  /** Makes each row's heading a button, and the row a larger place to click. */
  onOpen?: (row: Row) => void;
  /** Less room between columns, where there are many. */
  isDense?: boolean;
  /** A newer answer is on its way. */
  isStale?: boolean;
}

/** Rows under headings. On a narrow screen it scrolls sideways, by keyboard too. */
export function DataTable<Row>({ label, columns, rows, rowKey, onOpen, isDense = false, isStale = false }: DataTableProps<Row>) {
  return (
    <Paper
      variant="outlined"
      role="region"
      aria-label={label}
      aria-busy={rows === null || isStale}
      tabIndex={0}
      sx={{ overflowX: "auto", borderRadius: 2, opacity: isStale ? 0.6 : 1, transition: "opacity 120ms 150ms" }}
    >
      <Table sx={isDense ? { "& th, & td": { px: 5 }, "& th:first-of-type": { pl: 8 } } : {}}>
        <TableHead>
          <TableRow>
            {columns.map((column) => (
              <TableCell key={column.label}>{column.label}</TableCell>
            ))}
          </TableRow>
        </TableHead>
        <TableBody sx={{ "& tr:last-child > *": { borderBottom: 0 } }}>
          {rows === null
            ? Array.from({ length: SKELETON_ROWS }, (_, index) => (
                <TableRow key={index}>
                  {columns.map((column) => (
                    <TableCell key={column.label}>
                      <Skeleton />
                    </TableCell>
                  ))}
                </TableRow>
              ))
            : rows.map((row, index) => (
                <TableRow
                  key={rowKey(row, index)}
                  hover
                  // A click on the button arrives here too.
                  onClick={onOpen && (() => onOpen(row))}
                  sx={{ cursor: onOpen && "pointer" }}
                >
                  {columns.map((column) => (
                    <TableCell
                      key={column.label}
                      {...(column.isHeader ? { component: "th", scope: "row" } : {})}
                      sx={{
                        fontWeight: column.isHeader ? 500 : undefined,
                        ...(column.wraps ? { minWidth: 150, overflowWrap: "anywhere" } : { whiteSpace: "nowrap" }),
                      }}
                    >
                      {column.isHeader && onOpen ? (
                        <Link component="button" type="button" aria-haspopup="dialog" sx={{ textAlign: "left" }}>
                          {column.render(row)}
                        </Link>
                      ) : (
                        (column.render(row) ?? <Box sx={{ color: "text.secondary" }}>–</Box>)
                      )}
                    </TableCell>
                  ))}
                </TableRow>
              ))}
        </TableBody>
      </Table>
    </Paper>
  );
}
