// One way to ask the cloud: a path and its query, an answer or a Problem.

const KEY = "campus-token";
const BASE = "/api/v1";

/** What the cloud answers when it cannot do what was asked (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    /** The same by language, where the cloud gives it. */
    readonly texts: Record<string, string> | null = null,
  ) {
    super(detail);
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>;

export function token(): string {
  return sessionStorage.getItem(KEY) ?? "";
}

export function setToken(value: string): void {
  sessionStorage.setItem(KEY, value.trim());
}

/** The path with its query; what is empty or unknown is left out. */
export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return `${BASE}${path}${text ? `?${text}` : ""}`;
}

/** The path of an address that the cloud itself gave in an answer. */
export function pathOf(opens: string): string {
  return opens.startsWith(`${BASE}/`) ? opens.slice(BASE.length) : opens;
}

export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return (await (await ask(path, query, "application/json", signal)).json()) as T;
}

/** Ask the cloud to do something; it answers with what was done, or with a Problem. */
export async function post<T>(path: string, body: Record<string, unknown>): Promise<T> {
  return (await (await ask(path, {}, "application/json", undefined, body)).json()) as T;
}

/** Fetch a file, so that a token can go along, and hand it to the reader under the name it came with. */
export async function download(path: string, query: Query = {}): Promise<void> {
  const answer = await ask(path, query, "*/*");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = fileName(answer.headers.get("Content-Disposition")) ?? path.split("/").at(-1) ?? "";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The name in a Content-Disposition header (RFC 6266); null where there is none. */
export function fileName(header: string | null): string | null {
  const found = /filename\*=UTF-8''([^;]+)/i.exec(header ?? "");
  return found?.[1] ? decodeURIComponent(found[1]) : null;
}

async function ask(path: string, query: Query, accept: string, signal?: AbortSignal, body?: Record<string, unknown>): Promise<Response> {
  const headers: Record<string, string> = { Accept: accept };
  if (token()) headers.Authorization = `Bearer ${token()}`;
  let answer: Response;
  try {
    if (body) headers["Content-Type"] = "application/json";
    answer = await fetch(address(path, query), { headers, ...(signal ? { signal } : {}), ...(body ? { method: "POST", body: JSON.stringify(body) } : {}) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, "");
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    const body = (await answer.json()) as { detail?: unknown; message?: Record<string, string>; title?: unknown };
    return new Problem(answer.status, String(body.detail ?? body.title ?? answer.statusText), body.message ?? null);
  } catch {
    return new Problem(answer.status, answer.statusText);
  }
}

/** Lines of a server-sent event stream, read with fetch so that a token can go along. */
export async function events(
  path: string,
  onEvent: (name: string, data: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  if (token()) headers.Authorization = `Bearer ${token()}`;
  const answer = await fetch(address(path), { headers, signal, cache: "no-store" });
  if (!answer.ok || !answer.body) throw new Problem(answer.status, answer.statusText);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  const parse = eventParser(onEvent);
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    parse(value);
  }
}

/** A parser of event-stream text that may arrive cut anywhere. */
export function eventParser(
  onEvent: (name: string, data: string) => void,
): (chunk: string) => void {
  let rest = "";
  let name = "message";
  let data: string[] = [];
  return (chunk) => {
    rest += chunk;
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (data.length) onEvent(name, data.join("\n"));
        name = "message";
        data = [];
      } else if (line.startsWith("event:")) name = line.slice(6).trim();
      else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
    }
  };
}
