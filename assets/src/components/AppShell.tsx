import AppBar from "@mui/material/AppBar";
import Box from "@mui/material/Box";
import Drawer from "@mui/material/Drawer";
import IconButton from "@mui/material/IconButton";
import Toolbar from "@mui/material/Toolbar";
import MenuIcon from "@mui/icons-material/Menu";
import { Suspense, useState } from "react";
import { Link as RouterLink, Outlet } from "react-router";
import { PluginRegistryProvider } from "../plugins/PluginRegistryProvider";
import { useUser } from "../session/SessionContext";
import { AccountMenu } from "./AccountMenu";
import { AnnouncerProvider } from "./AnnouncerProvider";
import { Brand } from "./Brand";
import { MainNavigation } from "./MainNavigation";
import { PageBoundary } from "./PageBoundary";
import { PageProgress } from "./PageProgress";
import { MAIN_ID, SkipLink } from "./SkipLink";

const NAVIGATION_WIDTH = 216;
const BAR_HEIGHT = 52;

/** The frame of every page after sign-in: landmarks, navigation, account, and what all pages share. */
export default function AppShell() {
  const user = useUser();
  const [isMenuOpen, setMenuOpen] = useState(false);
  const closeMenu = () => setMenuOpen(false);

  return (
    <AnnouncerProvider>
      <PluginRegistryProvider key={user.id}>
        <SkipLink />
        <AppBar
          position="sticky"
          color="inherit"
          elevation={0}
          sx={{ borderBottom: 1, borderColor: "divider", bgcolor: "background.paper" }}
        >
          <Toolbar disableGutters sx={{ minHeight: `${BAR_HEIGHT}px !important`, px: { xs: 4, md: 10 }, gap: 4 }}>
            <IconButton
              onClick={() => setMenuOpen(true)}
              aria-label="Open navigation"
              aria-expanded={isMenuOpen}
              sx={{ display: { md: "none" } }}
            >
              <MenuIcon fontSize="small" />
            </IconButton>
            <Box component={RouterLink} to="/" sx={{ color: "inherit", textDecoration: "none", display: "flex" }}>
              <Brand />
            </Box>
            <Box sx={{ flexGrow: 1 }} />
            <AccountMenu />
          </Toolbar>
        </AppBar>
        <Box sx={{ display: "flex" }}>
          <Box
            sx={{
              display: { xs: "none", md: "block" },
              width: NAVIGATION_WIDTH,
              flexShrink: 0,
              borderRight: 1,
              borderColor: "divider",
              bgcolor: "background.paper",
              position: "sticky",
              top: BAR_HEIGHT + 1,
              height: `calc(100dvh - ${BAR_HEIGHT + 1}px)`,
              overflowY: "auto",
            }}
          >
            <MainNavigation />
          </Box>
          <Drawer open={isMenuOpen} onClose={closeMenu} sx={{ display: { md: "none" } }}>
            <Box sx={{ width: 248, pt: 6 }}>
              <Box sx={{ px: 10, pb: 2 }}>
                <Brand />
              </Box>
              <MainNavigation onNavigate={closeMenu} />
            </Box>
          </Drawer>
          <Box
            component="main"
            id={MAIN_ID}
            tabIndex={-1}
            sx={{ flex: 1, minWidth: 0, px: { xs: 8, md: 16 }, py: { xs: 8, md: 14 }, outline: "none" }}
          >
            <Box sx={{ maxWidth: 1440, mx: "auto" }}>
              <PageBoundary>
                <Suspense fallback={<PageProgress />}>
                  <Outlet />
                </Suspense>
              </PageBoundary>
            </Box>
          </Box>
        </Box>
      </PluginRegistryProvider>
    </AnnouncerProvider>
  );
}
