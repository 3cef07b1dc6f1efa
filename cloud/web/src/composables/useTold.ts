import { useI18n } from "vue-i18n";

/** Texts that the cloud gives in both languages, in the reader's. */
export function useTold() {
  const { locale } = useI18n();

  /** The `field` of a thing ("title", "reason", "text"), in the reader's language. */
  function told<F extends string>(one: Record<`${F}_zh` | `${F}_en`, string | null>, field: F): string {
    return (locale.value === "zh" ? one[`${field}_zh`] : one[`${field}_en`]) ?? "";
  }

  const title = (one: { title_zh: string; title_en: string }): string => told(one, "title");

  return { told, title };
}
