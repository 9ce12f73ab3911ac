import { useEffect, useRef, type RefObject } from "react";

export interface PageTurn {
  /** For the line that says what is shown: it takes the focus on a new page, and so is read aloud. */
  line: RefObject<HTMLParagraphElement | null>;
  onTurn: () => void;
}

/** Brings the reader to the top of the list once the page that was asked for has arrived as `data`. */
export function usePageTurn(data: unknown): PageTurn {
  const line = useRef<HTMLParagraphElement>(null);
  const isTurning = useRef(false);

  useEffect(() => {
    if (!isTurning.current || data === null) return;
    isTurning.current = false;
    line.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [data]);

  return {
    line,
    onTurn: () => {
      isTurning.current = true;
    },
  };
}
