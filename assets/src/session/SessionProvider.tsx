import { useCallback, useEffect, useMemo, useState, type ReactNode } from "react";
import { forgetSession, hasSession, onSignedOut, rememberSession } from "../api/client";
import { toMessage } from "../api/toMessage";
import type { User } from "../api/types";
import { getCurrentUser, signOut } from "../api/users";
import { SessionContext, type Session } from "./SessionContext";

/** Knows who is signed in. The session itself is a cookie that this page cannot read. */
export function SessionProvider({ children }: { children: ReactNode }) {
  const [session, setSession] = useState<Session>(() => ({ status: hasSession() ? "loading" : "signed-out" }));

  useEffect(() => onSignedOut(() => setSession({ status: "signed-out" })), []);

  useEffect(() => {
    if (session.status !== "loading") return undefined;
    const controller = new AbortController();
    getCurrentUser(controller.signal)
      .then((user) => setSession({ status: "signed-in", user }))
      .catch((error: unknown) => {
        if (controller.signal.aborted) return;
        setSession((current) =>
          current.status === "loading" ? { status: "unknown", reason: toMessage(error) } : current,
        );
      });
    return () => controller.abort();
  }, [session.status]);

  const enter = useCallback((user: User) => {
    rememberSession();
    setSession({ status: "signed-in", user });
  }, []);

  const leave = useCallback(async () => {
    await signOut();
    forgetSession();
    setSession({ status: "signed-out" });
  }, []);

  const retry = useCallback(() => setSession({ status: "loading" }), []);

  const value = useMemo(() => ({ session, enter, leave, retry }), [session, enter, leave, retry]);
  return <SessionContext value={value}>{children}</SessionContext>;
}
