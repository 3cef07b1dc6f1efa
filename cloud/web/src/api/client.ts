// The client of the cloud's API, typed by the OpenAPI document. Errors are thrown as Problem.
import createClient from "openapi-fetch";
import type { ImportReport, LocalizedText, paths, Step } from "./schema";

const KEY = "campus-token";

/** An error answer of the cloud (RFC 9457); status 0 where the cloud does not answer. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    /** The detail by language, where the cloud gives it. */
    readonly texts: LocalizedText | null = null,
  ) {
    super(detail);
  }
}

export function token(): string {
  return sessionStorage.getItem(KEY) ?? "";
}

export function setToken(value: string): void {
  sessionStorage.setItem(KEY, value.trim());
}

/** The GET paths of the OpenAPI document. */
export type GetPath = { [P in keyof paths]: paths[P] extends { get: object } ? P : never }[keyof paths];
type Operation<P extends GetPath> = Extract<paths[P]["get"], object>;
type Parameters<P extends GetPath> = Operation<P> extends { parameters: infer Q } ? Q : never;
type PathOf<P extends GetPath> = Parameters<P> extends { path: infer Q } ? { path: { [K in keyof Q]: string | number } } : { path?: never };
// Values of a form: any string for an enumeration, "" and null for "not set".
type Loose<V> = V extends string ? string : V;
type QueryOf<P extends GetPath> = Parameters<P> extends { query?: infer Q } ? { query?: { [K in keyof Q]?: Loose<Q[K]> | "" | null | undefined } } : { query?: never };
export type Params<P extends GetPath> = PathOf<P> & QueryOf<P>;
export type AnswerOf<P extends GetPath> = Operation<P> extends { responses: { 200: { content: { "application/json": infer A } } } } ? A : never;
type PathsThatAnswer = { [P in GetPath]: [AnswerOf<P>] extends [never] ? never : P }[GetPath];
export type LoadPath = PathsThatAnswer;

const api = createClient<paths>({ baseUrl: "/", headers: { Accept: "application/json" } });
api.use({
  onRequest({ request }) {
    if (token()) request.headers.set("Authorization", `Bearer ${token()}`);
    return request;
  },
  async onResponse({ response }) {
    if (!response.ok) throw await problemOf(response);
  },
  onError({ request }) {
    return request.signal.aborted ? undefined : new Problem(0, "");
  },
});

type AnyGet = (path: string, init: object) => Promise<{ data?: unknown }>;

/** Read a path of the API; throws a Problem. */
export async function load<P extends LoadPath>(path: P, params: Params<P>, signal?: AbortSignal): Promise<AnswerOf<P>> {
  const init = { params: { path: params.path, query: known(params.query) }, ...(signal ? { signal } : {}) };
  // The parameters were checked above; inside a generic function TypeScript cannot match them again.
  const { data } = await (api.GET as unknown as AnyGet)(path, init);
  return data as AnswerOf<P>;
}

export type StepBody = NonNullable<paths["/api/v1/procedure"]["post"]["requestBody"]>["content"]["application/json"];

/** Take the next step of the procedure; throws a Problem with the reason where it is refused. */
export async function takeStep(body: StepBody): Promise<Step> {
  const { data } = await api.POST("/api/v1/procedure", { body });
  return data as Step;
}

/** What a file holds: a whole workbook, or the rows of one table. */
export type ImportKind = paths["/api/v1/imports/{kind}"]["post"]["parameters"]["path"]["kind"];

/** Kind of import -> heading -> the column's key, "" for none of them, null to forget an earlier choice. */
export type ChosenHeadings = Record<string, Record<string, string | null>>;

/** Check a file, or import it; throws a Problem where it cannot be read or the token is wrong. */
export async function importFile(kind: ImportKind, file: File, query: { dry_run: boolean; school: string; keep_good: boolean }, headings: ChosenHeadings = {}): Promise<ImportReport> {
  const body = new FormData();
  body.append("file", file);
  body.append("headings", JSON.stringify(headings));
  const search = new URLSearchParams(Object.entries(known(query)).map(([key, value]) => [key, String(value)]));
  const answer = await fetchWithToken(`/api/v1/imports/${kind}?${search}`, "application/json", { method: "POST", body });
  return (await answer.json()) as ImportReport;
}

/** The address of a path with its parameters, for what is not JSON: files and event streams. */
export function address<P extends GetPath>(path: P, params: Params<P>): string {
  const values = new Map(Object.entries(params.path ?? {}));
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values.get(name) ?? "")));
  const search = new URLSearchParams(Object.entries(known(params.query)).map(([key, value]) => [key, String(value)])).toString();
  return search ? `${filled}?${search}` : filled;
}

/** Return a query without the values that are not set: null, undefined and "". */
export function known(query: object | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(query ?? {}).filter(([, value]) => value !== null && value !== undefined && value !== ""));
}

/** Fetch a file with the access token and save it under the name that the cloud gave it. */
export async function download(href: string): Promise<void> {
  const answer = await fetchWithToken(href, "*/*");
  save(await answer.blob(), fileName(answer.headers.get("Content-Disposition")) ?? new URL(href, location.href).pathname.split("/").at(-1) ?? "");
}

/** Save contents as a file of the visitor. */
export function save(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The name in a Content-Disposition header (RFC 6266); null where there is none. */
export function fileName(header: string | null): string | null {
  const match = /filename\*=UTF-8''([^;]+)/i.exec(header ?? "");
  return match?.[1] ? decodeURIComponent(match[1]) : null;
}

/** Read the events of a stream; uses fetch, because EventSource cannot send the access token. */
export async function events(href: string, onEvent: (name: string, data: string) => void, signal: AbortSignal): Promise<void> {
  const answer = await fetchWithToken(href, "text/event-stream", { signal });
  if (!answer.body) throw new Problem(answer.status, answer.statusText);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  const parse = eventParser(onEvent);
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    parse(value);
  }
}

async function fetchWithToken(href: string, accept: string, more: RequestInit = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: accept };
  if (token()) headers.Authorization = `Bearer ${token()}`;
  let answer: Response;
  try {
    answer = await fetch(href, { headers, cache: "no-store", ...more });
  } catch (error) {
    if (more.signal?.aborted) throw error;
    throw new Problem(0, "");
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    const body = (await answer.json()) as { detail?: unknown; message?: LocalizedText | null; title?: unknown };
    return new Problem(answer.status, String(body.detail ?? body.title ?? answer.statusText), body.message ?? null);
  } catch {
    return new Problem(answer.status, answer.statusText);
  }
}

/** Return a parser of event-stream text, which may arrive split at any character. */
export function eventParser(onEvent: (name: string, data: string) => void): (chunk: string) => void {
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
