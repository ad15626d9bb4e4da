// Generated from the catalogue by `python -m standardiste.common.events.typescript`; a test holds it current.

export const SUBPROTOCOL = "standardiste.v1";

/** Why a socket was closed (4000–4999 are ours). */
export const Close = {
  SIGNED_OUT: 1000,
  GOING_AWAY: 1001,
  BAD_FRAME: 4400,
  BAD_TOKEN: 4401,
  NOT_ALLOWED: 4403,
  HELLO_LATE: 4408,
  SUPERSEDED: 4409,
  TOO_SLOW: 4413,
  TOO_MANY: 4429,
  TOKEN_EXPIRED: 4440,
  AWAY: 4503,
} as const;

export const REFUSALS = [
  "unknown_type",
  "malformed",
  "not_allowed",
  "unknown_agent",
  "unknown_interaction",
  "unknown_offer",
  "unknown_queue",
  "unknown_status",
  "unknown_disposition",
  "unknown_channel_address",
  "unknown_customer",
  "unknown_message",
  "no_session",
  "session_superseded",
  "stale_version",
  "wrong_state",
  "not_owner",
  "already_owned",
  "offer_ended",
  "new_message",
  "interaction_closed",
  "disposition_required",
  "empty_message",
  "message_too_long",
  "agent_full",
  "agent_away",
  "lacks_skill",
  "over_capacity",
  "opted_out",
  "blocked",
  "not_permitted_now",
  "permission_unknown",
  "customer_left",
  "not_offered_here",
  "not_handled",
  "bus_away",
  "too_many_commands"
] as const;

export type Refusal = (typeof REFUSALS)[number];

/** What the router decides, by type without `standardiste.` and `.v1`. */
export interface Decisions {
  readonly "agent.explained": AgentExplained;
  readonly "agent.idle-reset": AgentIdleReset;
  readonly "agent.state-changed": AgentStateChanged;
  readonly "agent.status-changed": AgentStatusChanged;
  readonly "callback.attempted": CallbackAttempted;
  readonly "callback.scheduled": CallbackScheduled;
  readonly "channel-address.health-changed": ChannelAddressHealthChanged;
  readonly "command.done": CommandDone;
  readonly "command.refused": CommandRefused;
  readonly "configuration.applied": ConfigurationApplied;
  readonly "configuration.refused": ConfigurationRefused;
  readonly "customer.away": CustomerAway;
  readonly "customer.identified": CustomerIdentified;
  readonly "customer.left": CustomerLeft;
  readonly "customer.returned": CustomerReturned;
  readonly "customer.typing": CustomerTyping;
  readonly "doctor.reported": DoctorReported;
  readonly "gateway.lost": GatewayLost;
  readonly "interaction.activated": InteractionActivated;
  readonly "interaction.call-refused": CallOrderRefused;
  readonly "interaction.closed": InteractionClosed;
  readonly "interaction.conference-left": ConferenceLeft;
  readonly "interaction.conference-started": ConferenceStarted;
  readonly "interaction.connecting": InteractionConnecting;
  readonly "interaction.consult-ended": ConsultEnded;
  readonly "interaction.consult-joined": ConsultJoined;
  readonly "interaction.consulting": InteractionConsulting;
  readonly "interaction.disowned": InteractionDisowned;
  readonly "interaction.dispositioned": InteractionDispositioned;
  readonly "interaction.explained": InteractionExplained;
  readonly "interaction.held": InteractionHeld;
  readonly "interaction.opened": InteractionOpened;
  readonly "interaction.overflowed": InteractionOverflowed;
  readonly "interaction.parked": InteractionParked;
  readonly "interaction.preference-ended": PreferenceEnded;
  readonly "interaction.prioritised": InteractionPrioritised;
  readonly "interaction.queued": InteractionQueued;
  readonly "interaction.recording-changed": RecordingChanged;
  readonly "interaction.relaxed": InteractionRelaxed;
  readonly "interaction.reopened": InteractionReopened;
  readonly "interaction.resumed": InteractionResumed;
  readonly "interaction.routed": InteractionRouted;
  readonly "interaction.supervised": InteractionSupervised;
  readonly "interaction.transfer-asked": TransferAsked;
  readonly "interaction.transfer-cancelled": TransferCancelled;
  readonly "interaction.transferred": InteractionTransferred;
  readonly "interaction.wrapping": InteractionWrapping;
  readonly "message.accepted": MessageAccepted;
  readonly "message.delayed": MessageDelayed;
  readonly "message.delivered": MessageDelivered;
  readonly "message.failed": MessageFailed;
  readonly "message.read": MessageRead;
  readonly "message.received": MessageReceived;
  readonly "message.redacted": MessageRedacted;
  readonly "message.sent": MessageSent;
  readonly "offer.accepted": OfferAccepted;
  readonly "offer.declined": OfferDeclined;
  readonly "offer.expired": OfferExpired;
  readonly "offer.made": OfferMade;
  readonly "offer.media-failed": OfferMediaFailed;
  readonly "offer.withdrawn": OfferWithdrawn;
  readonly "position.changed": PositionChanged;
  readonly "rule.failed": RuleFailed;
  readonly "session.ended": SessionEnded;
  readonly "session.lost": SessionLost;
  readonly "session.started": SessionStarted;
  readonly "skill.unstaffed": SkillUnstaffed;
  readonly "snapshot.agent": SnapshotAgent;
  readonly "snapshot.began": SnapshotBegan;
  readonly "snapshot.ended": SnapshotEnded;
  readonly "snapshot.interaction": SnapshotInteraction;
  readonly "snapshot.offer": SnapshotOffer;
  readonly "voicemail.taken": VoicemailTaken;
}

