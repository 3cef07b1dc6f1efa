// Where a row of evidence opens: the page of an asset or its day, or the row in its book.

export interface Place {
  name: string;
  params?: { id: string };
  query?: Record<string, string>;
}

/** The first and the last day that a figure is of. */
export interface Span {
  start: string;
  end: string;
}

// The book that each kind of reference leads to, as cloud/api/routes/records.py has it.
const BOOKS: Record<string, string> = {
  school: "schools",
  room: "rooms",
  ticket: "tickets",
  count: "stocktakes",
  surplus: "stocktakes",
  disposal: "disposals",
  chemical: "chemicals",
  declaration: "declarations",
  device: "devices",
  calendar: "school_days",
  use: "use",
  air: "air",
};
// Kinds that are the sum of rows: those rows alone are shown. Of the others the row is marked among its neighbours.
const SUMS = new Set(["calendar", "use", "air"]);

/** The page of a reference; null where it means no row at all. */
export function placeOf(ref: string, school: string, span?: Span | null): Place | null {
  const asset = /^asset:(\d+)(?:\/day:(\d{4}-\d{2}-\d{2}))?/.exec(ref);
  if (asset?.[1]) return { name: "asset", params: { id: asset[1] }, ...(asset[2] ? { query: { day: asset[2] } } : {}) };
  const found = bookOf(ref);
  if (!found) return null;
  const key = found.number.replace("/day:", "/");
  const isSum = SUMS.has(found.kind);
  return {
    name: "books",
    query: { school, book: found.book, ...(key ? { [isSum ? "only" : "row"]: key } : {}), ...(span && isSpanned(found.book) ? { start: span.start, end: span.end } : {}) },
  };
}

/** Whether the rows of a book are of a span of days. */
export function isSpanned(book: string): boolean {
  return ["devices", "school_days", "use", "air"].includes(book);
}

/** The book that a reference means, and what stands behind its kind; null where it is not one of a book. */
export function bookOf(ref: string): { kind: string; book: string; number: string } | null {
  const [kind = "", ...rest] = ref.split(":");
  const number = rest.join(":");
  if (kind === "book") return { kind, book: number, number: "" };
  const book = BOOKS[kind];
  return book && (number || kind === "school") ? { kind, book, number } : null;
}
