// The one module that applies what the server says to what a desk knows. Pure: same desk and frame, same desk.
//
// A frame that comes twice changes nothing: interactions count versions, messages have ids. What is not about this agent's own work is passed over
// (supervisors are sent more than they own).

import type {
  Close,
  Decided,
  Decisions,
  Delivery,
  DeliveryState,
  InteractionId,
  InteractionState,
  InteractionView,
  Message,
  OfferId,
  ServerFrame,
} from "../wire.ts";
import { type Desk, noted, selected, type Side, type Tone, TYPING_MS, type Work, withEntry, withWork, workOf } from "./desk.ts";

export type DecisionName = keyof Decisions;
type Handler<N extends DecisionName> = (desk: Desk, data: Decisions[N], frame: Decided) => Desk;
type Handlers = { readonly [N in DecisionName]?: Handler<N> };
export type CloseCode = (typeof Close)[keyof typeof Close];

/** The decision's short name: "offer.made". */
export function nameOf(frame: Decided): DecisionName {
  return frame.type.replace(/^standardiste\./, "").replace(/\.v1$/, "") as DecisionName;
}

/** The desk after a frame. `now` is this machine's clock. */
export function apply(desk: Desk, frame: ServerFrame, now: number): Desk {
  switch (frame.kind) {
    case "welcome":
      return {
        ...desk,
        agent: frame.agent,
        session: frame.session,
        seq: frame.seq,
        clockAhead: Date.parse(frame.now) - now,
        tokenExpiresAt: Date.parse(frame.token_expires_at),
        fileBytesMax: frame.file_bytes_max,
        isAway: false,
      };
    case "resumed":
      return { ...desk, session: frame.session, clockAhead: Date.parse(frame.now) - now, isAway: false };
    case "event":
      return decide({ ...desk, seq: frame.seq }, frame);
    case "away":
      return { ...desk, isAway: frame.is_away };
    default:
      return desk;
  }
}

function decide(desk: Desk, frame: Decided): Desk {
  const handler = HANDLERS[nameOf(frame)] as Handler<DecisionName> | undefined;
  return handler === undefined ? desk : handler(desk, frame.data as Decisions[DecisionName], frame);
}

