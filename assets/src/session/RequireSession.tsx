import type { ReactNode } from "react";
import { Navigate, useLocation } from "react-router";
import { ErrorState } from "../components/ErrorState";
import { PageProgress } from "../components/PageProgress";
import { useSession } from "./SessionContext";

/** Shows its children to a signed-in user and sends everyone else to sign-in, with the way back. */
export function RequireSession({ children }: { children: ReactNode }) {
  const { session, retry } = useSession();
  const { pathname, search } = useLocation();

  switch (session.status) {
    case "loading":
      return <PageProgress />;
    case "unknown":
      return <ErrorState title="Souk cannot be reached" message={session.reason} onRetry={retry} />;
    case "signed-out": {
      const back = pathname + search;
      const suffix = back === "/" ? "" : `?return=${encodeURIComponent(back)}`;
      return <Navigate to={`/sign-in${suffix}`} replace />;
    }
    case "signed-in":
      return children;
  }
}
