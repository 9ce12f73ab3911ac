import createCache from "@emotion/cache";
import { CacheProvider } from "@emotion/react";
import CssBaseline from "@mui/material/CssBaseline";
import { ThemeProvider } from "@mui/material/styles";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { App } from "./App";
// Before the first navigation: later pages compare themselves with the first.
import "./components/firstPage";
import { SessionProvider } from "./session/SessionProvider";
import { theme } from "./theme";

const COLOR_MODE = "souk.color-mode";

// Styles are refused by the content security policy unless they carry this reply's nonce.
const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";
const styles = createCache({ key: "souk", nonce });

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <CacheProvider value={styles}>
        <ThemeProvider theme={theme} modeStorageKey={COLOR_MODE} defaultMode="system" noSsr>
          <CssBaseline enableColorScheme />
          <BrowserRouter>
            <SessionProvider>
              <App />
            </SessionProvider>
          </BrowserRouter>
        </ThemeProvider>
      </CacheProvider>
    </StrictMode>,
  );
}
