import type { Language as ElementLanguage } from "element-plus/es/locale";
import type zh from "./messages/zh";

export type Messages = typeof zh;
interface LanguageFile {
  default: Messages;
  /** The texts of the component library. */
  element: ElementLanguage;
}

// A language is one file of ./messages, named by its code.
const files = import.meta.glob<LanguageFile>("./messages/*.ts", { eager: true });
/** The language of a reader who has not chosen one. */
export const FIRST = "zh";

/** The language files by code, in the order of the language button. */
export function byCode<F>(paths: Record<string, F>): Map<string, F> {
  const named = Object.entries(paths).map(([path, file]): [string, F] => [path.replace(/^.*\/|\.ts$/g, ""), file]);
  return new Map(named.sort(([a], [b]) => Number(b === FIRST) - Number(a === FIRST) || a.localeCompare(b)));
}

export const languages = byCode(files);
