import ListItemIcon from "@mui/material/ListItemIcon";
import MenuItem from "@mui/material/MenuItem";
import { useColorScheme } from "@mui/material/styles";
import Check from "@mui/icons-material/Check";
import DarkModeOutlined from "@mui/icons-material/DarkModeOutlined";
import LightModeOutlined from "@mui/icons-material/LightModeOutlined";
import SettingsBrightnessOutlined from "@mui/icons-material/SettingsBrightnessOutlined";

const MODES = [
  { mode: "light", label: "Light", Icon: LightModeOutlined },
  { mode: "dark", label: "Dark", Icon: DarkModeOutlined },
  { mode: "system", label: "As the system", Icon: SettingsBrightnessOutlined },
] as const;

/** Menu items that choose the colours; the choice is kept in this browser. */
export function ColorModeSwitch() {
  const { mode = "system", setMode } = useColorScheme();
  return MODES.map(({ mode: option, label, Icon }) => (
    <MenuItem
      key={option}
      role="menuitemradio"
      aria-checked={mode === option}
      onClick={() => setMode(option)}
    >
      <ListItemIcon>
        <Icon fontSize="small" />
      </ListItemIcon>
      {label}
      {mode === option && <Check fontSize="small" color="primary" sx={{ ml: "auto" }} />}
    </MenuItem>
  ));
}
