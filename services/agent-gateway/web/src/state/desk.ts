// What a desk knows: a value that only `apply` changes. Times of the server are milliseconds here.

import type {
  AgentId,
  AgentView,
  ConversationId,
  CustomerSummary,
  InteractionId,
  InteractionView,
  Message,
  OfferId,
  OfferView,
  SessionId,
  ToAgent,
  ToOutside,
  ToQueue,
} from "../wire.ts";

/** An interaction that this agent owns, and what was said in it. */
export interface Work {
  readonly view: InteractionView;
  readonly customer?: CustomerSummary | undefined;
  readonly messages: readonly Message[];
  readonly unread: number;
  readonly typingUntil: number;
  readonly hasCustomerLeft: boolean;
  readonly disposition?: string | undefined;
  /** A transfer that is not taken yet, or who was asked in. */
  readonly side?: Side | undefined;
}

export type Target = ToQueue | ToAgent | ToOutside;

export interface Side {
  readonly kind: "transfer" | "consult";
  readonly target: Target;
  readonly isThere: boolean;
  readonly isTogether: boolean;
}

/** An open offer. */
export interface Offer {
  readonly offer: OfferView;
  readonly view: InteractionView;
  readonly customer?: CustomerSummary | undefined;
}

export type Tone = "info" | "good" | "warning" | "bad";

/** Something to tell the person once: a key of the words and its parameters. */
export interface Notice {
  readonly id: string;
  readonly tone: Tone;
  readonly key: string;
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  readonly about?: InteractionId | undefined;
}

export interface Desk {
  readonly agent: AgentId;
  readonly session: SessionId;
  readonly seq: string;
  readonly clockAhead: number;
  readonly tokenExpiresAt: number;
  readonly isAway: boolean;
  /** The largest file that may be sent with an answer; 0 while nobody said. */
  readonly fileBytesMax: number;
  readonly isComplete: boolean;
  readonly me?: AgentView | undefined;
  readonly offers: ReadonlyMap<OfferId, Offer>;
  readonly work: ReadonlyMap<InteractionId, Work>;
  readonly selected?: InteractionId | undefined;
  readonly notices: readonly Notice[];
}

export const NOTICES_MAX = 4;
export const TYPING_MS = 6_000;

export const EMPTY: Desk = {
  agent: "",
  session: "",
  seq: "",
  clockAhead: 0,
  tokenExpiresAt: 0,
  isAway: false,
  fileBytesMax: 0,
  isComplete: false,
  offers: new Map(),
  work: new Map(),
  notices: [],
};

/** A copy of the map with one entry set, or without it when the value is undefined. */
export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V | undefined): ReadonlyMap<K, V> {
  const copy = new Map(map);
  if (value === undefined) copy.delete(key);
  else copy.set(key, value);
  return copy;
}

/** The desk with one piece of work changed; unchanged when it has no such work. */
export function withWork(desk: Desk, id: InteractionId, change: (work: Work) => Work): Desk {
  const work = desk.work.get(id);
  return work === undefined ? desk : { ...desk, work: withEntry(desk.work, id, change(work)) };
}

/** The work to which a message of this interaction or conversation belongs. */
export function workOf(desk: Desk, interaction: InteractionId | undefined, conversation: ConversationId | undefined): Work[] {
  return [...desk.work.values()].filter(
    ({ view }) => view.id === interaction || (conversation !== undefined && view.conversation === conversation),
  );
}

export function noted(desk: Desk, notice: Notice): Desk {
  const others = desk.notices.filter((each) => each.id !== notice.id);
  return { ...desk, notices: [...others, notice].slice(-NOTICES_MAX) };
}

export function withoutNotice(desk: Desk, id: string): Desk {
  return { ...desk, notices: desk.notices.filter((each) => each.id !== id) };
}

/** Look at one piece of work: it is no longer unread. */
export function selected(desk: Desk, id: InteractionId | undefined): Desk {
  const chosen: Desk = { ...desk, selected: id };
  return id === undefined ? chosen : withWork(chosen, id, (work) => (work.unread === 0 ? work : { ...work, unread: 0 }));
}

/** Live work in the order in which the list shows it: by channel, then as it came. */
export function listed(desk: Desk): Work[] {
  return [...desk.work.values()].sort(
    (a, b) => rank(a) - rank(b) || a.view.enqueued_at.localeCompare(b.view.enqueued_at) || a.view.id.localeCompare(b.view.id),
  );
}

const RANKS = ["voice", "callback", "chat", "sms", "social", "email", "other"];

function rank(work: Work): number {
  return RANKS.indexOf(work.view.channel);
}

/** Whether nothing is typed live on this channel, so that a subject line makes sense. */
export function isMail(view: InteractionView): boolean {
  return view.channel === "email";
}

/** Whether it is the conversation of an app that the providers of texts carry: there nothing is counted in SMS. */
export function isApp(view: Pick<InteractionView, "channel" | "channel_name">): boolean {
  return view.channel === "sms" && (view.channel_name === "whatsapp" || view.channel_name === "rcs");
}

export function isCall(view: InteractionView): boolean {
  return view.channel === "voice" || view.channel === "callback";
}
