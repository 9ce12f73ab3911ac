import { lazy, Suspense } from "react";
import { Navigate, Route, Routes } from "react-router";
import { PageBoundary } from "./components/PageBoundary";
import { PageProgress } from "./components/PageProgress";
import { SignInPage } from "./pages/sign-in/SignInPage";
import { RequireSession } from "./session/RequireSession";

// Only sign-in is part of the first download; the rest arrives when it is needed.
const AppShell = lazy(() => import("./components/AppShell"));
const SetupPage = lazy(() => import("./pages/setup/SetupPage"));
const PluginsPage = lazy(() => import("./pages/plugins/PluginsPage"));
const PluginPage = lazy(() => import("./pages/plugin/PluginPage"));
const ModelInventoryPage = lazy(() => import("./pages/model-inventory/ModelInventoryPage"));
const NotFoundPage = lazy(() => import("./pages/not-found/NotFoundPage"));

export function App() {
  return (
    <PageBoundary>
      <Suspense fallback={<PageProgress />}>
        <Routes>
          <Route path="/sign-in" element={<SignInPage />} />
          <Route path="/setup" element={<SetupPage />} />
          <Route
            element={
              <RequireSession>
                <AppShell />
              </RequireSession>
            }
          >
            <Route index element={<Navigate to="/plugins" replace />} />
            <Route path="/plugins" element={<PluginsPage />} />
            <Route path="/plugins/:pluginKey/manage" element={<PluginPage />} />
            <Route path="/model-inventory" element={<ModelInventoryPage />} />
            <Route path="*" element={<NotFoundPage />} />
          </Route>
        </Routes>
      </Suspense>
    </PageBoundary>
  );
}
