import assert from "node:assert/strict";
import { test } from "node:test";

import { backoffMs, BACKOFF_MAX_MS, BACKOFF_MS } from "../src/connection.ts";
import { inkOn } from "../src/colour.ts";
import { Memory, type Store } from "../src/memory.ts";
import { languageOf, noticeKey, speaker } from "../src/texts.ts";

class Shelf implements Store {
  readonly kept = new Map<string, string>();
  isFull = false;
  get length(): number {
    return this.kept.size;
  }
  key(index: number): string | null {
    return [...this.kept.keys()][index] ?? null;
  }
  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    if (this.isFull) throw new Error("QuotaExceededError");
    this.kept.set(key, value);
  }
  removeItem(key: string): void {
    this.kept.delete(key);
  }
}

test("what waits to be sent outlives the page, in its order, one page's apart from another's", () => {
  const shelf = new Shelf();
  new Memory("a", shelf).keep({ id: "2", text: "deux", at: 2 });
  new Memory("a", shelf).keep({ id: "1", text: "un", at: 1 });
  assert.deepEqual(new Memory("a", shelf).pending.map((each) => each.text), ["un", "deux"]);
  assert.deepEqual(new Memory("b", shelf).pending, []);
  new Memory("a", shelf).drop("1");
  assert.deepEqual(new Memory("a", shelf).pending.map((each) => each.text), ["deux"]);
});

for (const [name, store] of [["no storage", null], ["a full one", Object.assign(new Shelf(), { isFull: true })]] as const) {
  test(`with ${name} everything lasts as long as the page`, () => {
    const memory = new Memory("a", store);
    memory.keep({ id: "1", text: "un", at: 1 });
    memory.session = { id: "s", token: "t", at: 0 };
    assert.deepEqual(memory.pending.map((each) => each.text), ["un"]);
    assert.equal(memory.session?.id, "s");
    memory.session = null;
    assert.equal(memory.session, null);
  });
}

test("spoiled storage is as good as none", () => {
  const shelf = new Shelf();
  for (const spoiled of ["{", "5", '{"id": 1}']) {
    shelf.kept.set("standardiste.chat.a.session", spoiled);
    shelf.kept.set("standardiste.chat.a.pending.x", spoiled);
    shelf.kept.set("standardiste.chat.a.read", spoiled);
    const memory = new Memory("a", shelf);
    assert.equal(memory.session, null);
    assert.deepEqual(memory.pending, []);
    assert.ok(!memory.wasSeen("read", "m", 1));
  }
});

test("two messages of one moment are both told as seen", () => {
  const memory = new Memory("a", new Shelf());
  memory.noteSeen("read", "m1", 5);
  assert.ok(memory.wasSeen("read", "m1", 5));
  assert.ok(!memory.wasSeen("read", "m2", 5));
  memory.noteSeen("read", "m2", 5);
  memory.noteSeen("read", "old", 4);
  assert.deepEqual(["m1", "m2"].map((each) => memory.wasSeen("read", each, 5)), [true, true]);
  assert.ok(memory.wasSeen("read", "older", 3));
  assert.ok(!memory.wasSeen("delivered", "m1", 5));
});

test("backoff grows to its greatest, half of it by chance", () => {
  assert.deepEqual([backoffMs(0, 0), backoffMs(0, 1)], [BACKOFF_MS / 2, BACKOFF_MS]);
  assert.deepEqual([backoffMs(99, 0), backoffMs(99, 1)], [BACKOFF_MAX_MS / 2, BACKOFF_MAX_MS]);
});

test("text can be read on any colour", () => {
  assert.equal(inkOn("#1f5fbf"), "#ffffff");
  assert.equal(inkOn("#ffdd55"), "#111111");
  assert.equal(inkOn("#000000"), "#ffffff");
});

test("the widget speaks French and English", () => {
  assert.equal(languageOf(undefined, "", "fr-CA", "en"), "fr");
  assert.equal(languageOf("de"), "en");
  assert.equal(speaker("fr")("position", { position: 3 }), "Vous êtes en position 3 dans la file.");
  assert.equal(speaker("en")(noticeKey("unheard-of")), speaker("en")("notice_wait"));
});
