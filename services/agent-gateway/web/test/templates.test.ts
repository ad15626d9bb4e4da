// Templates: the language, the places, the search, and where the words go.

import assert from "node:assert/strict";
import { test } from "node:test";
import { filled, found, inserted, referenceOf, spoken } from "../src/templates.ts";

const WORDS = { fr: "Bonjour", en: "Hello" };

for (const [languages, expected] of [
  [["en"], "Hello"],
  [["fr-CA", "en"], "Bonjour"],
  [[undefined, "en"], "Hello"],
  [["de", "en"], "Hello"],
  [["de", undefined], "Bonjour"],
  [[], "Bonjour"],
] as const) {
  test(`the words for ${languages.join(", ") || "nobody known"}`, () => assert.equal(spoken(WORDS, languages), expected));
}

test("no words at all are none", () => assert.equal(spoken({}, ["fr"]), ""));

test("places are filled, what is not known is left out, and other braces stay", () => {
  const facts = { name: "Jeanne {agent}", reference: referenceOf("cv-00c0ffee"), queue: undefined };
  assert.equal(filled("{name} / {reference} / {queue} / {price}", facts), "Jeanne {agent} / 00C0FFEE /  / {price}");
});

test("a search needs every word, in the name or the text, without accents or capitals", () => {
  const templates = [
    { title: "Réponse tardive", text: "Pardon." },
    { title: "Accusé", text: "Réponse sous deux jours." },
  ];
  const titles = (sought: string): readonly string[] => found(templates, sought).map((each) => each.title);
  assert.deepEqual([titles(""), titles("REPONSE"), titles("reponse jours"), titles("facture")], [
    ["Accusé", "Réponse tardive"],
    ["Accusé", "Réponse tardive"],
    ["Accusé"],
    [],
  ]);
});

test("the words take the place of what is selected", () => {
  assert.deepEqual(inserted("abXXcd", "--", 2, 4), { text: "ab--cd", caret: 4 });
  assert.deepEqual(inserted("", "Bonjour", 0, 0), { text: "Bonjour", caret: 7 });
});
