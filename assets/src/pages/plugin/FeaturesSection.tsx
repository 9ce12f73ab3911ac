import Box from "@mui/material/Box";
import Typography from "@mui/material/Typography";
import type { Plugin } from "../../api/types";
import { Section } from "../../components/Section";

export function FeaturesSection({ plugin }: { plugin: Plugin }) {
  const features = [...(plugin.features ?? [])].sort((one, other) => one.displayOrder - other.displayOrder);
  if (features.length === 0) return null;
  return (
    <Section title="Features">
      <Box
        component="dl"
        sx={{
          m: 0,
          display: "grid",
          columnGap: 12,
          rowGap: 6,
          gridTemplateColumns: "repeat(auto-fill, minmax(min(100%, 240px), 1fr))",
        }}
      >
        {features.map((feature) => (
          <div key={feature.name}>
            <Typography component="dt" sx={{ fontWeight: 500 }}>
              {feature.name}
            </Typography>
            <Typography component="dd" color="text.secondary" sx={{ m: 0 }}>
              {feature.description}
            </Typography>
          </div>
        ))}
      </Box>
    </Section>
  );
}
