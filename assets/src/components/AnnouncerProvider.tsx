import Box from "@mui/material/Box";
import { visuallyHidden } from "@mui/utils";
import { createContext, useCallback, useContext, useState, type ReactNode } from "react";

const AnnounceContext = createContext<(message: string) => void>(() => {});

/** Gives a function that has a message read aloud by a screen reader, without moving the focus. */
export function useAnnounce(): (message: string) => void {
  return useContext(AnnounceContext);
}

export function AnnouncerProvider({ children }: { children: ReactNode }) {
  const [message, setMessage] = useState({ text: "", count: 0 });
  const announce = useCallback(
    (text: string) => setMessage((previous) => ({ text, count: previous.count + 1 })),
    [],
  );
  return (
    <AnnounceContext value={announce}>
      {children}
      <Box role="status" aria-live="polite" sx={visuallyHidden}>
        {/* The key makes the same words a new message. */}
        <span key={message.count}>{message.text}</span>
      </Box>
    </AnnounceContext>
  );
}
