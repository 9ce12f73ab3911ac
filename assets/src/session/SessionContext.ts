import { createContext, useContext } from "react";
import type { User } from "../api/types";

export type Session =
  | { status: "loading" }
  | { status: "signed-out" }
  | { status: "unknown"; reason: string }
  | { status: "signed-in"; user: User };

export interface SessionActions {
  session: Session;
  enter: (user: User) => void;
  leave: () => Promise<void>;
  /** Asks the server again after it could not be reached. */
  retry: () => void;
}

export const SessionContext = createContext<SessionActions | null>(null);

export function useSession(): SessionActions {
  const value = useContext(SessionContext);
  if (value === null) throw new Error("useSession needs a SessionProvider above it");
  return value;
}

/** The signed-in user. Only for components below RequireSession. */
export function useUser(): User {
  const { session } = useSession();
  if (session.status !== "signed-in") throw new Error("useUser needs a RequireSession above it");
  return session.user;
}
