// What the widget shows, and the one place that changes it: `apply` takes the server's frames, the rest what the visitor does here.

import { computed, signal } from "@preact/signals";

import type { Pending } from "./memory.ts";
import type { Language } from "./texts.ts";
import type { File, Person, ServerFrame } from "./wire.ts";

export type Delivery = "sending" | "sent" | "failed";

/** One line of the conversation. `key` stays while a message of ours becomes one of the transcript; `id` is its id there. */
export interface Line {
  readonly key: string;
  readonly kind: "said" | "joined" | "notice" | "ended";
  readonly at: number;
  readonly id?: string | undefined;
  readonly author?: Person | undefined;
  readonly text?: string | undefined;
  readonly notice?: string | undefined;
  readonly isRedacted?: boolean | undefined;
  readonly files?: readonly File[] | undefined;
  readonly delivery?: Delivery | undefined;
}

export interface Page {
  readonly page: string;
  readonly language: Language;
  readonly title?: string;
  readonly greeting?: string;
  readonly accent: string;
  readonly side: "left" | "right";
  readonly form: readonly FormField[];
  readonly is_open: boolean;
  readonly takes_messages: boolean;
  readonly mails_transcript: boolean;
  readonly file_bytes_max: number;
}

/** A field that is asked before a chat, or with a message that is left. `label` is missing for those that we have words for. */
export interface FormField {
  readonly name: string;
  readonly is_required: boolean;
  readonly label?: string;
}

export interface Queue {
  readonly position: number;
  readonly waitLeastMs?: number | undefined;
  readonly waitMostMs?: number | undefined;
}

/** idle: no session, so no connection is wanted. */
export type Link = "idle" | "connecting" | "open" | "lost";

const TYPING_SHOWN_MS = 6_000;

export class State {
  readonly page = signal<Page | null>(null);
  readonly lines = signal<readonly Line[]>([]);
  readonly link = signal<Link>("idle");
  readonly isOpen = signal(false);
  readonly isUnreachable = signal(false);
  readonly isBusy = signal(false);
  readonly isTooLong = signal(false);
  readonly queue = signal<Queue | null>(null);
  readonly typing = signal<{ readonly name: string; readonly until: number } | null>(null);
  readonly unread = signal(0);
  /** The message up to which an agent has read what the visitor said. */
  readonly readUpTo = signal<string | null>(null);
  /** Whether the visitor has filled in what the page asks, or was here before. */
  readonly isKnown = signal(false);
  /** What was done by mail: a message left, a transcript asked for. */
  readonly isLeft = signal(false);
  readonly isMailed = signal(false);

  /** What stands where one writes: the form of a closed page, the form before a chat, or the field itself. */
  readonly asks = computed<"offline" | "form" | "words">(() => {
    const page = this.page.value;
    const isTalking = this.lines.value.length > 0 && !this.isEnded.value;
    if (page === null || isTalking) return "words";
    if (!page.is_open && page.takes_messages) return "offline";
    return page.form.length > 0 && !this.isKnown.value ? "form" : "words";
  });

  /** Whether the conversation is over, as its last event says; words said since make it a new one. */
  readonly isEnded = computed(() => {
    const last = this.lines.value.filter((line) => line.kind !== "notice").at(-1);
    return last?.kind === "ended";
  });

  /** Who is talking with the visitor: the last who joined, until the conversation ends. */
  readonly agent = computed(() => {
    const last = this.lines.value.filter((line) => line.kind === "joined" || line.kind === "ended").at(-1);
    return last?.kind === "joined" ? (last.author?.name ?? "") : null;
  });

  /** The keys of the visitor's lines that an agent has read. */
  readonly readLines = computed<ReadonlySet<string>>(() => {
    const lines = this.lines.value;
    const last = lines.findIndex((line) => line.id !== undefined && line.id === this.readUpTo.value);
    return new Set(lines.slice(0, last + 1).flatMap((line) => (line.author?.kind === "customer" ? [line.key] : [])));
  });

  /** Whether the visitor has said something that nobody has answered or taken yet. */
  readonly isWaiting = computed(() => {
    const lines = this.lines.value;
    const from = lines.map((line) => line.kind).lastIndexOf("ended") + 1;
    const present = lines.slice(from);
    return present.some((line) => line.author?.kind === "customer") && !present.some((line) => line.kind === "joined" || isAgents(line));
  });

