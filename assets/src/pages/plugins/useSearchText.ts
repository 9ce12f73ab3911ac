import { useEffect, useRef, useState } from "react";

/** Typing rests this long before the server is asked. */
const SEARCH_PAUSE_MS = 200;

/**
 * What stands in the search field: the address's query, and what is being typed beyond it. An
 * address that changes by itself, as by the browser's Back, puts its query into the field.
 */
export function useSearchText(query: string, search: (query: string) => void): [string, (text: string) => void] {
  const [text, setText] = useState(query);
  const asked = useRef(query);

  useEffect(() => {
    if (query === asked.current) return;
    asked.current = query;
    setText(query);
  }, [query]);

  useEffect(() => {
    const timer = setTimeout(() => {
      if (text.trim() === asked.current) return;
      asked.current = text.trim();
      search(asked.current);
    }, SEARCH_PAUSE_MS);
    return () => clearTimeout(timer);
  });

  return [text, setText];
}
