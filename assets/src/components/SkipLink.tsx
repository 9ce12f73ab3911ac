import Box from "@mui/material/Box";

export const MAIN_ID = "main";

/** The first stop of the Tab key: past the navigation, to the page. */
export function SkipLink() {
  return (
    <Box
      component="a"
      href={`#${MAIN_ID}`}
      onClick={(event) => {
        // Moving the focus is enough; a fragment in the address would be one more step back.
        event.preventDefault();
        document.getElementById(MAIN_ID)?.focus();
      }}
      sx={{
        position: "fixed",
        top: 8,
        left: 8,
        zIndex: "tooltip",
        px: 8,
        py: 4,
        borderRadius: 1,
        bgcolor: "primary.main",
        color: "primary.contrastText",
        transform: "translateY(-200%)",
        "&:focus": { transform: "none" },
      }}
    >
      Skip to the page
    </Box>
  );
}
