// The page that a row of evidence links to: an asset, a day of an asset, or a row of the school's records.

export interface Place {
  name: string;
  params?: { id: string };
  query?: Record<string, string>;
}

/** The first and the last day of the span of a figure. */
export interface Span {
  start: string;
  end: string;
}

// The table of records of each kind of reference; the same as in cloud/api/routes/records.py.
const TABLES: Record<string, string> = {
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
// Kinds that refer to several rows: only those rows are shown. For the others, the row is marked among its neighbours.
const SUMS = new Set(["calendar", "use", "air"]);

/** Return the page of a reference; null where the reference names no row. */
export function placeOf(ref: string, school: string, span?: Span | null): Place | null {
  const asset = /^asset:(\d+)(?:\/day:(\d{4}-\d{2}-\d{2}))?/.exec(ref);
  if (asset?.[1]) return { name: "asset", params: { id: asset[1] }, ...(asset[2] ? { query: { day: asset[2] } } : {}) };
  const source = tableOf(ref);
  if (!source) return null;
  const key = source.number.replace("/day:", "/");
  const isSum = SUMS.has(source.kind);
  return {
    name: "records",
    query: { school, table: source.table, ...(key ? { [isSum ? "only" : "row"]: key } : {}), ...(span && isSpanned(source.table) ? { start: span.start, end: span.end } : {}) },
  };
}

/** Whether the rows of a table belong to a span of days. */
export function isSpanned(table: string): boolean {
  return ["devices", "school_days", "use", "air"].includes(table);
}

/** Return the table of records and the number that a reference names; null where it names no table. */
export function tableOf(ref: string): { kind: string; table: string; number: string } | null {
  const [kind = "", ...rest] = ref.split(":");
  const number = rest.join(":");
  // Assessments recorded by earlier versions write `book:`.
  if (kind === "records" || kind === "book") return { kind, table: number, number: "" };
  const table = TABLES[kind];
  return table && (number || kind === "school") ? { kind, table, number } : null;
}
