// Builders of what the server says: each whole and valid, a test names only what matters to it.

import type { Decided, Decisions, InteractionView, Message, ServerFrame, Welcome } from "../src/wire.ts";
import { apply } from "../src/state/apply.ts";
import { type Desk, EMPTY } from "../src/state/desk.ts";

export const AT = "2026-03-01T09:00:00.000Z";
export const NOW = Date.parse(AT);
let count = 0;

export function decided<N extends keyof Decisions>(name: N, data: Partial<Decisions[N]>, fields: Partial<Decided> = {}): Decided {
  count += 1;
  return { kind: "event", seq: `0:${count}`, id: `d${count}`, source: "router", type: `standardiste.${name}.v1`, subject: "i1", time: AT, tenant: "t1", data, ...fields };
}

export const WELCOME: Welcome = { kind: "welcome", session: "s1", agent: "anna", tenant: "t1", name: "Anna", now: AT, seq: "0:0", token_expires_at: "2026-03-01T09:15:00.000Z", file_bytes_max: 10_485_760 };

export function view(fields: Partial<InteractionView> = {}): InteractionView {
  return {
    id: "i1",
    version: 1,
    state: "offered",
    since: AT,
    channel: "chat",
    channel_name: "chat",
    direction: "inbound",
    scope: { sponsor: "main", campaign: "main", site: "main" },
    conversation: "c1",
    customer: "cu1",
    contact: "m1",
    receipt: "r1",
    requirement: { queue: "main", skills: [], priority: 0, due_at: AT, strict_class: 5, labels: [] },
    enqueued_at: AT,
    is_customer_away: false,
    wrap_up_mode: "none",
    change_set: 1,
    ...fields,
  };
}

export function offer(interaction = "i1", agent = "anna", fields: Partial<InteractionView> = {}): Decided {
  return decided("offer.made", {
    offer: { id: `o-${interaction}`, interaction, agent, offered_at: AT, expires_at: "2026-03-01T09:00:30.000Z", is_auto_accept: false, is_interrupting: false, is_transfer: false, is_consult: false },
    interaction: view({ id: interaction, ...fields }),
    customer: { id: "cu1", name: "Paul Girard", is_known: true, is_blocked: false, labels: [], attributes: {} },
    version: 1,
    why: { considered: 1, left_out: [], passed_over: [], ranking: "", key: [], tie_break: "", rule: "", rules_failed: [], change_set: 1 },
  });
}

export function message(id: string, text = `words of ${id}`, fields: Partial<Message> = {}): Message {
  return {
    id,
    author: { kind: "customer", id: "", name: "" },
    audience: "customer",
    content: { text, is_truncated: false, attachments: [] },
    sent_at: AT,
    channel: "chat",
    is_machine_made: false,
    deliveries: [],
    is_redacted: false,
    ...fields,
  };
}

export function received(id: string, interaction = "i1", conversation = "c1", fields: Partial<Message> = {}): Decided {
  return decided("message.received", { interaction, conversation, contact: id, message: message(id, undefined, fields) });
}

export function accepted(interaction = "i1", agent = "anna"): Decided {
  return decided("offer.accepted", { offer: `o-${interaction}`, interaction, agent, is_automatic: false });
}

export function activated(interaction = "i1", owner = "anna", version = 2): Decided {
  return decided("interaction.activated", { interaction, version, conversation: `c${interaction.slice(1)}`, owner });
}

export function after(...frames: readonly ServerFrame[]): Desk {
  return frames.reduce((desk, frame) => apply(desk, frame, NOW), apply(EMPTY, WELCOME, NOW));
}

/** Anna has accepted and talks. */
export function talking(...frames: readonly ServerFrame[]): Desk {
  return after(offer(), accepted(), activated(), ...frames);
}
