import { useI18n } from "vue-i18n";
import type { LocalizedText } from "@/api/schema";
import type { Value } from "@/api/types";
import { number, percent, plain } from "@/format";

/** Texts and figures of the cloud in the reader's language. */
export function useLocalized() {
  const { locale, t, te } = useI18n();

  /** A text in the reader's language; English where there is no translation. */
  const text = (texts: LocalizedText | null | undefined): string => texts?.[locale.value] ?? texts?.en ?? "";

  /** The value of a reading; a state ("standby", true) by its word. */
  function wordOf(value: Value): string {
    const key = `value.${String(value)}`;
    return typeof value !== "number" && te(key) ? t(key) : plain(value);
  }

  /** A figure of a finding with its unit. */
  function measured(value: number | null, unit: string): string {
    if (unit === "%") return percent(value, 1);
    return `${number(value, unit === "CNY" ? 0 : 2)} ${unit && te(`measure.${unit}`) ? t(`measure.${unit}`) : unit}`.trim();
  }

  return { text, wordOf, measured };
}
