import Box from "@mui/material/Box";

/** The name with its mark, as in the browser's tab. */
export function Brand({ size = 24 }: { size?: number }) {
  return (
    <Box component="span" sx={{ display: "inline-flex", alignItems: "center", gap: 4, fontWeight: 700, fontSize: size * 0.7 }}>
      <img src="/favicon.svg" alt="" width={size} height={size} />
      Souk
    </Box>
  );
}
