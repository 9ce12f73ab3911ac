import Box from "@mui/material/Box";
import List from "@mui/material/List";
import ListItem from "@mui/material/ListItem";
import ListItemButton from "@mui/material/ListItemButton";
import ListItemIcon from "@mui/material/ListItemIcon";
import ListItemText from "@mui/material/ListItemText";
import ExtensionOutlined from "@mui/icons-material/ExtensionOutlined";
import Inventory2Outlined from "@mui/icons-material/Inventory2Outlined";
import { NavLink } from "react-router";

const PAGES = [
  { path: "/model-inventory", label: "Model inventory", Icon: Inventory2Outlined },
  { path: "/plugins", label: "Plugins", Icon: ExtensionOutlined },
];

export function MainNavigation({ onNavigate }: { onNavigate?: () => void }) {
  return (
    <Box component="nav" aria-label="Main">
      <List sx={{ px: 5, py: 6, display: "grid", gap: 1 }}>
        {PAGES.map(({ path, label, Icon }) => (
          <ListItem key={path} disablePadding>
            <ListItemButton
              component={NavLink}
              to={path}
              onClick={onNavigate}
              sx={{
                borderRadius: 1,
                px: 5,
                py: 3.5,
                color: "text.secondary",
                "&.active": { bgcolor: "action.selected", color: "primary.main" },
              }}
            >
              <ListItemIcon sx={{ minWidth: 30, color: "inherit" }}>
                <Icon fontSize="small" />
              </ListItemIcon>
              <ListItemText primary={label} sx={{ my: 0 }} slotProps={{ primary: { fontWeight: 500 } }} />
            </ListItemButton>
          </ListItem>
        ))}
      </List>
    </Box>
  );
}
