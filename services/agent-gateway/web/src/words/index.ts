// What people read: keys with parameters, in complete French and English. A tenant may rename words; its own come first.

import { signal } from "@preact/signals";
import { en } from "./en.ts";
import { fr } from "./fr.ts";

export type Key = keyof typeof en;
export type Language = "fr" | "en";
export type Words = Readonly<Record<string, string>>;

export const LANGUAGES: Readonly<Record<Language, string>> = { fr: "Français", en: "English" };
const CATALOGUES: Readonly<Record<Language, Record<Key, string>>> = { en, fr };
const STORED = "standardiste.language";

export const language = signal<Language>(first(localStorageOr(STORED), ...navigatorLanguages()) ?? "en");
/** The tenant's own words, by key, then by language. */
export const renamed = signal<Readonly<Record<string, Words>>>({});

/** The words of a key, with `{parameters}` filled in. */
export function t(key: Key, parameters: Readonly<Record<string, string | number>> = {}): string {
  const words = renamed.value[key]?.[language.value] ?? CATALOGUES[language.value][key];
  return words.replace(/\{(\w+)\}/g, (whole, name: string) => String(parameters[name] ?? whole));
}

/** Words by count: "work.unread" has "work.unread_one" and "work.unread_other". */
export function counted(stem: "work.unread" | "app.title_offers", count: number): string {
  const isOne = new Intl.PluralRules(language.value).select(count) === "one";
  return t(`${stem}_${isOne ? "one" : "other"}`, { count });
}

/** Whether a key exists; events may name what this desk does not know yet. */
export function hasWords(key: string): key is Key {
  return key in en;
}

/** What a tenant wrote, in the person's language, else in any; else the id. */
export function inWords(words: Words | undefined, id: string): string {
  return words?.[language.value] ?? Object.values(words ?? {})[0] ?? id;
}

/** Choose a language and keep the choice on this machine. */
export function speak(chosen: Language): void {
  language.value = chosen;
  try {
    localStorage.setItem(STORED, chosen);
  } catch {
    // A browser without storage keeps the choice for this page only.
  }
}

/** The person's language as signed in, unless one was chosen on this machine. */
export function suggest(tag: string | undefined): void {
  const found = first(localStorageOr(STORED), tag);
  if (found !== undefined) language.value = found;
}

function first(...tags: (string | undefined)[]): Language | undefined {
  return tags.map((tag) => tag?.slice(0, 2).toLowerCase()).find((tag): tag is Language => tag === "fr" || tag === "en");
}

function localStorageOr(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

function navigatorLanguages(): readonly string[] {
  return typeof navigator === "undefined" ? [] : (navigator.languages ?? []);
}
