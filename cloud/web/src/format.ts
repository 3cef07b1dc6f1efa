// Numbers and times for display. An unknown value is a dash, never a zero.

export const DASH = "—";

/** Format a share as reports do: cut, never rounded up, with the same digits on every page. */
export function percent(share: number | null | undefined, digits = 1): string {
  return share === null || share === undefined ? DASH : `${cut(share * 100, digits)}%`;
}

function cut(value: number, digits: number): string {
  const places = 10 ** digits;
  return (Math.floor(value * places + 1e-6) / places).toFixed(digits);
}

export function hours(seconds: number | null | undefined, digits = 1): string {
  return seconds === null || seconds === undefined ? DASH : (seconds / 3600).toFixed(digits);
}

export function number(value: number | null | undefined, digits = 0): string {
  if (value === null || value === undefined) return DASH;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** Format a score as published: cut off, never rounded up, so that it agrees with the selection rules. */
export function score(value: number | null | undefined, digits = 2): string {
  return value === null || value === undefined ? DASH : cut(value, digits);
}

/** Format what was measured as reports do: cut to its digits, no trailing zeros. */
export function measured(value: number | null | undefined, digits = 2): string {
  return value === null || value === undefined ? DASH : number(Number(cut(value, digits)), digits);
}

/** Format a reading: at most `digits` decimals, no trailing zeros. */
export function plain(value: number | boolean | string, digits = 2): string {
  return typeof value === "number" ? number(value, digits) : String(value);
}

const pad = (n: number): string => String(n).padStart(2, "0");

/** The time zone of every displayed time: UTC+8, without summer time, wherever the reader is. */
const AHEAD_MS = 8 * 3_600_000;
const inChina = (moment: string | number | Date): Date => new Date(new Date(moment).getTime() + AHEAD_MS);

/** The day in China, where the schools and the bureau are. */
export function dayOf(moment: Date): string {
  return inChina(moment).toISOString().slice(0, 10);
}

/** When a day of China begins. */
export function startOf(day: string): Date {
  return new Date(`${day}T00:00:00+08:00`);
}

/** The time of day in China. */
export function clock(moment: string | number | Date, withSeconds = false): string {
  const at = inChina(moment);
  const text = `${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}`;
  return withSeconds ? `${text}:${pad(at.getUTCSeconds())}` : text;
}

/** The label below the axis of a chart: the time, at midnight the day. */
export function tick(moment: number): string {
  const text = clock(moment);
  return text === "00:00" ? dayOf(new Date(moment)).slice(5) : text;
}

export interface Age {
  unit: "now" | "s" | "m" | "h" | "d";
  n: number;
}

/** The time that has passed, in the largest unit that fits. */
export function age(moment: string, now: number): Age {
  const seconds = Math.max(0, Math.round((now - new Date(moment).getTime()) / 1000));
  if (seconds < 10) return { unit: "now", n: 0 };
  if (seconds < 90) return { unit: "s", n: seconds };
  if (seconds < 5400) return { unit: "m", n: Math.round(seconds / 60) };
  if (seconds < 129_600) return { unit: "h", n: Math.round(seconds / 3600) };
  return { unit: "d", n: Math.round(seconds / 86_400) };
}

export interface Duration {
  unit: "s" | "min" | "h" | "d";
  n: string;
}

/** A duration in the largest unit that fits; null where it is unknown. */
export function duration(seconds: number | null | undefined): Duration | null {
  if (seconds === null || seconds === undefined) return null;
  if (seconds < 120) return { unit: "s", n: `${Math.round(seconds)}` };
  if (seconds < 7200) return { unit: "min", n: `${Math.round(seconds / 60)}` };
  if (seconds < 172_800) return { unit: "h", n: (seconds / 3600).toFixed(1) };
  return { unit: "d", n: (seconds / 86_400).toFixed(1) };
}
