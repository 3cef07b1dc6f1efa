import type { Language as ElementLanguage } from "element-plus/es/locale";
import { createI18n } from "vue-i18n";
import { FIRST, languages, type Messages } from "./languages";

const KEY = "campus-language";

/** Chinese unless the address or an earlier choice names another language. */
function initial(): string {
  const wanted = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem(KEY) ?? FIRST;
  return languages.has(wanted) ? wanted : FIRST;
}

export const i18n = createI18n({
  legacy: false,
  locale: initial(),
  fallbackLocale: "en",
  messages: Object.fromEntries([...languages].map(([code, file]) => [code, file.default])) as Record<string, Messages>,
});

/** The texts of the component library in a language. */
export const elementTexts = (code: string): ElementLanguage | undefined => languages.get(code)?.element;

/** The language after this one, with its own name. */
export function nextLanguage(code: string): { code: string; name: string } {
  const codes = [...languages.keys()];
  const next = codes[(codes.indexOf(code) + 1) % codes.length] ?? FIRST;
  return { code: next, name: languages.get(next)?.default.language ?? next };
}

export function setLanguage(code: string): void {
  i18n.global.locale.value = code;
  localStorage.setItem(KEY, code);
  applyLanguage();
}

export function applyLanguage(): void {
  const code = i18n.global.locale.value;
  document.documentElement.lang = code === "zh" ? "zh-CN" : code;
}
