const FORMATS = {
  minute: new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }),
  second: new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" }),
  /** For many that are close to each other. */
  brief: new Intl.DateTimeFormat(undefined, {
    day: "numeric",
    month: "short",
    hour: "numeric",
    minute: "2-digit",
    second: "2-digit",
  }),
};

interface TimeProps {
  value: string | number | null | undefined;
  precision?: keyof typeof FORMATS;
}

/** A moment in the reader's own zone and language. Accepts ISO text and milliseconds, also as text. */
export function Time({ value, precision = "minute" }: TimeProps) {
  const date = toDate(value);
  if (date === null) return <span>–</span>;
  return <time dateTime={date.toISOString()}>{FORMATS[precision].format(date)}</time>;
}

function toDate(value: string | number | null | undefined): Date | null {
  if (value === null || value === undefined || value === "") return null;
  const isMilliseconds = typeof value === "number" || /^\d+$/.test(value);
  const date = new Date(isMilliseconds ? Number(value) : value);
  return Number.isNaN(date.getTime()) ? null : date;
}