/** What a desk may ask, likewise: the fields of `data`. */
export interface Commands {
  readonly "agent.explain": ExplainAgent;
  readonly "call.dial-digits": DialDigits;
  readonly "callback.cancel": CancelCallback;
  readonly "callback.schedule": ScheduleCallback;
  readonly "conference.leave": LeaveConference;
  readonly "conference.start": StartConference;
  readonly "consult.cancel": CancelConsult;
  readonly "consult.complete": CompleteConsult;
  readonly "consult.start": StartConsult;
  readonly "disposition.set": SetDisposition;
  readonly "doctor.ask": AskDoctor;
  readonly "doctor.repair": RepairInteraction;
  readonly "interaction.assign": AssignInteraction;
  readonly "interaction.close": CloseInteraction;
  readonly "interaction.complete": CompleteInteraction;
  readonly "interaction.explain": ExplainInteraction;
  readonly "interaction.hold": HoldInteraction;
  readonly "interaction.open": OpenInteraction;
  readonly "interaction.park": ParkInteraction;
  readonly "interaction.prioritise": PrioritiseInteraction;
  readonly "interaction.pull": PullInteraction;
  readonly "interaction.requeue": RequeueInteraction;
  readonly "interaction.resume": ResumeInteraction;
  readonly "interaction.transfer": TransferInteraction;
  readonly "interaction.unpark": UnparkInteraction;
  readonly "message.redact": RedactMessage;
  readonly "message.send": SendMessage;
  readonly "offer.accept": AcceptOffer;
  readonly "offer.decline": DeclineOffer;
  readonly "reading.show": ShowReading;
  readonly "recording.pause": PauseRecording;
  readonly "recording.resume": ResumeRecording;
  readonly "rest.ask": AskRest;
  readonly "snapshot.ask": AskSnapshot;
  readonly "status.set": SetStatus;
  readonly "supervision.end": EndSupervision;
  readonly "supervision.start": StartSupervision;
  readonly "transfer.cancel": CancelTransfer;
  readonly "typing.show": ShowTyping;
  readonly "wrap-up.end": EndWrapUp;
  readonly "wrap-up.extend": ExtendWrapUp;
}

/** A decision on the websocket: a structured CloudEvent and its place. */
export interface Decided {
  readonly kind: "event";
  readonly seq: string;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: Instant;
  readonly tenant: string;
  readonly traceparent?: string;
  readonly data: unknown;
}

export type ServerFrame = Decided | Welcome | Resumed | Problem | Pong | Away | Bye;

export type ClientFrame = Hello | CommandInput | Ping | SignOut;

/** Take the offered interaction. The first accept wins; a later one is refused `already_owned` or `offer_ended`. */
export interface AcceptOffer {
  readonly offer: OfferId;
}

/** Answer to agent.explain. */
export interface AgentExplained {
  readonly command: CommandId;
  readonly agent: AgentId;
  readonly view: AgentView;
  readonly why: Why;
  readonly summary: readonly FilterCount[];
}

export type AgentId = string;

/** The idle clock begins anew. */
export interface AgentIdleReset {
  readonly agent: AgentId;
  readonly idle_since: Instant;
}

/** What the system sees; the status is what the person chose. */
export type AgentState = "offline" | "not_ready" | "ready" | "offered" | "busy" | "wrapping" | "resting";

/** What the system sees changed. With the former state and since when: the history record. */
export interface AgentStateChanged {
  readonly view: AgentView;
  readonly former: AgentState;
  readonly former_since: Instant;
  readonly former_status: StatusId;
  readonly team?: TeamId;
  readonly site: string;
  readonly change_set: number;
}

/** The person chose a status; `next_status` waits for the end of work. */
export interface AgentStatusChanged {
  readonly agent: AgentId;
  readonly status: StatusId;
  readonly next_status?: StatusId;
  readonly by?: AgentId;
  readonly because: string;
}

/** An agent as a desk shows it. `version` counts lifecycle steps. */
export interface AgentView {
  readonly id: AgentId;
  readonly version: number;
  readonly state: AgentState;
  readonly since: Instant;
  readonly status: StatusId;
  readonly next_status?: StatusId;
  readonly session?: SessionId;
  readonly seat: Seat;
  readonly missed_in_a_row: number;
  readonly rest_until?: Instant;
}

/** Name whatever breaks a law, with cause and repair. Answered by doctor.reported. */
export interface AskDoctor {
}

/** A pause after hard work or abuse, where the profile gives one. */
export interface AskRest {
  readonly reason?: string;
}

/** Send the snapshot again. */
export interface AskSnapshot {
}

/** Supervisor: give it to an agent (an offer, or at once with `is_forced`, which may exceed capacity and is marked). */
export interface AssignInteraction {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly agent: AgentId;
  readonly is_forced?: boolean;
}

/** A file of a message. Its bytes are the blob; `sha256` lets a reader check them. `content_id` is set for images shown inside the HTML. */
export interface Attachment {
  readonly id: string;
  readonly name: string;
  readonly media_type: string;
  readonly size_bytes: number;
  readonly blob: BlobName;
  readonly sha256: string;
  readonly state: AttachmentState;
  readonly content_id?: string;
}

