import Box from "@mui/material/Box";
import FormControlLabel from "@mui/material/FormControlLabel";
import Switch from "@mui/material/Switch";
import { visuallyHidden } from "@mui/utils";
import type { Permission } from "../api/types";

interface PermissionSwitchProps {
  permission: Permission;
  isAllowed: boolean;
  onChange: (isAllowed: boolean) => void;
  isDisabled: boolean;
}

export function PermissionSwitch({ permission, isAllowed, onChange, isDisabled }: PermissionSwitchProps) {
  return (
    <FormControlLabel
      sx={{ ml: -2, mr: 0, gap: 3 }}
      control={
        <Switch
          size="small"
          checked={isAllowed}
          disabled={isDisabled}
          onChange={(event) => onChange(event.target.checked)}
        />
      }
      label={
        <>
          Allow
          <Box component="span" sx={visuallyHidden}>
            {" "}
            {permission.sentence}
          </Box>
        </>
      }
    />
  );
}
