// The keyboard: which key does what, once. Function keys work everywhere; single letters only while nobody writes, and they can be turned off.

import { signal } from "@preact/signals";
import { canPark, handing, isOpening, park } from "./moves.ts";
import { accept, current, decline, finish, isCall, isHelpOpen, isInHand, move, offers, picking, toggleHold, write } from "./store.ts";
import type { Key } from "./words/index.ts";

export interface Shortcut {
  readonly words: Key;
  readonly section: "offers" | "work" | "desk";
  /** As KeyboardEvent.key names them; the first is shown on the button. */
  readonly keys: readonly string[];
  readonly run: () => void;
}

const STORED = "standardiste.letters";
export const areLettersOn = signal(read());

/** Where the keyboard goes when a shortcut says so; components that may be focused have these ids. */
export const FOCUS = { composer: "composer-text", disposition: "wrap-disposition", files: "composer-files", status: "status" } as const;

export const SHORTCUTS = {
  accept: { words: "key.accept", section: "offers", keys: ["F2", "a"], run: () => void withOffer(take) },
  decline: { words: "key.decline", section: "offers", keys: ["F4", "d"], run: () => void withOffer(decline) },
  next: { words: "key.next", section: "work", keys: ["j"], run: () => move(1) },
  previous: { words: "key.previous", section: "work", keys: ["k"], run: () => move(-1) },
  reply: { words: "key.reply", section: "work", keys: ["r"], run: () => compose("customer") },
  note: { words: "key.note", section: "work", keys: ["n"], run: () => compose("internal") },
  templates: { words: "key.templates", section: "work", keys: ["F3", "t"], run: pick },
  attach: { words: "key.attach", section: "work", keys: ["F7", "f"], run: () => document.getElementById(FOCUS.files)?.click() },
  transfer: { words: "key.transfer", section: "work", keys: ["F6", "x"], run: () => void hand() },
  park: { words: "key.park", section: "work", keys: ["p"], run: () => void withWork(setAside) },
  open: { words: "key.open", section: "desk", keys: ["o"], run: () => void (isOpening.value = true) },
  hold: { words: "key.hold", section: "work", keys: ["F8", "h"], run: () => void withWork(toggleHold) },
  complete: { words: "key.complete", section: "work", keys: ["F9", "c"], run: () => void withWork(finish) },
  disposition: { words: "key.disposition", section: "work", keys: ["i"], run: () => focus(FOCUS.disposition) },
  status: { words: "key.status", section: "desk", keys: ["s"], run: () => focus(FOCUS.status) },
  help: { words: "key.help", section: "desk", keys: ["?"], run: () => void (isHelpOpen.value = !isHelpOpen.value) },
} as const satisfies Record<string, Shortcut>;

export type ShortcutName = keyof typeof SHORTCUTS;

/** The key as a person reads it on a button, and as assistive technology is told. */
export function keyOf(name: ShortcutName): string {
  return label(SHORTCUTS[name].keys[0]);
}

export function label(key: string): string {
  return key.length === 1 ? key.toUpperCase() : key;
}

export function listen(): void {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    const isFunctionKey = /^F\d+$/.test(event.key);
    if (!isFunctionKey && (!areLettersOn.value || isWriting(event.target) || isHelpOpen.value)) return;
    const found = Object.values(SHORTCUTS).find((each: Shortcut) => each.keys.includes(event.key));
    if (found === undefined) return;
    event.preventDefault();
    found.run();
  });
}

export function toggleLetters(): void {
  areLettersOn.value = !areLettersOn.value;
  try {
    localStorage.setItem(STORED, areLettersOn.value ? "on" : "off");
  } catch {
    // The choice then holds for this page.
  }
}

/** Put the keyboard into an element: at once when it is there, so that no key goes astray, else when it is drawn. */
export function focus(id: string): void {
  const there = document.getElementById(id);
  if (there === null) requestAnimationFrame(() => document.getElementById(id)?.focus());
  else there.focus();
}

/** Accept an offer and begin to write. */
export async function take(offer: string): Promise<boolean> {
  const isTaken = await accept(offer);
  if (isTaken) focus(FOCUS.composer);
  return isTaken;
}

function withOffer(verb: (offer: string) => Promise<boolean>): Promise<boolean> | undefined {
  const first = offers.value[0];
  return first === undefined ? undefined : verb(first.offer.id);
}

function withWork(verb: (work: NonNullable<typeof current.value>) => Promise<boolean>): Promise<boolean> | undefined {
  return current.value === undefined ? undefined : verb(current.value);
}

function compose(mode: "customer" | "internal"): void {
  const work = current.value;
  if (work === undefined) return;
  if (!(mode === "customer" && isCall(work.view))) write(work.view.id, { mode });
  focus(FOCUS.composer);
}

/** Choose to whom it goes, or leave the choice again. */
export function hand(): void {
  const work = current.value;
  if (work !== undefined && isInHand(work)) handing.value = handing.value === work.view.id ? undefined : work.view.id;
}

async function setAside(work: NonNullable<typeof current.value>): Promise<boolean> {
  return canPark(work) && (await park(work));
}

/** Choose a template for the answer, or leave the choice again. */
export function pick(): void {
  const work = current.value;
  if (work === undefined || isCall(work.view) || work.view.state === "wrapping") return;
  const isPicking = picking.value === work.view.id;
  if (!isPicking) write(work.view.id, { mode: "customer" });
  picking.value = isPicking ? undefined : work.view.id;
  if (isPicking) focus(FOCUS.composer);
}

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

function read(): boolean {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true;
  }
}