/** A file of a message. Its bytes are the blob; `sha256` lets a reader check them. `content_id` is set for images shown inside the HTML. */
export interface AttachmentInput {
  readonly id: string;
  readonly name: string;
  readonly media_type: string;
  readonly size_bytes: number;
  readonly blob: BlobName;
  readonly sha256: string;
  readonly state?: AttachmentState;
  readonly content_id?: string;
}

export type AttachmentState = "unscanned" | "clean" | "refused";

export type Audience = "customer" | "internal";

export interface Author {
  readonly kind: AuthorKind;
  readonly id: string;
  readonly name: string;
}

export type AuthorKind = "customer" | "agent" | "bot" | "system";

/** The bus does not answer (`is_away`), or does again: the desk says so; nothing is lost. */
export interface Away {
  readonly is_away: boolean;
  readonly kind: "away";
}

export type BlobName = string;

export interface Bye {
  readonly code: number;
  readonly reason: string;
  readonly kind: "bye";
}

/** What may be asked of a call besides setting it up, and refused by whoever carries it. */
export type CallOrder = "record" | "pause_recording" | "supervise" | "digits" | "conference";

/** What was asked of the call was not done, and why; a recording that was told as changed is told back. */
export interface CallOrderRefused {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly asked: CallOrder;
  readonly detail: string;
}

/** One try of a callback. Not reached, it is tried again at `next_at`; None: given up. */
export interface CallbackAttempted {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly attempt: number;
  readonly is_reached: boolean;
  readonly next_at?: Instant;
}

/** The customer will be called, from `not_before` on, by `agent` if one is named. It keeps its place in the queue. */
export interface CallbackScheduled {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly not_before: Instant;
  readonly agent?: AgentId;
}

export type CampaignId = string;

/** The call back is no longer wanted. */
export interface CancelCallback {
  readonly interaction: InteractionId;
  readonly version: number;
}

/** Back to the customer alone. */
export interface CancelConsult {
  readonly interaction: InteractionId;
  readonly version: number;
}

/** Take a pending transfer to an agent back. */
export interface CancelTransfer {
  readonly interaction: InteractionId;
  readonly version: number;
}

/** What the router knows of a channel; an integrator's own (letter, fax, kiosk) is `other` with a `channel_name`. */
export type Channel = "voice" | "callback" | "chat" | "sms" | "social" | "email" | "other";

/** One of our addresses fails, or works again; or its credential ends soon, or it has been silent for unusually long. */
export interface ChannelAddressHealthChanged {
  readonly channel_address: ChannelAddressId;
  readonly is_healthy: boolean;
  readonly detail: string;
  readonly channel?: Channel;
  readonly last_success_at?: Instant;
  readonly credential_expires_at?: Instant;
  readonly silent_since?: Instant;
}

export type ChannelAddressId = string;

/** Supervisor or API: close it, with a reason for the record. */
export interface CloseInteraction {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly reason: string;
}

/** What became of an interaction, for good. */
export type CloseReason = "handled" | "abandoned" | "short_abandoned" | "customer_away" | "merged" | "repeat" | "blocked" | "spam" | "list" | "flood" | "overflowed" | "voicemail" | "callback_taken" | "transferred_outside" | "failed" | "closed_by_supervisor" | "closed_by_api";

/** The command was carried out. `version` is the thing's new version; ids of what it made. */
export interface CommandDone {
  readonly command: CommandId;
  readonly command_type: string;
  readonly interaction?: InteractionId;
  readonly version?: number;
  readonly message?: MessageId;
}

export type CommandId = string;

/** A command of the catalogue. `type` may be short ("offer.accept"); `data` are its fields without `actor`. */
export interface CommandInput {
  readonly id: CommandId;
  readonly type: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly traceparent?: string;
  readonly kind: "command";
}

/** The command was not carried out; nothing changed. `reason` is one of the named refusals. */
export interface CommandRefused {
  readonly command: CommandId;
  readonly command_type: string;
  readonly reason: string;
  readonly detail: string;
  readonly interaction?: InteractionId;
  readonly version?: number;
}

/** Hand over to the consulted. */
export interface CompleteConsult {
  readonly interaction: InteractionId;
  readonly version: number;
}

/** The conversation is done: go to wrap-up, or close where the queue has none. */
export interface CompleteInteraction {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly disposition?: DispositionId;
}

/** One left the conference. */
export interface ConferenceLeft {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly agent: AgentId;
}

/** All parties together. */
export interface ConferenceStarted {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly members: readonly AgentId[];
}

/** A change set is in force, whole. */
export interface ConfigurationApplied {
  readonly change_set: number;
  readonly members: number;
}

/** A change set was refused by name; the former stays in force. */
export interface ConfigurationRefused {
  readonly change_set: number;
  readonly reason: string;
  readonly detail: string;
}

/** The consult is over: cancelled, completed, declined, expired, withdrawn, media_failed, left, or with the interaction itself. */
export interface ConsultEnded {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly owner: AgentId;
  readonly agent?: AgentId;
  readonly because: string;
}

/** Who was asked in is there: an agent, whose desk shows the interaction from now on, or the outside party (`agent` None). */
export interface ConsultJoined {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly owner: AgentId;
  readonly offer: OfferId;
  readonly agent?: AgentId;
  readonly view?: InteractionView;
}

