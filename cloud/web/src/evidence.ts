// Where a row of evidence opens. Rows that have no page of their own are told by book and number.

export interface Place {
  name: string;
  params?: { id: string };
  query?: Record<string, string>;
}

/** The page of a row: an asset, its day, the assets of a room, the gateways; null where it has none. */
export function placeOf(ref: string, school: string): Place | null {
  const asset = /^asset:(\d+)(?:\/day:(\d{4}-\d{2}-\d{2}))?/.exec(ref);
  if (asset?.[1]) return { name: "asset", params: { id: asset[1] }, ...(asset[2] ? { query: { day: asset[2] } } : {}) };
  const room = /^room:(.+)$/.exec(ref);
  if (room?.[1]) return { name: "assets", query: { school, room: room[1] } };
  const counted = /^(?:count|disposal):(.+)$/.exec(ref);
  if (counted?.[1]) return { name: "assets", query: { school, q: counted[1] } };
  if (ref.startsWith("device:")) return { name: "gateways", query: { school } };
  return null;
}

/** The book that a row stands in, and its number there; null where the row is not one of a book. */
export function bookOf(ref: string): { book: string; number: string } | null {
  const found = /^(ticket|count|disposal|chemical|declaration|device):(.+)$/.exec(ref);
  return found?.[1] && found[2] ? { book: found[1], number: found[2] } : null;
}
