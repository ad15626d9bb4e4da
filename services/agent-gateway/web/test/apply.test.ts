// What a desk knows after what it was told.

import assert from "node:assert/strict";
import { test } from "node:test";
import { apply } from "../src/state/apply.ts";
import { type Desk, listed, selected } from "../src/state/desk.ts";
import type { ServerFrame } from "../src/wire.ts";
import { accepted, activated, after, AT, decided, message, NOW, offer, received, talking, view } from "./frames.ts";

const TOLD = (desk: Desk): string[] => desk.notices.map((each) => each.key);
const STATES = (desk: Desk): string[] => listed(desk).map((each) => `${each.view.id} ${each.view.state} ${each.view.version}`);
const SAID = (desk: Desk, id = "i1"): string[] => desk.work.get(id)?.messages.map((each) => each.id) ?? [];

test("an offer to me is shown, one to another is not", () => {
  assert.deepEqual([...after(offer("i1"), offer("i2", "ben")).offers.keys()], ["o-i1"]);
});

test("an accepted offer becomes my work, with the customer, and is looked at", () => {
  const desk = talking();
  assert.deepEqual([desk.offers.size, STATES(desk), desk.selected, desk.work.get("i1")?.customer?.name], [0, ["i1 active 2"], "i1", "Paul Girard"]);
});

test("it is the same whichever of the two decisions comes first", () => {
  const desk = after(offer(), activated(), accepted());
  assert.deepEqual([desk.offers.size, STATES(desk), desk.selected], [0, ["i1 active 2"], "i1"]);
});

test("what another accepted is withdrawn from me and never my work", () => {
  const withdrawn = decided("offer.withdrawn", { offer: "o-i1", interaction: "i1", agent: "anna", because: "superseded" });
  const desk = after(offer(), withdrawn, activated("i1", "ben"));
  assert.deepEqual([desk.offers.size, desk.work.size, TOLD(desk)], [0, 0, ["notice.offer_withdrawn.superseded"]]);
});

test("a missed offer is told", () => {
  const expired = decided("offer.expired", { offer: "o-i1", interaction: "i1", agent: "anna", missed_in_a_row: 1 });
  assert.deepEqual(TOLD(after(offer(), expired)), ["notice.offer_expired"]);
});

const LIFE: readonly (readonly [string, readonly ServerFrame[], readonly string[]])[] = [
  ["held", [decided("interaction.held", { interaction: "i1", version: 3, owner: "anna", is_interrupted: false })], ["i1 held 3"]],
  [
    "held and resumed",
    [
      decided("interaction.held", { interaction: "i1", version: 3, owner: "anna", is_interrupted: false }),
      decided("interaction.resumed", { interaction: "i1", version: 4, owner: "anna" }),
    ],
    ["i1 active 4"],
  ],
  ["wrapping", [decided("interaction.wrapping", { interaction: "i1", version: 3, owner: "anna", mode: "timed", ends_at: AT })], ["i1 wrapping 3"]],
  [
    "reopened by a new message",
    [
      decided("interaction.wrapping", { interaction: "i1", version: 3, owner: "anna", mode: "optional" }),
      decided("interaction.reopened", { interaction: "i1", version: 4, owner: "anna" }),
    ],
    ["i1 active 4"],
  ],
  ["disowned", [decided("interaction.disowned", { interaction: "i1", version: 3, former_owner: "anna", because: "agent_lost" })], []],
  ["parked", [decided("interaction.parked", { interaction: "i1", version: 3, owner: "anna" })], []],
  ["an older step that comes late", [decided("interaction.held", { interaction: "i1", version: 1, owner: "anna", is_interrupted: false })], ["i1 active 2"]],
  ["another's step", [decided("interaction.held", { interaction: "i9", version: 3, owner: "ben", is_interrupted: false })], ["i1 active 2"]],
];

for (const [name, frames, expected] of LIFE) {
  test(`my work after: ${name}`, () => assert.deepEqual(STATES(talking(...frames)), expected));
}

test("closed work goes, and why is told when it was not me", () => {
  const closed = (reason: "handled" | "merged"): ServerFrame =>
    decided("interaction.closed", {
      interaction: "i1",
      version: 4,
      receipts: [],
      reason,
      enqueued_at: AT,
      closed_at: AT,
      channel: "chat",
      channel_name: "chat",
      direction: "inbound",
      scope: { sponsor: "main", campaign: "main", site: "main" },
      segments: [],
      change_set: 1,
      is_answered: true,
      detail: "",
      labels: [],
    });
  const [handled, merged] = [talking(closed("handled")), talking(closed("merged"))];
  assert.deepEqual([handled.work.size, TOLD(handled), merged.work.size, TOLD(merged)], [0, [], 0, ["notice.closed.merged"]]);
});