export type ContactId = string;

/** What was said. `text` is always there, possibly empty, at most 64 KiB; `new_text` is what of it is new (quotes and signature apart), None when all is. A longer body is whole in `body_blob` and `text` holds its beginning (`is_truncated`). `html_blob` is the sender's HTML, sanitised. `template` names one that the channel's provider has approved (WhatsApp), with its values by name; `text` is then what the customer reads. */
export interface Content {
  readonly text: string;
  readonly new_text?: string;
  readonly subject?: string;
  readonly language?: string;
  readonly html_blob?: BlobName;
  readonly body_blob?: BlobName;
  readonly raw_blob?: BlobName;
  readonly is_truncated: boolean;
  readonly attachments: readonly Attachment[];
  readonly template?: string;
  readonly template_values?: Readonly<Record<string, string>>;
}

/** What was said. `text` is always there, possibly empty, at most 64 KiB; `new_text` is what of it is new (quotes and signature apart), None when all is. A longer body is whole in `body_blob` and `text` holds its beginning (`is_truncated`). `html_blob` is the sender's HTML, sanitised. `template` names one that the channel's provider has approved (WhatsApp), with its values by name; `text` is then what the customer reads. */
export interface ContentInput {
  readonly text?: string;
  readonly new_text?: string;
  readonly subject?: string;
  readonly language?: string;
  readonly html_blob?: BlobName;
  readonly body_blob?: BlobName;
  readonly raw_blob?: BlobName;
  readonly is_truncated?: boolean;
  readonly attachments?: readonly AttachmentInput[];
  readonly template?: string;
  readonly template_values?: Readonly<Record<string, string>>;
}

export type ConversationId = string;

/** A chat customer's last socket is gone; he may return. */
export interface CustomerAway {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly since: Instant;
}

export type CustomerId = string;

/** Who the customer is, and the conversation. The desk learns it here; the state keeps the ids. `linked_to` is a conversation of somebody else that the contact named and does not belong to. */
export interface CustomerIdentified {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly contact: ContactId;
  readonly conversation: ConversationId;
  readonly customer: CustomerSummary;
  readonly linked_to?: ConversationId;
}

/** The customer of an owned live interaction has left; the owner may wrap up. */
export interface CustomerLeft {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly because: LeftBecause;
}

/** He is back. */
export interface CustomerReturned {
  readonly interaction: InteractionId;
  readonly version: number;
}

/** What the router's rules and a desk's first glance need of a customer. Never in router-state. */
export interface CustomerSummary {
  readonly id: CustomerId;
  readonly name?: string;
  readonly language?: string;
  readonly zone?: string;
  readonly is_known: boolean;
  readonly is_blocked: boolean;
  readonly labels: readonly string[];
  readonly attributes: Readonly<Record<string, string | number | number | boolean>>;
  readonly preferred_agent?: AgentId;
}

/** The customer is writing. */
export interface CustomerTyping {
  readonly interaction: InteractionId;
}

/** Pass. Same age for the interaction; this agent is left out of it for a while. */
export interface DeclineOffer {
  readonly offer: OfferId;
  readonly reason?: string;
}

/** Where a message stands with one recipient. `recipient` is "" when there is one only. `detail` is the provider's word in plain language. */
export interface Delivery {
  readonly state: DeliveryState;
  readonly at: Instant;
  readonly recipient: string;
  readonly code?: string;
  readonly detail?: string;
}

/** Moves forward only, in this order; `failed` is final from any. */
export type DeliveryState = "accepted" | "sending" | "delayed" | "sent" | "delivered" | "read" | "failed";

/** Send digits into the call. */
export interface DialDigits {
  readonly interaction: InteractionId;
  readonly digits: string;
}

export type Direction = "inbound" | "outbound";

export type DispositionId = string;

/** Answer to doctor.ask: what breaks a law, its cause, and a repair that keeps the age. */
export interface DoctorReported {
  readonly command: CommandId;
  readonly findings: readonly Finding[];
}

/** Supervisor: leave. */
export interface EndSupervision {
  readonly interaction: InteractionId;
}

/** Wrap-up is done: close. Refused `new_message` when the customer wrote meanwhile. */
export interface EndWrapUp {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly disposition?: DispositionId;
}

/** Why is this agent idle? Answered by agent.explained. */
export interface ExplainAgent {
  readonly agent: AgentId;
}

/** Why is it still waiting, or why this agent? Answered by interaction.explained. */
export interface ExplainInteraction {
  readonly interaction: InteractionId;
}

/** More time for a timed wrap-up. */
export interface ExtendWrapUp {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly by_ms: number;
}

/** How many agents (or interactions) one filter left out, and up to 20 of their ids. */
export interface FilterCount {
  readonly filter: string;
  readonly count: number;
  readonly ids: readonly string[];
}

/** One thing that is not as it must be. */
export interface Finding {
  readonly interaction?: InteractionId;
  readonly agent?: AgentId;
  readonly law: string;
  readonly cause: string;
  readonly repair: string;
}

/** A gateway was silent for 15 s; its sessions have their grace. */
export interface GatewayLost {
  readonly gateway: string;
}

/** First frame. `session` and `seq` when coming back. A fresh token may be sent again at any time by another hello. */
export interface Hello {
  readonly token: string;
  readonly session?: SessionId;
  readonly seq?: string;
  readonly language?: string;
  readonly kind: "hello";
}

