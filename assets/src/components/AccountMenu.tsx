import Avatar from "@mui/material/Avatar";
import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Divider from "@mui/material/Divider";
import ListItemIcon from "@mui/material/ListItemIcon";
import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import Typography from "@mui/material/Typography";
import KeyOutlined from "@mui/icons-material/KeyOutlined";
import LogoutOutlined from "@mui/icons-material/LogoutOutlined";
import { visuallyHidden } from "@mui/utils";
import { lazy, Suspense, useState } from "react";
import { toMessage } from "../api/toMessage";
import { useSession, useUser } from "../session/SessionContext";
import { useAnnounce } from "./AnnouncerProvider";
import { ColorModeSwitch } from "./ColorModeSwitch";

const ChangePasswordDialog = lazy(() => import("./ChangePasswordDialog"));

/** Who is signed in, and what concerns this person alone. */
export function AccountMenu() {
  const user = useUser();
  const { leave } = useSession();
  const announce = useAnnounce();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const [isChangingPassword, setChangingPassword] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const close = () => setAnchor(null);

  function signOut() {
    leave().catch((failure: unknown) => {
      setError(toMessage(failure));
      announce(toMessage(failure));
    });
  }

  return (
    <>
      <Button
        color="inherit"
        onClick={(event) => setAnchor(event.currentTarget)}
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        sx={{ gap: 4, px: 4, minWidth: 0 }}
      >
        <Avatar aria-hidden sx={{ width: 28, height: 28, fontSize: 12, bgcolor: "primary.main", color: "primary.contrastText" }}>
          {initials(user.name)}
        </Avatar>
        <Box component="span" sx={visuallyHidden}>
          Account of
        </Box>
        <Box sx={[{ textAlign: "left", lineHeight: 1.3 }, (theme) => ({ [theme.breakpoints.down("sm")]: visuallyHidden })]}>
          <Box sx={{ fontWeight: 500 }}>{user.name}</Box>
          <Box sx={{ fontSize: 11.5, color: "text.secondary", fontWeight: 400 }}>{user.organizationName}</Box>
        </Box>
      </Button>
      <Menu
        open={anchor !== null}
        anchorEl={anchor}
        onClose={close}
        anchorOrigin={{ vertical: "bottom", horizontal: "right" }}
        transformOrigin={{ vertical: "top", horizontal: "right" }}
        slotProps={{ paper: { variant: "outlined", sx: { width: 264, mt: 2 } }, list: { "aria-label": "Account" } }}
      >
        <Box component="li" role="none" sx={{ px: 8, pt: 2, pb: 5 }}>
          <Typography sx={{ fontWeight: 600 }}>{user.name}</Typography>
          <Typography variant="caption" color="text.secondary" component="p" sx={{ overflowWrap: "anywhere" }}>
            {user.email}
          </Typography>
          <Typography variant="caption" color="text.secondary" component="p">
            {user.roleName} of {user.organizationName}
          </Typography>
        </Box>
        <Divider component="li" />
        <ColorModeSwitch />
        <Divider component="li" />
        <MenuItem
          onClick={() => {
            close();
            setChangingPassword(true);
          }}
        >
          <ListItemIcon>
            <KeyOutlined fontSize="small" />
          </ListItemIcon>
          Change password
        </MenuItem>
        <MenuItem onClick={signOut}>
          <ListItemIcon>
            <LogoutOutlined fontSize="small" />
          </ListItemIcon>
          Sign out
        </MenuItem>
        {error && (
          <Typography component="li" role="none" color="error" variant="caption" sx={{ px: 8, pb: 3, display: "block" }}>
            {error}
          </Typography>
        )}
      </Menu>
      {isChangingPassword && (
        <Suspense fallback={null}>
          <ChangePasswordDialog onClose={() => setChangingPassword(false)} />
        </Suspense>
      )}
    </>
  );
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== "");
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => word?.charAt(0) ?? "");
  return letters.join("").toUpperCase();
}
