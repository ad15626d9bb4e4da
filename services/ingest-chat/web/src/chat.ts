// The conversation as the visitor conducts it: says things, comes back, sees answers, ends it.
//
// A message is kept in the browser's storage from the moment it is written until the server says that it is durable; one at a time is on its way, so that
// their order survives a refusal or a lost line. The same id is the same message, so sending it again is harmless, from any tab.

import { effect } from "@preact/signals";

import { Refused, type Api } from "./api.ts";
import { backoffMs, Connection } from "./connection.ts";
import { PENDING_MAX, type Memory, type Pending, type SeenState, type Session } from "./memory.ts";
import { isAgents, State } from "./state.ts";
import type { Language } from "./texts.ts";
import { TEXT_BYTES_MAX, type Problem, type Said, type ServerFrame } from "./wire.ts";

const TYPING_EVERY_MS = 3_000;
const TOKEN_FRESH_MS = 6 * 3_600_000;

export class Chat {
  readonly state = new State();
  private readonly connection: Connection;
  private seq: string | undefined;
  private inFlight: string | null = null;
  private typedAt = 0;
  private isBeginning = false;
  private tries = 0;
  private later: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly api: Api,
    private readonly memory: Memory,
    private readonly language: Language,
    private readonly name: string | null,
    private readonly identity: string | null,
  ) {
    this.connection = new Connection({
      hello: () => ({ after: this.seq, pending: this.memory.pending.map((each) => each.id) }),
      frame: (frame) => this.take(frame),
      link: (link) => {
        this.state.link.value = link;
        if (link !== "open") this.inFlight = null;
      },
      refused: () => void this.renew(),
    });
    effect(() => this.read());
  }

  /** Show what the page is, take up what was going on, and listen to the browser. */
  start(): void {
    this.state.isOpen.value = this.memory.isOpen;
    this.state.isKnown.value = this.identity !== null || this.memory.form !== null || this.memory.session !== null;
    for (const pending of this.memory.pending) this.state.say(pending);
    void this.look();
    const session = this.memory.session;
    if (session !== null) void this.join(session);
    else if (this.memory.pending.length > 0) void this.begin();
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => {
      this.read();
      if (document.visibilityState === "visible") this.hurry();
    });
    window.addEventListener("storage", (event) => {
      const other = this.memory.session;
      if (this.memory.isSessionKey(event.key) && other !== null) void this.join(other);
      else this.read(); // it may have been read there
    });
  }

  open(isOpen: boolean): void {
    this.state.isOpen.value = isOpen;
    this.memory.isOpen = isOpen;
  }

  /** Say something. False when there is nothing, or more than a message holds. */
  say(written: string): boolean {
    const text = written.trim();
    const isTooLong = new TextEncoder().encode(text).length > TEXT_BYTES_MAX;
    this.state.isTooLong.value = isTooLong;
    if (text === "" || isTooLong || this.memory.pending.length >= PENDING_MAX) return false;
    if (this.state.isEnded.value) this.forget();
    const pending = { id: randomId(), text, at: Date.now() };
    this.memory.keep(pending);
    this.state.say(pending);
    if (this.memory.session === null) void this.begin();
    else this.flush();
    return true;
  }

  /** The visitor has filled in what is asked before a chat. */
  introduce(fields: Readonly<Record<string, string>>): void {
    this.memory.form = fields;
    this.state.isKnown.value = true;
  }

  /** Send a file, in the conversation that goes on. False for one that is too large, or when there is no conversation yet. */
  attach(file: File): boolean {
    const session = this.memory.session;
    const isTooLarge = file.size > (this.state.page.value?.file_bytes_max ?? 0);
    if (session === null || isTooLarge || file.size === 0) return false;
    const id = randomId();
    this.state.attach(id, { id, name: file.name, media_type: file.type, size_bytes: file.size }, Date.now());
    void this.upload(session, id, file, 0);
    return true;
  }

  /** Fetch a file of the conversation and have the browser save it. */
  async save(message: string, file: { readonly id: string; readonly name: string }): Promise<void> {
    const session = this.memory.session;
    if (session === null) return;
    const url = URL.createObjectURL(await this.api.file(session, message, file.id));
    const link = document.createElement("a");
    link.href = url;
    link.download = file.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  /** Leave a message that is answered by mail. Whether it was taken. */
  async leave(fields: Readonly<Record<string, string>>, text: string): Promise<boolean> {
    const { name, email = "", ...others } = fields;
    const left = { email, text, language: this.language, fields: others, ...(name ? { name } : {}) };
    const key = this.memory.beginKey ?? randomId();
    this.memory.beginKey = key;
    const isTaken = await this.api.leave(key, left).then(
      () => true,
      () => false,
    );
    if (isTaken) this.memory.beginKey = null;
    this.state.isLeft.value = isTaken;
    return isTaken;
  }

  /** Have what was said sent by mail. Whether that was taken. */
  async mail(email: string): Promise<boolean> {
    const session = this.memory.session;
    if (session === null) return false;
    const isTaken = await this.api.transcript(session, email).then(
      () => true,
      () => false,
    );
    this.state.isMailed.value = isTaken;
    return isTaken;
  }

  /** What the visitor told of himself before. */
  get known(): Readonly<Record<string, string>> {
    return this.memory.form ?? {};
  }

  /** The visitor is writing. */
  typing(): void {
    const now = Date.now();
    if (now - this.typedAt >= TYPING_EVERY_MS && this.connection.send({ kind: "typing" })) this.typedAt = now;
  }

  /** The visitor says goodbye. */
  end(): void {
    this.connection.send({ kind: "end" });
  }

  // ---- sessions

  private async look(): Promise<void> {
    try {
      this.state.page.value = await this.api.shown(this.language);
      this.state.isUnreachable.value = false;
      this.tries = 0;
    } catch (error) {
      if (error instanceof Refused && error.status < 500 && error.status !== 429) return; // no such page, or not from here: show nothing
      setTimeout(() => void this.look(), backoffMs(this.tries++, Math.random()));
    }
  }

  /** Begin a session for what waits to be said. Tried until it is there; the key makes every try the same session. */
  private async begin(): Promise<void> {
    if (this.isBeginning) return;
    this.isBeginning = true;
    this.state.link.value = "connecting";
    const key = this.memory.beginKey ?? randomId();
    this.memory.beginKey = key;
    try {
      const { name, ...attributes } = this.memory.form ?? {};
      const begun = await this.api.begin(key, {
        visitor: this.memory.visitor,
        identity: this.identity,
        language: this.language,
        name: this.name ?? (name || null),
        attributes,
      });
      this.memory.visitor = begun.visitor;
      this.memory.beginKey = null;
      this.memory.session = begun.session;
      this.state.isUnreachable.value = false;
      this.tries = 0;
      void this.join(begun.session);
    } catch (error) {
      this.state.link.value = "lost";
      this.state.isUnreachable.value = error instanceof Refused;
      const wait = (error instanceof Refused ? error.retryAfterMs : null) ?? backoffMs(this.tries++, Math.random());
      clearTimeout(this.later);
      this.later = setTimeout(() => void this.begin(), wait);
    } finally {
      this.isBeginning = false;
    }
  }

  /** Connect to a session, with a fresh token where ours is old. */
  private async join(session: Session): Promise<void> {
    let current = session;
    if (Date.now() - session.at > TOKEN_FRESH_MS) {
      const fresh = await this.api.resume(session).catch(() => null);
      if (fresh !== null) {
        current = fresh.session;
        this.memory.session = current;
      }
    }
    this.connection.want({ url: this.api.socketUrl(current), token: current.token });
  }

  /** The server does not know our session any more: what still waits to be said begins a new one. */
  private async renew(): Promise<void> {
    this.forget();
    if (this.memory.pending.length > 0) await this.begin();
  }

  /** A file is tried for as long as the page lives: the same id is the same message. */
  private async upload(session: Session, id: string, file: File, tries: number): Promise<void> {
    try {
      const message = await this.api.send(session, id, file, file.name);
      this.state.apply({ kind: "accepted", id, message, receipt: "" }, Date.now());
    } catch (error) {
      const isFinal = error instanceof Refused && error.status < 500 && error.status !== 429;
      if (isFinal) this.state.fail(id);
      else setTimeout(() => void this.upload(session, id, file, tries + 1), backoffMs(tries, Math.random()));
    }
  }

  private forget(): void {
    this.connection.stop();
    this.memory.session = null;
    this.seq = undefined;
    this.inFlight = null;
    this.state.link.value = "idle";
    this.state.isMailed.value = false;
  }

  private hurry(): void {
    if (this.memory.session === null && this.memory.pending.length > 0) void this.begin();
    this.connection.hurry();
  }

  // ---- frames

  private take(frame: ServerFrame): void {
    if ("seq" in frame && frame.seq !== "") this.seq = frame.seq;
    if (frame.kind === "said" && frame.author.kind !== "customer") this.tell("delivered", frame.id, Date.parse(frame.at));
    this.state.apply(frame, Date.now()); // what is on the screen is read at once, so this comes after `delivered`
    switch (frame.kind) {
      case "welcome":
        this.inFlight = null;
        this.flush();
        break;
      case "accepted":
        this.done(frame.id);
        this.state.isBusy.value = false;
        break;
      case "said":
        this.said(frame);
        break;
      case "problem":
        this.problem(frame);
        break;
      default:
        break;
    }
  }

  /** Words of ours that are in the transcript need no more care, whichever tab sent them. */
  private said(frame: Said): void {
    if (frame.author.kind !== "customer") return;
    for (const pending of this.memory.pending) if (this.state.isAccepted(pending.id)) this.done(pending.id);
  }

  /** What is on the screen is read; what is not is counted. */
  private read(): void {
    const isLooking = this.state.isOpen.value && document.visibilityState === "visible";
    const news = this.state.lines.value.filter((line) => isAgents(line) && !this.memory.wasSeen("read", line.id ?? "", line.at));
    this.state.unread.value = isLooking ? 0 : news.length;
    if (isLooking && this.state.link.value === "open") for (const line of news) this.tell("read", line.id ?? "", line.at);
  }

  private tell(state: SeenState, message: string, at: number): void {
    if (this.memory.wasSeen(state, message, at)) return;
    if (this.connection.send({ kind: "seen", message, state })) this.memory.noteSeen(state, message, at);
  }

  private problem(frame: Problem): void {
    if (frame.id === undefined) return;
    if (frame.reason === "conversation_closed") {
      void this.renew();
    } else if (frame.retry_after_ms !== undefined) {
      this.state.isBusy.value = true;
      clearTimeout(this.later);
      this.later = setTimeout(() => {
        this.inFlight = null;
        this.flush();
      }, frame.retry_after_ms);
    } else {
      this.state.fail(frame.id);
      this.done(frame.id);
    }
  }

  /** This message needs no more care; the next one goes. */
  private done(id: string): void {
    this.memory.drop(id);
    if (this.inFlight === id) {
      this.inFlight = null;
      this.flush();
    }
  }

  /** Send the oldest message that waits, when none is on its way. */
  private flush(): void {
    if (this.inFlight !== null) return;
    const next: Pending | undefined = this.memory.pending[0];
    if (next !== undefined && this.connection.send({ kind: "say", id: next.id, text: next.text })) this.inFlight = next.id;
  }
}

/** 128 random bits, as text: ids that nobody else has, and that nobody can guess. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