/** Put the customer on hold. */
export interface HoldInteraction {
  readonly interaction: InteractionId;
  readonly version: number;
}

/** RFC 3339, UTC, milliseconds. */
export type Instant = string;

/** Customer and agent are talking (or the agent works on it). `is_forced`: a supervisor gave it above the agent's capacity. */
export interface InteractionActivated {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly conversation?: ConversationId;
  readonly owner: AgentId;
  readonly offer?: OfferId;
  readonly is_forced: boolean;
}

/** The end, once. The history record: segments with causes, scope and change set as they were. */
export interface InteractionClosed {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly conversation?: ConversationId;
  readonly receipts: readonly ReceiptId[];
  readonly reason: CloseReason;
  readonly enqueued_at: Instant;
  readonly closed_at: Instant;
  readonly channel: Channel;
  readonly channel_name: string;
  readonly direction: Direction;
  readonly scope: Scope;
  readonly segments: readonly Segment[];
  readonly change_set: number;
  readonly queue?: QueueId;
  readonly owner?: AgentId;
  readonly team?: TeamId;
  readonly customer?: CustomerId;
  readonly disposition?: DispositionId;
  readonly accepted_at?: Instant;
  readonly is_answered: boolean;
  readonly detail: string;
  readonly labels: readonly string[];
}

/** Accepted; media is being set up until `deadline`. `is_forced`: a supervisor gave it above the agent's capacity. */
export interface InteractionConnecting {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly conversation?: ConversationId;
  readonly owner: AgentId;
  readonly offer: OfferId;
  readonly deadline: Instant;
  readonly is_forced: boolean;
}

/** A second agent or an outside party is asked in. `offer` is what an outside party's media is reported under. */
export interface InteractionConsulting {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly owner: AgentId;
  readonly target: ToQueue | ToAgent | ToOutside;
  readonly offer?: OfferId;
}

/** Its owner lost it (agent lost, requeue, transfer, supervisor); `because` says why. A queued or closed event follows. */
export interface InteractionDisowned {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly former_owner: AgentId;
  readonly because: QueuedBecause;
}

/** Its outcome was noted. */
export interface InteractionDispositioned {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly disposition: DispositionId;
}

/** Answer to interaction.explain. */
export interface InteractionExplained {
  readonly command: CommandId;
  readonly interaction: InteractionId;
  readonly state: InteractionState;
  readonly why: Why;
  readonly summary: readonly FilterCount[];
}

/** On hold, by the owner, or because a permitted interruption came. */
export interface InteractionHeld {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly owner: AgentId;
  readonly is_interrupted: boolean;
}

export type InteractionId = string;

/** An agent or the API opened it: outbound, owned from the start. */
export interface InteractionOpened {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly receipt: ReceiptId;
  readonly owner?: AgentId;
  readonly channel: Channel;
  readonly channel_address: ChannelAddressId;
  readonly conversation: ConversationId;
  readonly customer?: CustomerId;
  readonly scope: Scope;
  readonly requirement: Requirement;
  readonly opened_at: Instant;
  readonly change_set: number;
  readonly command: CommandId;
  readonly address_hash: string;
  readonly purpose: string;
  readonly attributes: Readonly<Record<string, string | number | number | boolean>>;
}

/** A limit of the queue was passed; the action taken. */
export interface InteractionOverflowed {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly queue: QueueId;
  readonly limit: string;
  readonly action: string;
}

/** Waits for the customer or a date, out of capacity. */
export interface InteractionParked {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly owner: AgentId;
  readonly until?: Instant;
}

/** Its priority changed. */
export interface InteractionPrioritised {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly priority: number;
}

/** Waits for an agent. `enqueued_at` is its age and never lost. */
export interface InteractionQueued {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly conversation?: ConversationId;
  readonly queue: QueueId;
  readonly because: QueuedBecause;
  readonly enqueued_at: Instant;
  readonly excluded?: AgentId;
  readonly excluded_until?: Instant;
  readonly hold_for?: AgentId;
  readonly hold_until?: Instant;
}

/** A relaxation step began. */
export interface InteractionRelaxed {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly step: number;
  readonly skills: readonly SkillNeed[];
  readonly ring: number;
  readonly priority: number;
}

/** The customer wrote during wrap-up: active again with its owner. */
export interface InteractionReopened {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly owner: AgentId;
}

/** Back from hold. */
export interface InteractionResumed {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly owner: AgentId;
}

/** The rules (at arrival and at identification) or a move named queue and requirement. `original` is kept for reports when relaxed. */
export interface InteractionRouted {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly requirement: Requirement;
  readonly why: Why;
  readonly wrap_up: WrapUpMode;
}

export type InteractionState = "identifying" | "queued" | "offered" | "connecting" | "active" | "held" | "parked" | "wrapping" | "closed";

/** A supervisor listens, coaches, steps in, or has left. */
export interface InteractionSupervised {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly supervisor: AgentId;
  readonly mode: string;
}

/** Handed over: a new segment of the same interaction. */
export interface InteractionTransferred {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly by: AgentId;
  readonly target: ToQueue | ToAgent | ToOutside;
  readonly note: string;
}

