// Instants, durations and sizes as people read them, in their language.

import { language, t } from "./words/index.ts";

/** 75_000 → "1:15"; hours come in front when there are any. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60), seconds % 60];
  const tail = `${String(m).padStart(h > 0 ? 2 : 1, "0")}:${String(s).padStart(2, "0")}`;
  return h > 0 ? `${h}:${tail}` : tail;
}

/** Today: the hour; else the day and the hour. */
export function moment(at: string, now: number): string {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date(now).toDateString();
  const options: Intl.DateTimeFormatOptions = isToday ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(language.value, options).format(date);
}

export function day(at: string): string {
  return new Intl.DateTimeFormat(language.value, { dateStyle: "medium" }).format(new Date(at));
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

export function size(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1_024 ** power;
  return new Intl.NumberFormat(language.value, { style: "unit", unit: UNITS[power] ?? "byte", maximumFractionDigits: value < 10 && power > 0 ? 1 : 0 }).format(value);
}

/** The name of a language in the reader's: "fr" → "French". */
export function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames([language.value], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** How long ago something began: "2:05", or "just now". */
export function since(at: string, now: number): string {
  const ms = now - Date.parse(at);
  return ms < 1_000 ? t("time.now") : duration(ms);
}
