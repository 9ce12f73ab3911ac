import Box from "@mui/material/Box";
import Chip from "@mui/material/Chip";
import type { PluginCategoryInfo } from "../../api/types";

interface CategoryFilterProps {
  categories: PluginCategoryInfo[];
  /** Empty for all. */
  selected: string;
  onSelect: (id: string) => void;
}

const ALL = { id: "", name: "All", description: "Plugins of every category" };

export function CategoryFilter({ categories, selected, onSelect }: CategoryFilterProps) {
  return (
    <Box role="group" aria-label="Category" sx={{ display: "flex", flexWrap: "wrap", gap: 3 }}>
      {[ALL, ...categories].map(({ id, name, description }) => {
        const isSelected = id === selected;
        return (
          <Chip
            key={id}
            label={name}
            title={description}
            onClick={() => onSelect(id)}
            aria-pressed={isSelected}
            color={isSelected ? "primary" : "default"}
            variant={isSelected ? "filled" : "outlined"}
            sx={{ height: 28 }}
          />
        );
      })}
    </Box>
  );
}