/** An interaction as a desk shows it: facts and ids; the customer's words come with messages, his record from `customers`. */
export interface InteractionView {
  readonly id: InteractionId;
  readonly version: number;
  readonly state: InteractionState;
  readonly since: Instant;
  readonly channel: Channel;
  readonly channel_name: string;
  readonly direction: Direction;
  readonly scope: Scope;
  readonly conversation?: ConversationId;
  readonly customer?: CustomerId;
  readonly contact: ContactId;
  readonly receipt: ReceiptId;
  readonly requirement: Requirement;
  readonly enqueued_at: Instant;
  readonly owner?: AgentId;
  readonly is_customer_away: boolean;
  readonly wrap_up_ends_at?: Instant;
  readonly wrap_up_mode: WrapUpMode;
  readonly language?: string;
  readonly change_set: number;
}

/** The conversation is done; the agent notes the outcome. None: ends when the agent says so. */
export interface InteractionWrapping {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly owner: AgentId;
  readonly mode: WrapUpMode;
  readonly ends_at?: Instant;
  readonly disposition?: DispositionId;
}

/** Leave; the last one in owns it. */
export interface LeaveConference {
  readonly interaction: InteractionId;
  readonly version: number;
}

export type LeftBecause = "hung_up" | "said_goodbye" | "gone" | "failed";

/** One message of a conversation, in either direction. */
export interface Message {
  readonly id: MessageId;
  readonly author: Author;
  readonly audience: Audience;
  readonly content: Content;
  readonly sent_at: Instant;
  readonly channel: Channel;
  readonly is_machine_made: boolean;
  readonly deliveries: readonly Delivery[];
  readonly is_redacted: boolean;
}

/** An agent's message was accepted for sending (or a note was kept); outbound carries it on. */
export interface MessageAccepted {
  readonly interaction: InteractionId;
  readonly conversation: ConversationId;
  readonly message: Message;
}

/** Not sent yet; being tried. */
export interface MessageDelayed {
  readonly conversation: ConversationId;
  readonly interaction?: InteractionId;
  readonly message: MessageId;
  readonly at: Instant;
  readonly recipient: string;
  readonly code?: string;
  readonly detail?: string;
}

/** It reached the customer's device or mailbox. */
export interface MessageDelivered {
  readonly conversation: ConversationId;
  readonly interaction?: InteractionId;
  readonly message: MessageId;
  readonly at: Instant;
  readonly recipient: string;
  readonly code?: string;
  readonly detail?: string;
}

/** Given up, with the reason in plain words. */
export interface MessageFailed {
  readonly conversation: ConversationId;
  readonly interaction?: InteractionId;
  readonly message: MessageId;
  readonly at: Instant;
  readonly recipient: string;
  readonly code?: string;
  readonly detail?: string;
}

export type MessageId = string;

/** The customer has seen it. */
export interface MessageRead {
  readonly conversation: ConversationId;
  readonly interaction?: InteractionId;
  readonly message: MessageId;
  readonly at: Instant;
  readonly recipient: string;
  readonly code?: string;
  readonly detail?: string;
}

/** The customer's words, for desks and the timeline. */
export interface MessageReceived {
  readonly interaction: InteractionId;
  readonly conversation?: ConversationId;
  readonly contact: ContactId;
  readonly message: Message;
}

/** Its words are gone for good. */
export interface MessageRedacted {
  readonly conversation: ConversationId;
  readonly message: MessageId;
  readonly by?: AgentId;
  readonly reason: string;
}

/** Handed to the provider. `segments`: how many parts a text took. */
export interface MessageSent {
  readonly conversation: ConversationId;
  readonly interaction?: InteractionId;
  readonly message: MessageId;
  readonly at: Instant;
  readonly recipient: string;
  readonly code?: string;
  readonly detail?: string;
  readonly segments?: number;
}

/** The agent took it. */
export interface OfferAccepted {
  readonly offer: OfferId;
  readonly interaction: InteractionId;
  readonly agent: AgentId;
  readonly is_automatic: boolean;
}

/** The agent passed. */
export interface OfferDeclined {
  readonly offer: OfferId;
  readonly interaction: InteractionId;
  readonly agent: AgentId;
  readonly reason: string;
}

/** No answer in time. `missed_in_a_row` counts it. */
export interface OfferExpired {
  readonly offer: OfferId;
  readonly interaction: InteractionId;
  readonly agent: AgentId;
  readonly missed_in_a_row: number;
}

export type OfferId = string;

/** Offered to an agent until `expires_at`. The interaction and the customer ride along for the desk. */
export interface OfferMade {
  readonly offer: OfferView;
  readonly interaction: InteractionView;
  readonly customer?: CustomerSummary;
  readonly version: number;
  readonly why: Why;
}

/** Accepted, but the media could not be set up; the agent is not punished. */
export interface OfferMediaFailed {
  readonly offer: OfferId;
  readonly interaction: InteractionId;
  readonly agent: AgentId;
  readonly detail: string;
}

/** An open offer as a desk shows it. */
export interface OfferView {
  readonly id: OfferId;
  readonly interaction: InteractionId;
  readonly agent: AgentId;
  readonly offered_at: Instant;
  readonly expires_at: Instant;
  readonly is_auto_accept: boolean;
  readonly is_interrupting: boolean;
  readonly is_transfer: boolean;
  readonly is_consult: boolean;
}

/** Taken back; the agent is not punished. */
export interface OfferWithdrawn {
  readonly offer: OfferId;
  readonly interaction: InteractionId;
  readonly agent: AgentId;
  readonly because: Withdrawal;
}

