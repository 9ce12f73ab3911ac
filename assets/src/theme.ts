// The look of every page. Spacing, font size and primary colour are part of the contract with
// plugin bundles: they are drawn for these values.

import { createTheme } from "@mui/material/styles";

const SYSTEM_FONTS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif';

export const MONOSPACE_FONTS = 'ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace';

export const theme = createTheme({
  cssVariables: false,
  colorSchemes: {
    light: {
      palette: {
        primary: { main: "#13715B" },
        error: { main: "#B42318" },
        warning: { main: "#B54708" },
        success: { main: "#067647" },
        info: { main: "#175CD3" },
        background: { default: "#F7F8F8", paper: "#FFFFFF" },
        text: { primary: "#1C2130", secondary: "#525B6B" },
        divider: "#E1E5E8",
      },
    },
    dark: {
      palette: {
        primary: { main: "#58C2A5" },
        error: { main: "#F97066" },
        warning: { main: "#FDB022" },
        success: { main: "#47CD89" },
        info: { main: "#84ADFF" },
        background: { default: "#111514", paper: "#191E1D" },
        text: { primary: "#E8ECEB", secondary: "#A3AEAB" },
        divider: "#2D3533",
      },
    },
  },
  spacing: 2,
  shape: { borderRadius: 6 },
  typography: {
    fontFamily: SYSTEM_FONTS,
    fontSize: 13,
    h1: { fontSize: 22, fontWeight: 600, lineHeight: 1.3, letterSpacing: "-0.01em" },
    h2: { fontSize: 15, fontWeight: 600, lineHeight: 1.4 },
    h3: { fontSize: 14, fontWeight: 600, lineHeight: 1.4 },
    body1: { fontSize: 13, lineHeight: 1.5 },
    body2: { fontSize: 13, lineHeight: 1.5 },
    caption: { fontSize: 12, lineHeight: 1.4 },
    button: { fontSize: 13, fontWeight: 500, textTransform: "none" },
  },
  components: {
    MuiButton: {
      defaultProps: { disableElevation: true },
      styleOverrides: {
        root: { minHeight: 34, paddingInline: 14, whiteSpace: "nowrap" },
        sizeSmall: { minHeight: 30, paddingInline: 10 },
      },
    },
    MuiButtonBase: {
      styleOverrides: {
        root: ({ theme: current }) => ({
          "&.Mui-focusVisible": { outline: `2px solid ${current.palette.primary.main}`, outlineOffset: 2 },
        }),
      },
    },
    MuiPaper: { defaultProps: { elevation: 0 }, styleOverrides: { root: { backgroundImage: "none" } } },
    // A dialog takes the focus when it opens; as nothing can be done with it itself, no ring marks it.
    MuiDialog: { styleOverrides: { paper: { border: 0, outline: "none" } } },
    MuiDialogTitle: { styleOverrides: { root: { fontSize: 16, fontWeight: 600, padding: "20px 24px 8px" } } },
    MuiDialogActions: { styleOverrides: { root: { padding: "12px 24px 20px" } } },
    MuiAlert: {
      styleOverrides: {
        root: { padding: "6px 14px", alignItems: "center" },
        message: { minWidth: 0, overflowWrap: "anywhere" },
      },
    },
    MuiChip: {
      styleOverrides: { root: { fontSize: 12, borderRadius: 6 }, sizeSmall: { height: 22 }, iconSmall: { fontSize: 14, marginLeft: 6 } },
    },
    MuiTab: { styleOverrides: { root: { minHeight: 42, padding: "8px 14px", fontSize: 13 } } },
    MuiTabs: { styleOverrides: { root: { minHeight: 42 } } },
    MuiTableCell: {
      styleOverrides: {
        root: { padding: "10px 16px", fontSize: 13 },
        head: ({ theme: current }) => ({
          fontSize: 12,
          fontWeight: 600,
          color: current.palette.text.secondary,
          whiteSpace: "nowrap",
        }),
      },
    },
    MuiTooltip: { styleOverrides: { tooltip: { fontSize: 12, padding: "6px 10px" } } },
    MuiMenuItem: { styleOverrides: { root: { fontSize: 13, minHeight: 36 } } },
    MuiInputBase: { styleOverrides: { root: { fontSize: 13 } } },
    MuiFormHelperText: { styleOverrides: { root: { marginInline: 0, fontSize: 12 } } },
    MuiLink: { defaultProps: { underline: "hover" } },
  },
});