const HANDLERS: Handlers = {
  // ---- snapshots
  "snapshot.began": (desk) => ({ ...desk, isComplete: false, offers: new Map(), work: new Map([...desk.work].map(([id, work]) => [id, stale(work)])) }),
  "snapshot.agent": (desk, data) => ({ ...desk, me: data.view }),
  "snapshot.interaction": (desk, data) => (data.view.owner === desk.agent ? owned(desk, data.view) : desk),
  "snapshot.offer": (desk, data) => (data.offer.agent === desk.agent ? withOffer(desk, data.offer.id, { offer: data.offer, view: data.interaction }) : desk),
  "snapshot.ended": (desk) => {
    const work = new Map([...desk.work].filter(([, each]) => each.view.version !== STALE));
    return withSelection({ ...desk, isComplete: true, work });
  },

  // ---- offers
  "offer.made": (desk, data) =>
    data.offer.agent === desk.agent
      ? withOffer(desk, data.offer.id, { offer: data.offer, view: data.interaction, customer: data.customer })
      : desk,
  "offer.accepted": (desk, data, frame) => {
    const offer = desk.offers.get(data.offer);
    const without = withOffer(desk, data.offer, undefined);
    if (offer === undefined || data.agent !== desk.agent) return without;
    if (without.work.has(offer.view.id)) return selected(without, offer.view.id);
    const taken = owned(without, { ...offer.view, owner: desk.agent, since: frame.time }, offer.customer);
    return selected(taken, offer.view.id);
  },
  "offer.declined": (desk, data) => withOffer(desk, data.offer, undefined),
  "offer.expired": (desk, data, frame) => ended(desk, data.offer, frame, "warning", "notice.offer_expired"),
  "offer.withdrawn": (desk, data, frame) => ended(desk, data.offer, frame, "info", `notice.offer_withdrawn.${data.because}`),
  "offer.media-failed": (desk, data, frame) => told(withOffer(desk, data.offer, undefined), frame, "bad", "notice.media_failed", data.interaction),

  "interaction.call-refused": (desk, data, frame) => told(desk, frame, "bad", `notice.call_refused.${data.asked}`, data.interaction),

  // ---- the life of my work
  "interaction.connecting": (desk, data, frame) => mine(desk, data, frame, "connecting"),
  "interaction.activated": (desk, data, frame) => mine(desk, data, frame, "active"),
  "interaction.reopened": (desk, data, frame) => mine(desk, data, frame, "active"),
  "interaction.opened": (desk, data, frame) => {
    if (data.owner !== desk.agent) return desk;
    const view: InteractionView = {
      id: data.interaction,
      version: data.version,
      state: "active",
      since: frame.time,
      channel: data.channel,
      channel_name: data.channel,
      direction: "outbound",
      scope: data.scope,
      conversation: data.conversation,
      customer: data.customer,
      contact: data.receipt,
      receipt: data.receipt,
      requirement: data.requirement,
      enqueued_at: data.opened_at,
      owner: desk.agent,
      is_customer_away: false,
      wrap_up_mode: "none",
      change_set: data.change_set,
    };
    return selected(owned(desk, view), data.interaction);
  },
  "interaction.held": (desk, data, frame) => step(desk, data, frame, { state: "held" }),
  "interaction.resumed": (desk, data, frame) => step(desk, data, frame, { state: "active" }),
  "interaction.wrapping": (desk, data, frame) =>
    withWork(
      step(desk, data, frame, { state: "wrapping", wrap_up_mode: data.mode, wrap_up_ends_at: data.ends_at }),
      data.interaction,
      (work) => ({ ...work, disposition: data.disposition ?? work.disposition }),
    ),
  "interaction.dispositioned": (desk, data, frame) =>
    withWork(step(desk, data, frame, {}), data.interaction, (work) => ({ ...work, disposition: data.disposition })),
  "interaction.routed": (desk, data, frame) => step(desk, data, frame, { requirement: data.requirement, wrap_up_mode: data.wrap_up }),
  "interaction.transfer-asked": (desk, data, frame) => sided(desk, data, frame, () => ({ kind: "transfer", target: data.target, isThere: false, isTogether: false })),
  "interaction.transfer-cancelled": (desk, data, frame) => told(sided(desk, data, frame, () => undefined), frame, "info", "notice.transfer_ended", data.interaction),
  "interaction.consulting": (desk, data, frame) => sided(desk, data, frame, () => ({ kind: "consult", target: data.target, isThere: false, isTogether: false })),
  "interaction.consult-joined": (desk, data, frame) => sided(desk, data, frame, (side) => side && { ...side, isThere: true }),
  "interaction.conference-started": (desk, data, frame) => sided(desk, data, frame, (side) => side && { ...side, isTogether: true }),
  "interaction.consult-ended": (desk, data, frame) => sided(desk, data, frame, () => undefined),
  "interaction.parked": (desk, data) => gone(desk, data.interaction),
  "interaction.closed": (desk, data, frame) => {
    const isMine = desk.work.has(data.interaction);
    const closed = gone(desk, data.interaction);
    return isMine && data.reason !== "handled" ? told(closed, frame, "info", `notice.closed.${data.reason}`) : closed;
  },
  "interaction.disowned": (desk, data, frame) => {
    if (data.former_owner !== desk.agent) return desk;
    const isTransfer = data.because === "transferred" || data.because === "requeued";
    return told(gone(desk, data.interaction), frame, isTransfer ? "info" : "warning", isTransfer ? "notice.handed_over" : "notice.disowned");
  },
  "interaction.queued": (desk, data) => gone(desk, data.interaction),

  // ---- the customer
  "customer.identified": (desk, data, frame) =>
    withWork(
      step(desk, data, frame, { customer: data.customer.id, conversation: data.conversation }),
      data.interaction,
      (work) => ({ ...work, customer: data.customer }),
    ),
  "customer.away": (desk, data, frame) => step(desk, data, frame, { is_customer_away: true }),
  "customer.returned": (desk, data, frame) =>
    withWork(step(desk, data, frame, { is_customer_away: false }), data.interaction, (work) => ({ ...work, hasCustomerLeft: false })),
  "customer.left": (desk, data, frame) =>
    withWork(step(desk, data, frame, {}), data.interaction, (work) => ({ ...work, hasCustomerLeft: true })),
  "customer.typing": (desk, data, frame) =>
    withWork(desk, data.interaction, (work) => ({ ...work, typingUntil: Date.parse(frame.time) + TYPING_MS })),

  // ---- messages
  "message.received": (desk, data) => said(desk, data.interaction, data.conversation, data.message),
  "message.accepted": (desk, data) => said(desk, data.interaction, data.conversation, data.message),
  "message.sent": (desk, data) => delivered(desk, data, "sent"),
  "message.delivered": (desk, data) => delivered(desk, data, "delivered"),
  "message.read": (desk, data) => delivered(desk, data, "read"),
  "message.delayed": (desk, data) => delivered(desk, data, "delayed"),
  "message.failed": (desk, data, frame) => {
    const failed = delivered(desk, data, "failed");
    const about = workOf(desk, data.interaction, data.conversation)[0];
    return told(failed, frame, "bad", "notice.message_failed", about?.view.id);
  },
  "message.redacted": (desk, data) =>
    workOf(desk, undefined, data.conversation).reduce(
      (after, { view }) => withWork(after, view.id, (work) => ({ ...work, messages: work.messages.map((each) => (each.id === data.message ? redacted(each) : each)) })),
      desk,
    ),

  // ---- me
  "agent.state-changed": (desk, data) => (data.view.id === desk.agent ? { ...desk, me: data.view } : desk),
  "agent.status-changed": (desk, data) =>
    desk.me !== undefined && data.agent === desk.agent
      ? { ...desk, me: { ...desk.me, status: data.status, next_status: data.next_status } }
      : desk,
};