/** Begin: write to or call a customer. Permission, block and capacity are checked; the opener owns it at once. `address` is passed on and not kept. */
export interface OpenInteraction {
  readonly channel: Channel;
  readonly channel_address: ChannelAddressId;
  readonly address: string;
  readonly content?: ContentInput;
  readonly conversation?: ConversationId;
  readonly customer?: CustomerId;
  readonly queue?: QueueId;
  readonly purpose?: string;
  readonly attributes?: Readonly<Record<string, string | number | number | boolean>>;
  readonly message?: MessageId;
  readonly name?: string;
}

/** E-mail: wait for the customer, or until a date, out of capacity; comes back to the same agent first. */
export interface ParkInteraction {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly until?: Instant;
}

/** Stop recording while the customer says what may not be kept. */
export interface PauseRecording {
  readonly interaction: InteractionId;
}

export interface Ping {
  readonly kind: "ping";
}

export interface Pong {
  readonly now: Instant;
  readonly kind: "pong";
}

/** Where a waiting customer stands, and how long it may take. */
export interface PositionChanged {
  readonly interaction: InteractionId;
  readonly position: number;
  readonly wait_p50_ms?: number;
  readonly wait_p90_ms?: number;
  readonly method: string;
}

/** The preferred agent declined, left, or the hold ran out: the pool from now on. */
export interface PreferenceEnded {
  readonly interaction: InteractionId;
  readonly version: number;
}

/** Change the priority of a waiting interaction. */
export interface PrioritiseInteraction {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly priority: number;
}

/** A command that never reached the router: `command` names it, `reason` is a named refusal (malformed, unknown_type, bus_away, not_allowed …). */
export interface Problem {
  readonly reason: string;
  readonly detail: string;
  readonly command?: CommandId;
  readonly retry_after_ms?: number;
  readonly kind: "problem";
}

/** Take a chosen waiting interaction. */
export interface PullInteraction {
  readonly interaction: InteractionId;
  readonly version: number;
}

export type QueueId = string;

/** Why an interaction is (again) waiting. Its age is kept in every case. */
export type QueuedBecause = "arrived" | "identified" | "declined" | "expired" | "withdrawn" | "media_failed" | "agent_lost" | "transferred" | "unparked" | "requeued" | "overflowed" | "queue_removed" | "restored" | "callback";

export type ReceiptId = string;

/** Recording went on or off. */
export interface RecordingChanged {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly is_recording: boolean;
}

/** Remove a message's words everywhere, for good. */
export interface RedactMessage {
  readonly conversation: ConversationId;
  readonly message: MessageId;
  readonly reason: string;
}

/** Carry out the repair the doctor showed; keeps the age. */
export interface RepairInteraction {
  readonly interaction: InteractionId;
  readonly version: number;
}

/** Give it back to its queue, or to another, at its age. */
export interface RequeueInteraction {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly queue?: QueueId;
}

/** What an interaction needs: who may take it and how urgent it is. `due_at` = enqueued_at + the queue's target. */
export interface Requirement {
  readonly queue: QueueId;
  readonly skills: readonly SkillNeed[];
  readonly priority: number;
  readonly due_at: Instant;
  readonly strict_class: number;
  readonly preferred_agent?: AgentId;
  readonly labels: readonly string[];
}

/** Back from hold. */
export interface ResumeInteraction {
  readonly interaction: InteractionId;
  readonly version: number;
}

/** Record again. */
export interface ResumeRecording {
  readonly interaction: InteractionId;
}

/** The session goes on; what was missed follows, nothing twice, no snapshot. */
export interface Resumed {
  readonly session: SessionId;
  readonly now: Instant;
  readonly seq: string;
  readonly kind: "resumed";
}

/** A rule erred on a contact and so did not match. */
export interface RuleFailed {
  readonly interaction: InteractionId;
  readonly rule: string;
  readonly detail: string;
}

/** Call this customer later, from this queue. */
export interface ScheduleCallback {
  readonly interaction: InteractionId;
  readonly not_before: Instant;
  readonly is_for_me?: boolean;
}

/** Whose the work is. Each has the tenant's default, so a small site never sees them. */
export interface Scope {
  readonly sponsor: SponsorId;
  readonly campaign: CampaignId;
  readonly site: SiteId;
}

/** Capacity: units in use of units in all, and pieces of work by channel against the channel's cap. */
export interface Seat {
  readonly used_units: number;
  readonly total_units: number;
  readonly by_channel: Readonly<Record<string, number>>;
  readonly caps: Readonly<Record<string, number>>;
}

/** One stretch of an interaction's life: in one state, with one queue and one owner, and what began it. */
export interface Segment {
  readonly state: InteractionState;
  readonly began_at: Instant;
  readonly ended_at: Instant;
  readonly cause: string;
  readonly queue?: QueueId;
  readonly agent?: AgentId;
  readonly team?: TeamId;
}

/** Answer the customer, or note for colleagues (`audience` internal). Only the owner (or a consulted agent, for notes) may. */
export interface SendMessage {
  readonly interaction: InteractionId;
  readonly content: ContentInput;
  readonly audience?: Audience;
  readonly cc?: readonly string[];
  readonly bcc?: readonly string[];
  readonly is_machine_made?: boolean;
}

/** Over: signed out, superseded, or its grace ran out. */
export interface SessionEnded {
  readonly session: SessionId;
  readonly agent: AgentId;
  readonly because: string;
}

