import { useI18n } from "vue-i18n";
import type { Value } from "@/api/types";
import { number, percent, plain } from "@/format";

/** What a device or a standard says, in the reader's words where we have one. */
export function useWords() {
  const { t, te } = useI18n();

  function wordOf(value: Value): string {
    const key = `value.${String(value)}`;
    return typeof value !== "number" && te(key) ? t(key) : plain(value);
  }

  function measured(value: number | null, unit: string): string {
    if (unit === "%") return percent(value, 1);
    return `${number(value, unit === "CNY" ? 0 : 2)} ${unit && te(`measure.${unit}`) ? t(`measure.${unit}`) : unit}`.trim();
  }

  return { wordOf, measured };
}