// ---- work comes and goes

const STALE = -1;

/** What is still in the next snapshot keeps its messages; the rest goes at its end. */
function stale(work: Work): Work {
  return { ...work, view: { ...work.view, version: STALE } };
}

function owned(desk: Desk, view: InteractionView, customer?: Work["customer"]): Desk {
  const former = desk.work.get(view.id);
  const work: Work = {
    view,
    customer: customer ?? former?.customer,
    messages: former?.messages ?? [],
    unread: former?.unread ?? 0,
    typingUntil: 0,
    hasCustomerLeft: former?.hasCustomerLeft ?? false,
    disposition: former?.disposition,
  };
  return withSelection({ ...desk, work: withEntry(desk.work, view.id, work) });
}

function gone(desk: Desk, id: InteractionId): Desk {
  return desk.work.has(id) ? withSelection({ ...desk, work: withEntry(desk.work, id, undefined) }) : desk;
}

/** Something is always looked at while there is work. */
function withSelection(desk: Desk): Desk {
  const isThere = desk.selected !== undefined && desk.work.has(desk.selected);
  return isThere ? desk : selected(desk, desk.work.keys().next().value);
}

interface Step {
  readonly interaction: InteractionId;
  readonly version: number;
}

/** A lifecycle step of work that this desk has; an older one than it knows changes nothing. */
function step(desk: Desk, data: Step, frame: Decided, change: Partial<InteractionView>): Desk {
  return withWork(desk, data.interaction, (work) => {
    if (data.version < work.view.version) return work;
    const since = change.state === undefined ? work.view.since : frame.time;
    return { ...work, view: { ...work.view, ...change, version: data.version, since } };
  });
}

/** A step that changes who else is at it. */
function sided(desk: Desk, data: Step, frame: Decided, change: (side: Side | undefined) => Side | undefined): Desk {
  return withWork(step(desk, data, frame, {}), data.interaction, (work) => ({ ...work, side: change(work.side) }));
}

