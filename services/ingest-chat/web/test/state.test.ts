import assert from "node:assert/strict";
import { test } from "node:test";

import { State } from "../src/state.ts";
import type { Said, ServerFrame } from "../src/wire.ts";

const AT = Date.parse("2026-01-02T03:04:05.000Z");

function at(seconds: number): string {
  return new Date(AT + seconds * 1000).toISOString();
}

function said(id: string, seconds: number, kind: "customer" | "agent" = "agent", text = id): ServerFrame {
  return { kind: "said", seq: "1.1", id, at: at(seconds), author: { kind, name: kind === "agent" ? "Alice" : "" }, text, is_redacted: false, files: [] };
}

function event(kind: "joined" | "ended", seconds: number): ServerFrame {
  const frame = { seq: "1.1", id: `${kind}${seconds}`, at: at(seconds) };
  return kind === "joined" ? { ...frame, kind, author: { kind: "agent", name: "Alice" } } : { ...frame, kind };
}

function shown(state: State): string[] {
  return state.lines.value.map((line) => line.text ?? line.kind);
}

test("lines are shown by time, whatever order they come in, each once", () => {
  const state = new State();
  for (const frame of [said("b", 2), said("a", 1), said("b", 2), said("c", 3)]) state.apply(frame, AT);
  assert.deepEqual(shown(state), ["a", "b", "c"]);
});

test("a message that is on its way stays last until it is in the transcript", () => {
  const state = new State();
  state.say({ id: "x", text: "mine", at: AT });
  state.apply(said("a", 60), AT);
  assert.deepEqual(shown(state), ["a", "mine"]);
  state.apply({ kind: "accepted", id: "x", message: "c1", receipt: "r1" }, AT);
  state.apply(said("c1", 120, "customer", "mine"), AT);
  assert.deepEqual(shown(state), ["a", "mine"]);
  assert.equal(state.lines.value[1]?.key, "x", "the line is the same one, so that nothing jumps");
});

test("a message that is in the transcript before it is accepted is shown once", () => {
  const state = new State();
  state.say({ id: "x", text: "mine", at: AT });
  state.apply(said("c1", 1, "customer", "mine"), AT);
  state.apply({ kind: "accepted", id: "x", message: "c1", receipt: "r1" }, AT);
  assert.deepEqual(shown(state), ["mine"]);
});

test("what was pending at a reload is recognised in the replay", () => {
  const state = new State();
  state.say({ id: "x", text: "mine", at: AT });
  state.apply({ kind: "welcome", session: "s", now: at(0), messages: { x: "c1" }, is_ended: false }, AT);
  state.apply(said("c1", 1, "customer", "mine"), AT);
  assert.deepEqual(shown(state), ["mine"]);
  assert.ok(state.isAccepted("x"));
});

test("the agent is whoever joined last, until the conversation ends", () => {
  const state = new State();
  state.apply(said("c1", 0, "customer"), AT);
  assert.ok(state.isWaiting.value);
  state.apply({ kind: "position", position: 2 }, AT);
  state.apply(event("joined", 1), AT);
  assert.equal(state.agent.value, "Alice");
  assert.equal(state.queue.value, null);
  assert.ok(!state.isWaiting.value);
  state.apply(event("ended", 2), AT);
  assert.equal(state.agent.value, null);
  assert.ok(state.isEnded.value);
  state.apply(event("ended", 3), AT);
  assert.deepEqual(shown(state), ["c1", "joined", "ended"]);
  state.apply(said("c2", 4, "customer"), AT);
  assert.ok(!state.isEnded.value);
  assert.ok(state.isWaiting.value);
});

test("what the agent has read is so up to the message that he names, whichever comes first", () => {
  const state = new State();
  state.apply({ kind: "agent_read", message: "c2", at: at(9) }, AT);
  for (const frame of [said("c1", 1, "customer"), said("a", 2), said("c2", 3, "customer"), said("c3", 4, "customer")]) state.apply(frame, AT);
  assert.deepEqual([...state.readLines.value], ["c1", "c2"]);
  state.apply({ kind: "agent_read", message: "c3", at: at(10) }, AT);
  assert.deepEqual([...state.readLines.value], ["c1", "c2", "c3"]);
});

test("redacted words are gone", () => {
  const state = new State();
  state.apply(said("a", 1), AT);
  state.apply({ kind: "redacted", message: "a" }, AT);
  assert.equal(state.lines.value[0]?.text, "");
});

test("a file that is in the transcript before its answer came is shown once", () => {
  const state = new State();
  const file = { id: "x", name: "photo.png", media_type: "image/png", size_bytes: 4 };
  state.attach("k1", file, AT);
  state.apply({ ...(said("c1", 1, "customer", "") as Said), files: [{ ...file, id: "c1-a1" }] }, AT);
  state.apply({ kind: "accepted", id: "k1", message: "c1", receipt: "r1" }, AT);
  assert.deepEqual(
    state.lines.value.map((line) => [line.key, line.id, line.delivery, line.files?.[0]?.id]),
    [["k1", "c1", "sent", "c1-a1"]],
  );
});
