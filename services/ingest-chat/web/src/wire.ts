// Generated from frames.py by `python -m standardiste.ingest_chat.typescript`; a test holds it current.

export const SUBPROTOCOL = "standardiste.chat.v1";

export const TEXT_BYTES_MAX = 8192;

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

export type ServerFrame = Welcome | Accepted | Said | Joined | Notice | Ended | Redacted | AgentTyping | AgentRead | Position | Problem | Pong;

export type VisitorFrame = HelloInput | Say | Typing | Seen | End | Ping;

/** The visitor's message is durable. `message` is its id in the transcript. */
export interface Accepted {
  readonly id: string;
  readonly message: string;
  readonly receipt: string;
  readonly kind: "accepted";
}

/** An agent has read all that the visitor has said up to this message. */
export interface AgentRead {
  readonly message: string;
  readonly at: Instant;
  readonly kind: "agent_read";
}

/** An agent is writing; show it for 6 s. */
export interface AgentTyping {
  readonly author: Person;
  readonly kind: "agent_typing";
}

/** The visitor says goodbye: the chat is over. */
export interface End {
  readonly kind: "end";
}

/** The conversation is closed; what the visitor writes now begins a new session. */
export interface Ended {
  readonly seq: string;
  readonly id: string;
  readonly at: Instant;
  readonly notice?: string;
  readonly kind: "ended";
}

/** A file of a message. Its bytes are `GET /v1/chat/sessions/{session}/files/{message}/{id}`, with the session's token. */
export interface File {
  readonly id: string;
  readonly name: string;
  readonly media_type: string;
  readonly size_bytes: number;
}

/** First frame. `after` is the last `seq` seen; `pending` are the ids of own messages not yet accepted, so that their message ids can be told before they are replayed. */
export interface HelloInput {
  readonly token: string;
  readonly after?: string;
  readonly pending?: readonly string[];
  readonly kind: "hello";
}

/** RFC 3339, UTC, milliseconds. */
export type Instant = string;

/** An agent took the conversation. */
export interface Joined {
  readonly seq: string;
  readonly id: string;
  readonly at: Instant;
  readonly author: Person;
  readonly kind: "joined";
}

/** A standing text: a key of the widget's catalogues, or the tenant's own words in `text`. */
export interface Notice {
  readonly seq: string;
  readonly id: string;
  readonly at: Instant;
  readonly notice: string;
  readonly text?: string;
  readonly kind: "notice";
}

/** Who says something: the visitor, an agent or bot by name, or the system. */
export interface Person {
  readonly kind: "customer" | "agent" | "bot" | "system";
  readonly name: string;
}

export interface Ping {
  readonly kind: "ping";
}

export interface Pong {
  readonly kind: "pong";
}

/** Where the waiting visitor stands; `position` None: nowhere any more. The range of the wait where enough is known. */
export interface Position {
  readonly position?: number;
  readonly wait_p50_ms?: number;
  readonly wait_p90_ms?: number;
  readonly kind: "position";
}

/** Something was not done: a name of problems.py; `id` names the message it is about, `retry_after_ms` when to try again. */
export interface Problem {
  readonly reason: string;
  readonly detail: string;
  readonly id?: string;
  readonly retry_after_ms?: number;
  readonly kind: "problem";
}

/** The words of this message are gone for good. */
export interface Redacted {
  readonly message: string;
  readonly kind: "redacted";
}

/** One message of the transcript. */
export interface Said {
  readonly seq: string;
  readonly id: string;
  readonly at: Instant;
  readonly author: Person;
  readonly text: string;
  readonly is_redacted: boolean;
  readonly files: readonly File[];
  readonly kind: "said";
}

/** The visitor's words. `id` is the widget's own: the same id is the same message, however often it is sent. */
export interface Say {
  readonly id: string;
  readonly text: string;
  readonly kind: "say";
}

/** An agent's message reached the visitor's screen (`read`: the visitor looked at it). */
export interface Seen {
  readonly message: string;
  readonly state: "delivered" | "read";
  readonly kind: "seen";
}

/** The visitor is writing. Passed on at most every 3 s, kept nowhere. */
export interface Typing {
  readonly kind: "typing";
}

/** The session is open. `messages` gives the message ids of what was pending. What follows the visitor's place comes next. */
export interface Welcome {
  readonly session: string;
  readonly now: Instant;
  readonly messages: Readonly<Record<string, string>>;
  readonly is_ended: boolean;
  readonly kind: "welcome";
}