test("messages are kept once, in the order they were said", () => {
  const desk = talking(received("m2", "i1", "c1", { sent_at: "2026-03-01T09:00:02.000Z" }), received("m1"), received("m1"));
  assert.deepEqual(SAID(desk), ["m1", "m2"]);
});

test("an earlier interaction of the same conversation gives its messages too", () => {
  assert.deepEqual(SAID(talking(received("m0", "i0", "c1"), received("m9", "i9", "c9"))), ["m0"]);
});

test("what is not looked at counts as unread until it is", () => {
  const desk = talking(offer("i2"), accepted("i2"), activated("i2"), received("m1"), received("m2"));
  assert.deepEqual([desk.selected, desk.work.get("i1")?.unread, selected(desk, "i1").work.get("i1")?.unread], ["i2", 2, 0]);
});

test("a delivery state moves forward only", () => {
  const said = decided("message.accepted", { interaction: "i1", conversation: "c1", message: message("a1", "Bonjour", { author: { kind: "agent", id: "anna", name: "" } }) });
  const report = { conversation: "c1", interaction: "i1", message: "a1", at: AT, recipient: "" };
  const desk = talking(said, decided("message.delivered", report), decided("message.sent", report));
  assert.deepEqual(desk.work.get("i1")?.messages[0]?.deliveries.map((each) => each.state), ["delivered"]);
});

test("a failed message is told, with what it is about", () => {
  const report = { conversation: "c1", message: "a1", at: AT, recipient: "", detail: "mailbox full" };
  assert.deepEqual(talking(decided("message.failed", report)).notices.map((each) => [each.key, each.about]), [["notice.message_failed", "i1"]]);
});

test("redacted words are gone", () => {
  const desk = talking(received("m1"), decided("message.redacted", { conversation: "c1", message: "m1", reason: "card" }));
  const [only] = desk.work.get("i1")?.messages ?? [];
  assert.deepEqual([only?.is_redacted, only?.content.text], [true, ""]);
});

test("a snapshot replaces what is no longer there and keeps what was said in what is", () => {
  const before = talking(received("m1"), offer("i2"), accepted("i2"), activated("i2"), offer("i3"));
  const desk = [
    decided("snapshot.began", { session: "s2", agent: "anna", change_set: 1 }),
    decided("snapshot.interaction", { session: "s2", view: view({ state: "held", version: 7, owner: "anna" }) }),
    decided("snapshot.ended", { session: "s2", interactions: 1, offers: 0 }),
  ].reduce((desk, frame) => apply(desk, frame, NOW), before);
  assert.deepEqual([STATES(desk), SAID(desk), desk.offers.size, desk.selected, desk.isComplete], [["i1 held 7"], ["m1"], 0, "i1", true]);
});

test("work is listed by channel, then by age", () => {
  const taken = (id: string, channel: "voice" | "email", enqueued_at: string): ServerFrame[] => [offer(id, "anna", { channel, enqueued_at }), accepted(id), activated(id)];
  const desk = talking(...taken("i5", "email", "2026-03-01T08:00:00.000Z"), ...taken("i4", "email", "2026-03-01T07:00:00.000Z"), ...taken("i6", "voice", AT));
  assert.deepEqual(listed(desk).map((each) => each.view.id), ["i6", "i1", "i4", "i5"]);
});

test("the place is that of the last decision, and unknown ones change nothing else", () => {
  const before = talking();
  const frame = { ...decided("gateway.lost", { gateway: "g" }), type: "standardiste.something.new.v1", seq: "0:999" };
  assert.deepEqual(apply(before, frame, NOW), { ...before, seq: "0:999" });
});

test("who is asked in, and a transfer that is not taken yet, stand beside the work until it ends", () => {
  const target = { kind: "agent", agent: "ben", will_wait: false } as const;
  const asked = decided("interaction.transfer-asked", { interaction: "i1", version: 3, by: "anna", target, note: "" });
  assert.deepEqual(talking(asked).work.get("i1")?.side, { kind: "transfer", target, isThere: false, isTogether: false });
  const back = decided("interaction.transfer-cancelled", { interaction: "i1", version: 4, by: "anna", because: "declined" });
  assert.deepEqual([talking(asked, back).work.get("i1")?.side, TOLD(talking(asked, back))], [undefined, ["notice.transfer_ended"]]);
  const consulting = decided("interaction.consulting", { interaction: "i1", version: 3, owner: "anna", target });
  const joined = decided("interaction.consult-joined", { interaction: "i1", version: 4, owner: "anna", offer: "o9", agent: "ben" });
  const together = decided("interaction.conference-started", { interaction: "i1", version: 5, members: ["anna", "ben"] });
  assert.deepEqual(talking(consulting, joined, together).work.get("i1")?.side, { kind: "consult", target, isThere: true, isTogether: true });
  const over = decided("interaction.consult-ended", { interaction: "i1", version: 6, owner: "anna", because: "cancelled" });
  assert.equal(talking(consulting, joined, over).work.get("i1")?.side, undefined);
});
