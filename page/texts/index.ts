/** The languages of the page, and how a text is found and filled in. Pure. */
import { de } from "./de.ts";
import { en, type Texts } from "./en.ts";
import { es } from "./es.ts";
import { fr } from "./fr.ts";
import { ja } from "./ja.ts";
import { zhCn } from "./zh-cn.ts";

export type { Texts } from "./en.ts";
export type TextKey = keyof Texts;

/** The languages by their tags, and as each calls itself. */
export const LANGUAGES = {
  en: { name: "English", texts: en },
  de: { name: "Deutsch", texts: de },
  es: { name: "Español", texts: es },
  fr: { name: "Français", texts: fr },
  ja: { name: "日本語", texts: ja },
  "zh-CN": { name: "简体中文", texts: zhCn },
} as const;
export type Language = keyof typeof LANGUAGES;

const TAGS = Object.keys(LANGUAGES) as Language[];

/** The first of the wished languages (tags such as `de-AT`) that the page speaks; English otherwise. */
export function chosenLanguage(wished: readonly string[]): Language {
  for (const wish of wished) {
    const primary = wish.toLowerCase().split("-")[0];
    const found = TAGS.find((tag) => tag.toLowerCase().split("-")[0] === primary);
    if (found) return found;
  }
  return "en";
}

/** A text with `{name}` replaced by what is given; what is not given stands as it is. */
export function filled(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? String(values[name]) : whole,
  );
}

/** Says texts in one language. */
export type Say = (key: TextKey, values?: Record<string, string | number>) => string;

export function speaker(language: Language): Say {
  const { texts } = LANGUAGES[language];
  return (key, values = {}) => filled(texts[key], values);
}
