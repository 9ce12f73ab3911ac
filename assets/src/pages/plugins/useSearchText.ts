import { useEffect, useRef, useState } from "react";

/** Typing rests this long before the server is asked. */
const SEARCH_PAUSE_MS = 200;

interface SearchText {
  text: string;
  setText: (text: string) => void;
  /** Asks at once: whoever leaves the field may be on the way to another page, which a late search would call back from. */
  searchNow: () => void;
}

/**
 * What stands in the search field: the address's query, and what is being typed beyond it. An
 * address that changes by itself, as by the browser's Back, puts its query into the field.
 */
export function useSearchText(query: string, search: (query: string) => void): SearchText {
  const [text, setText] = useState(query);
  const asked = useRef(query);

  function ask(wanted: string) {
    if (wanted === asked.current) return;
    asked.current = wanted;
    search(wanted);
  }

  useEffect(() => {
    if (query === asked.current) return;
    asked.current = query;
    setText(query);
  }, [query]);

  useEffect(() => {
    const timer = setTimeout(() => ask(text.trim()), SEARCH_PAUSE_MS);
    return () => clearTimeout(timer);
  });

  return {
    text,
    setText: (next) => {
      setText(next);
      // Nobody types an empty text on the way to another one.
      if (next === "") ask("");
    },
    searchNow: () => ask(text.trim()),
  };
}
