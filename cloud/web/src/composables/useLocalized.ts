import { useI18n } from "vue-i18n";
import { Problem } from "@/api/client";
import type { LocalizedText } from "@/api/schema";
import type { Value } from "@/api/types";
import { DASH, duration, measured as cutFigure, percent, plain } from "@/format";

/** Texts and figures of the cloud in the reader's language. */
export function useLocalized() {
  const { locale, t, te } = useI18n();

  /** A text in the reader's language; English where there is no translation. */
  const text = (texts: LocalizedText | null | undefined): string => texts?.[locale.value] ?? texts?.en ?? "";

  /** Why a request failed, in the reader's language. */
  function problemText(error: unknown): string {
    if (!(error instanceof Problem)) return String(error);
    return error.status === 0 ? t("common.unreachable") : text(error.texts) || error.detail || t("common.failed", { n: error.status });
  }

  /** The value of a reading; a state ("standby", true) by its word, a switch as on or off. */
  function wordOf(value: Value, quantity: string | null = null): string {
    const key = quantity === "switch" && typeof value === "boolean" ? `value.${value ? "on" : "off"}` : `value.${String(value)}`;
    return typeof value !== "number" && te(key) ? t(key) : plain(value);
  }

  /** A figure of a finding with its unit. */
  function measured(value: number | null, unit: string): string {
    if (unit === "%") return percent(value, 1);
    return `${cutFigure(value, unit === "CNY" ? 0 : 2)} ${unit && te(`measure.${unit}`) ? t(`measure.${unit}`) : unit}`.trim();
  }

  /** A duration with its unit. */
  function durationOf(seconds: number | null | undefined): string {
    const length = duration(seconds);
    return length ? t(`duration.${length.unit}`, { n: length.n }) : DASH;
  }

  return { text, problemText, wordOf, measured, durationOf };
}
