const FORMAT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A moment in the reader's own zone and language. Accepts ISO text and milliseconds, also as text. */
export function Time({ value }: { value: string | number | null | undefined }) {
  const date = toDate(value);
  if (date === null) return <span>–</span>;
  return <time dateTime={date.toISOString()}>{FORMAT.format(date)}</time>;
}

function toDate(value: string | number | null | undefined): Date | null {
  if (value === null || value === undefined || value === "") return null;
  const isMilliseconds = typeof value === "number" || /^\d+$/.test(value);
  const date = new Date(isMilliseconds ? Number(value) : value);
  return Number.isNaN(date.getTime()) ? null : date;
}