interface Owned extends Step {
  readonly owner: string;
  readonly conversation?: string | undefined;
}

/** A step that says whose it is: mine, or no longer mine. */
function mine(desk: Desk, data: Owned, frame: Decided, state: InteractionState): Desk {
  if (data.owner !== desk.agent) return gone(desk, data.interaction);
  const offer = [...desk.offers.values()].find((each) => each.view.id === data.interaction);
  const known = desk.work.has(data.interaction) || offer === undefined ? desk : owned(desk, offer.view, offer.customer);
  const conversation = data.conversation ?? known.work.get(data.interaction)?.view.conversation;
  return step(known, data, frame, { state, owner: data.owner, conversation, wrap_up_ends_at: undefined });
}

function withOffer(desk: Desk, id: OfferId, offer: Desk["offers"] extends ReadonlyMap<string, infer V> ? V | undefined : never): Desk {
  return { ...desk, offers: withEntry(desk.offers, id, offer) };
}

/** An offer of mine ended without me. */
function ended(desk: Desk, id: OfferId, frame: Decided, tone: Tone, key: string): Desk {
  return desk.offers.has(id) ? told(withOffer(desk, id, undefined), frame, tone, key) : desk;
}

function told(desk: Desk, frame: Decided, tone: Tone, key: string, about?: InteractionId): Desk {
  return noted(desk, { id: frame.seq, tone, key, about });
}

// ---- messages

/** Put messages into a piece of work: each once, in the order they were said. What is there already knows more (deliveries) and stays. */
export function withMessages(work: Work, messages: readonly Message[]): Work {
  const all = new Map(work.messages.map((each) => [each.id, each]));
  for (const each of messages) all.set(each.id, all.get(each.id) ?? each);
  const inOrder = [...all.values()].sort((a, b) => a.sent_at.localeCompare(b.sent_at) || a.id.localeCompare(b.id));
  return { ...work, messages: inOrder };
}

function said(desk: Desk, interaction: InteractionId, conversation: string | undefined, message: Message): Desk {
  return workOf(desk, interaction, conversation).reduce((after, { view, messages }) => {
    const isNew = !messages.some((each) => each.id === message.id);
    const counts = isNew && message.author.kind === "customer" && after.selected !== view.id;
    return withWork(after, view.id, (work) => ({
      ...withMessages(work, [message]),
      unread: work.unread + (counts ? 1 : 0),
      typingUntil: message.author.kind === "customer" ? 0 : work.typingUntil,
    }));
  }, desk);
}

const FORWARD: readonly DeliveryState[] = ["accepted", "sending", "delayed", "sent", "delivered", "read", "failed"];

interface Reported {
  readonly conversation: string;
  readonly interaction?: InteractionId | undefined;
  readonly message: string;
  readonly at: string;
  readonly recipient: string;
  readonly detail?: string | undefined;
}

function delivered(desk: Desk, data: Reported, state: DeliveryState): Desk {
  const fresh: Delivery = { state, at: data.at, recipient: data.recipient, detail: data.detail };
  return workOf(desk, data.interaction, data.conversation).reduce(
    (after, { view }) =>
      withWork(after, view.id, (work) => ({
        ...work,
        messages: work.messages.map((each) => (each.id === data.message ? { ...each, deliveries: forward(each.deliveries, fresh) } : each)),
      })),
    desk,
  );
}

/** A delivery state moves forward only, per recipient. */
function forward(deliveries: readonly Delivery[], fresh: Delivery): readonly Delivery[] {
  const former = deliveries.find((each) => each.recipient === fresh.recipient);
  if (former !== undefined && FORWARD.indexOf(former.state) >= FORWARD.indexOf(fresh.state)) return deliveries;
  return [...deliveries.filter((each) => each !== former), fresh];
}

function redacted(message: Message): Message {
  return { ...message, is_redacted: true, content: { text: "", is_truncated: false, attachments: [] } };
}
