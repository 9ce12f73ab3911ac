import { useCallback, useEffect, useRef, useState } from "react";
import { toMessage } from "./toMessage";

export interface Resource<T> {
  data: T | null;
  error: string | null;
  isLoading: boolean;
  reload: () => void;
}

/**
 * Loads something when a page shows, and again when `key` changes. What was loaded before stays
 * visible until the new answer arrives, so that a filter does not make the page jump.
 */
export function useResource<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const [state, setState] = useState<Omit<Resource<T>, "reload">>({ data: null, error: null, isLoading: true });
  const [attempt, setAttempt] = useState(0);
  const latestLoad = useRef(load);
  latestLoad.current = load;

  useEffect(() => {
    const controller = new AbortController();
    setState((previous) => ({ ...previous, error: null, isLoading: true }));
    latestLoad
      .current(controller.signal)
      .then((data) => {
        if (!controller.signal.aborted) setState({ data, error: null, isLoading: false });
      })
      .catch((error: unknown) => {
        if (!controller.signal.aborted) setState({ data: null, error: toMessage(error), isLoading: false });
      });
    return () => controller.abort();
  }, [key, attempt]);

  const reload = useCallback(() => setAttempt((count) => count + 1), []);
  return { ...state, reload };
}