  /** Take in a frame of the server. */
  apply(frame: ServerFrame, now: number): void {
    switch (frame.kind) {
      case "welcome":
        for (const [clientId, id] of Object.entries(frame.messages)) this.change(clientId, { id });
        if (frame.is_ended && !this.isEnded.value) this.put({ key: "ended", kind: "ended", at: now });
        break;
      case "accepted":
        this.accepted(frame.id, frame.message);
        break;
      case "said":
        this.said(frame.id, Date.parse(frame.at), frame.author, frame.text, frame.is_redacted, frame.files);
        break;
      case "joined":
        this.queue.value = null;
        this.put({ key: frame.id, kind: "joined", at: Date.parse(frame.at), id: frame.id, author: frame.author });
        break;
      case "notice":
        this.put({ key: frame.id, kind: "notice", at: Date.parse(frame.at), id: frame.id, notice: frame.notice, text: frame.text });
        break;
      case "ended":
        this.over(frame.id, Date.parse(frame.at));
        break;
      case "redacted":
        this.lines.value = this.lines.value.map((line) => (line.id === frame.message ? { ...line, text: "", files: [], isRedacted: true } : line));
        break;
      case "agent_typing":
        this.typing.value = { name: frame.author.name, until: now + TYPING_SHOWN_MS };
        break;
      case "agent_read":
        this.readUpTo.value = frame.message;
        break;
      case "position":
        this.queue.value =
          frame.position === undefined ? null : { position: frame.position, waitLeastMs: frame.wait_p50_ms, waitMostMs: frame.wait_p90_ms };
        break;
      case "problem":
      case "pong":
        break;
    }
  }

  /** The visitor has written something; it is on its way. */
  say(pending: Pending): void {
    if (this.lines.value.some((line) => line.key === pending.id)) return;
    this.put({ key: pending.id, kind: "said", at: pending.at, author: { kind: "customer", name: "" }, text: pending.text, delivery: "sending" });
  }

  /** The visitor sends a file; it is on its way. */
  attach(key: string, file: File, at: number): void {
    this.put({ key, kind: "said", at, author: { kind: "customer", name: "" }, text: "", files: [file], delivery: "sending" });
  }

  /** It will not be taken, as it is. */
  fail(clientId: string): void {
    this.change(clientId, { delivery: "failed" });
  }

  /** Whether this message is in the transcript or durable: then nobody needs to keep it. */
  isAccepted(clientId: string): boolean {
    return this.lines.value.find((line) => line.key === clientId)?.delivery === "sent";
  }

  private accepted(clientId: string, id: string): void {
    const isShown = this.lines.value.some((line) => line.id === id && line.key !== clientId);
    if (isShown) this.lines.value = this.lines.value.filter((line) => line.key !== clientId);
    else this.change(clientId, { id, delivery: "sent" });
  }

  private said(id: string, at: number, author: Person, text: string, isRedacted: boolean, files: readonly File[]): void {
    if (author.kind !== "customer") this.typing.value = null;
    const own = this.lines.value.find((line) => line.id === id) ?? this.onItsWay(author, files);
    this.put({ key: own?.key ?? id, kind: "said", at, id, author, text, isRedacted, files, delivery: author.kind === "customer" ? "sent" : undefined });
  }

  /** The line of ours that a file in the transcript is, when its answer is still on its way. */
  private onItsWay(author: Person, files: readonly File[]): Line | undefined {
    const file = files[0];
    if (author.kind !== "customer" || file === undefined) return undefined;
    const isIt = (other: File | undefined) => other?.name === file.name && other.size_bytes === file.size_bytes;
    return this.lines.value.find((line) => line.delivery === "sending" && isIt(line.files?.[0]));
  }

  private over(id: string, at: number): void {
    this.queue.value = null;
    this.typing.value = null;
    if (!this.isEnded.value) this.put({ key: id, kind: "ended", at, id });
  }

  private put(line: Line): void {
    const others = this.lines.value.filter((each) => each.key !== line.key);
    this.lines.value = [...others, line].sort(inOrder);
  }

  private change(key: string, fields: Partial<Line>): void {
    this.lines.value = this.lines.value.map((line) => (line.key === key ? { ...line, ...fields } : line)).sort(inOrder);
  }
}

/** Whether a line is somebody's of ours. */
export function isAgents(line: Line): boolean {
  return line.kind === "said" && line.author?.kind !== "customer";
}

/** By time; what is still on its way comes last, for it will be later than all that has been said. */
function inOrder(a: Line, b: Line): number {
  const waits = Number(a.delivery === "sending") - Number(b.delivery === "sending");
  return waits || a.at - b.at;
}
