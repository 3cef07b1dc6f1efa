import { createI18n } from "vue-i18n";
import en from "./en";
import zh from "./zh";

export type Language = "zh" | "en";
const KEY = "campus-language";

/** Chinese unless the address or an earlier choice says English. */
function initial(): Language {
  const asked = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem(KEY);
  return asked === "en" ? "en" : "zh";
}

export const i18n = createI18n({
  legacy: false,
  locale: initial(),
  fallbackLocale: "zh",
  messages: { zh, en },
});

export function setLanguage(language: Language): void {
  i18n.global.locale.value = language;
  localStorage.setItem(KEY, language);
  applyLanguage();
}

export function applyLanguage(): void {
  const language = i18n.global.locale.value;
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = i18n.global.t("app");
}
