// Words, backoff, SMS segments, durations.

import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs } from "../src/connection.ts";
import { duration } from "../src/format.ts";
import { type Segments, segmentsOf } from "../src/sms.ts";
import { REFUSALS } from "../src/wire.ts";
import { en } from "../src/words/en.ts";
import { fr } from "../src/words/fr.ts";
import { counted, inWords, language, t } from "../src/words/index.ts";
import TABLE from "../../../../tests/data/sms/segments.json";

/** One line of the table that the services' counter is held to as well. */
interface Case extends Segments {
  readonly parts: readonly (readonly [string, number])[];
  readonly why: string;
}

test("both languages have the same keys, and the same parameters in each", () => {
  const parameters = (words: string): string[] => [...words.matchAll(/\{\w+\}/g)].map(String).sort();
  assert.deepEqual(Object.keys(fr).sort(), Object.keys(en).sort());
  for (const [key, words] of Object.entries(en)) assert.deepEqual(parameters(fr[key as keyof typeof fr]), parameters(words), key);
});

test("every refusal is a sentence in both", () => {
  for (const each of REFUSALS) for (const words of [en, fr]) assert.match(words[`refusal.${each}`], /^\S.*[.!]$/);
});

test("words come in the language that is spoken, with their parameters", () => {
  language.value = "fr";
  assert.deepEqual([t("offers.left", { seconds: 5 }), counted("work.unread", 1), counted("work.unread", 2)], ["encore 5 s", "1 nouveau message", "2 nouveaux messages"]);
  language.value = "en";
  assert.deepEqual([counted("work.unread", 0), inWords({ fr: "Accueil" }, "main"), inWords(undefined, "main")], ["0 new messages", "Accueil", "main"]);
});

test("backoff doubles, is bounded and never at once", () => {
  assert.deepEqual([0, 1, 3, 10, 50].map((tries) => [backoffMs(tries, 0), backoffMs(tries, 1)]), [
    [250, 500],
    [500, 1_000],
    [2_000, 4_000],
    [7_500, 15_000],
    [7_500, 15_000],
  ]);
});

for (const { parts, why, ...expected } of TABLE as unknown as readonly Case[]) {
  const text = parts.map(([piece, times]) => piece.repeat(times)).join("");
  test(`segments: ${why}`, () => assert.deepEqual(segmentsOf(text), expected));
}

test("durations as people read them", () => {
  assert.deepEqual([0, 999, 61_000, 3_600_000, -5].map(duration), ["0:00", "0:00", "1:01", "1:00:00", "0:00"]);
});