export type SessionId = string;

/** Its socket is gone; it has until `until` to come back. */
export interface SessionLost {
  readonly session: SessionId;
  readonly agent: AgentId;
  readonly until: Instant;
}

/** The session is the agent's only one now. `superseded` is the older that it ended. */
export interface SessionStarted {
  readonly session: SessionId;
  readonly agent: AgentId;
  readonly gateway: string;
  readonly superseded?: SessionId;
  readonly is_back: boolean;
}

/** Note the outcome without ending anything. */
export interface SetDisposition {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly disposition: DispositionId;
}

/** Choose a status (a reason code of the directory). During work it applies when work ends; `agent` names another for supervisors. */
export interface SetStatus {
  readonly status: StatusId;
  readonly agent?: AgentId;
}

/** All that the customer has written up to this message stands before the agent's eyes: told to who writes in a chat. */
export interface ShowReading {
  readonly interaction: InteractionId;
  readonly message: MessageId;
}

/** Tell the customer that somebody writes. Kept nowhere. */
export interface ShowTyping {
  readonly interaction: InteractionId;
}

/** The person leaves for good: the session ends at once, without its 10 s to come back. The server closes the socket. */
export interface SignOut {
  readonly kind: "sign_out";
}

export type SiteId = string;

export type SkillId = string;

/** A skill at a level, 1–5. */
export interface SkillNeed {
  readonly skill: SkillId;
  readonly level: number;
}

/** No agent at all has what this interaction needs. */
export interface SkillUnstaffed {
  readonly interaction: InteractionId;
  readonly queue: QueueId;
  readonly skills: readonly SkillId[];
}

/** The agent. */
export interface SnapshotAgent {
  readonly session: SessionId;
  readonly view: AgentView;
}

/** What follows, up to snapshot.ended, is all the agent's desk needs. */
export interface SnapshotBegan {
  readonly session: SessionId;
  readonly agent: AgentId;
  readonly change_set: number;
}

/** Complete. */
export interface SnapshotEnded {
  readonly session: SessionId;
  readonly interactions: number;
  readonly offers: number;
}

/** One interaction that the agent owns (or is asked into). */
export interface SnapshotInteraction {
  readonly session: SessionId;
  readonly view: InteractionView;
}

/** One open offer. */
export interface SnapshotOffer {
  readonly session: SessionId;
  readonly offer: OfferView;
  readonly interaction: InteractionView;
}

export type SponsorId = string;

/** Customer, owner and consulted together. */
export interface StartConference {
  readonly interaction: InteractionId;
  readonly version: number;
}

/** Ask a second agent (or outside) in; the first stays owner. */
export interface StartConsult {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly target: ToQueue | ToAgentInput | ToOutside;
}

/** Supervisor: listen, coach or step in. */
export interface StartSupervision {
  readonly interaction: InteractionId;
  readonly mode: "listen" | "coach" | "step_in";
}

export type StatusId = string;

export type TeamId = string;

export interface ToAgent {
  readonly agent: AgentId;
  readonly will_wait: boolean;
  readonly kind: "agent";
}

export interface ToAgentInput {
  readonly agent: AgentId;
  readonly will_wait?: boolean;
  readonly kind: "agent";
}

/** A number or address outside; it rides in the command and the outbound record only. */
export interface ToOutside {
  readonly address: string;
  readonly kind: "outside";
}

export interface ToQueue {
  readonly queue: QueueId;
  readonly kind: "queue";
}

/** A transfer to an agent is pending; the sender owns it until accepted. */
export interface TransferAsked {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly by: AgentId;
  readonly target: ToQueue | ToAgent | ToOutside;
  readonly note: string;
}

/** The pending transfer ended without hand-over. */
export interface TransferCancelled {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly by: AgentId;
  readonly because: string;
}

/** Hand over to a queue, an agent or outside; age, priority and history are kept. The sender owns it until the other accepts. */
export interface TransferInteraction {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly target: ToQueue | ToAgentInput | ToOutside;
  readonly note?: string;
}

/** Take a parked one back now. */
export interface UnparkInteraction {
  readonly interaction: InteractionId;
  readonly version: number;
}

/** A recording waits as work. */
export interface VoicemailTaken {
  readonly interaction: InteractionId;
  readonly version: number;
  readonly blob: string;
  readonly duration_ms: number;
}

/** A session is open; the router's snapshot follows. `file_bytes_max`: the largest file that may be sent with an answer. */
export interface Welcome {
  readonly session: SessionId;
  readonly agent: AgentId;
  readonly tenant: string;
  readonly name: string;
  readonly now: Instant;
  readonly seq: string;
  readonly token_expires_at: Instant;
  readonly file_bytes_max: number;
  readonly kind: "welcome";
}

/** Why a decision came out as it did: considered, left out by which filter, the ranking key that won, the tie-break. */
export interface Why {
  readonly considered: number;
  readonly left_out: readonly FilterCount[];
  readonly passed_over: readonly FilterCount[];
  readonly ranking: string;
  readonly key: readonly string[];
  readonly tie_break: string;
  readonly rule: string;
  readonly rules_failed: readonly string[];
  readonly change_set: number;
}

export type Withdrawal = "customer_left" | "agent_lost" | "agent_unavailable" | "superseded" | "configuration" | "supervisor";

export type WrapUpMode = "none" | "optional" | "timed" | "mandatory";
