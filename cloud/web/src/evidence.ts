// Where a row of evidence opens: the page of an asset or its day, or the row in its table of the school's records.

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

// The table of records that each kind of reference leads to, as cloud/api/routes/records.py has it.
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
// Kinds that are the sum of rows: those rows alone are shown. Of the others the row is marked among its neighbours.
const SUMS = new Set(["calendar", "use", "air"]);

/** The page of a reference; null where it means no row at all. */
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

/** Whether the rows of a table are of a span of days. */
export function isSpanned(table: string): boolean {
  return ["devices", "school_days", "use", "air"].includes(table);
}

/** The table of records that a reference means, with the number after its kind; null where it means no table. */
export function tableOf(ref: string): { kind: string; table: string; number: string } | null {
  const [kind = "", ...rest] = ref.split(":");
  const number = rest.join(":");
  // `book:` is how records that were filed earlier write it.
  if (kind === "records" || kind === "book") return { kind, table: number, number: "" };
  const table = TABLES[kind];
  return table && (number || kind === "school") ? { kind, table, number } : null;
}
