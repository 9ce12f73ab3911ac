import Box from "@mui/material/Box";
import BlockOutlined from "@mui/icons-material/BlockOutlined";
import Check from "@mui/icons-material/Check";

export function GrantState({ isGranted }: { isGranted: boolean }) {
  const Icon = isGranted ? Check : BlockOutlined;
  return (
    <Box
      component="span"
      sx={{
        display: "inline-flex",
        alignItems: "center",
        gap: 2,
        fontSize: 12,
        fontWeight: 500,
        color: isGranted ? "success.main" : "text.secondary",
      }}
    >
      <Icon aria-hidden sx={{ fontSize: 16 }} />
      {isGranted ? "Allowed" : "Not allowed"}
    </Box>
  );
}
