// Words that are sent often: which suit a customer, in which language, and what fills their places.

import type { Named } from "./api.ts";
import type { Words } from "./words/index.ts";

/** A template as the directory has it; the words by language. */
export interface Template extends Named {
  readonly subject: Words;
  readonly text: Words;
}

/** What may stand in braces in a template. What is not known is left out. */
export interface Facts {
  readonly name?: string | undefined;
  readonly subject?: string | undefined;
  readonly reference?: string | undefined;
  readonly queue?: string | undefined;
  readonly agent?: string | undefined;
}

const PLACE = /\{(name|subject|reference|queue|agent)\}/g;
const REFERENCE_LENGTH = 8;

/** The words with their places filled; what else stands in braces stays. */
export function filled(words: string, facts: Facts): string {
  return words.replace(PLACE, (_, place: keyof Facts) => facts[place] ?? "");
}

/** The number that a customer may name, as the mails to him have it: the end of the conversation's id. */
export function referenceOf(conversation: string | undefined): string | undefined {
  return conversation?.slice(-REFERENCE_LENGTH).toUpperCase();
}

/** The words in the first of these languages that there is (fr-CA takes fr), else in any. */
export function spoken(words: Words, languages: readonly (string | undefined)[]): string {
  for (const tag of languages) {
    const found = tag === undefined ? undefined : (words[tag] ?? words[tag.split("-")[0] ?? ""]);
    if (found !== undefined) return found;
  }
  return Object.values(words)[0] ?? "";
}

/** The templates whose name or words hold every word that is sought, by name. Accents and capitals do not matter. */
export function found<T extends { readonly title: string; readonly text: string }>(templates: readonly T[], sought: string): readonly T[] {
  const wanted = plain(sought).split(/\s+/).filter(Boolean);
  return templates
    .filter((each) => wanted.every((word) => plain(`${each.title} ${each.text}`).includes(word)))
    .sort((a, b) => a.title.localeCompare(b.title));
}

function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** A text with words put in place of what is selected in it, and where the caret stands then. */
export function inserted(text: string, words: string, start: number, end: number): { readonly text: string; readonly caret: number } {
  return { text: text.slice(0, start) + words + text.slice(end), caret: start + words.length };
}
