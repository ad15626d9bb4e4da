// The websocket: hello and resume, commands and their answers, coming back with backoff. It knows nothing of what the frames mean.

import { type ClientFrame, Close, type Commands, type Decided, type ServerFrame, SUBPROTOCOL } from "./wire.ts";

/** How the connection stands. `waiting` tries again at `at`; the others that are not open stay until the person does something. */
export type Link =
  | { readonly state: "connecting" }
  | { readonly state: "open" }
  | { readonly state: "waiting"; readonly at: number }
  | { readonly state: "superseded" }
  | { readonly state: "refused" }
  | { readonly state: "closed" };

export type Answer =
  | { readonly is: "done"; readonly data: Readonly<Record<string, unknown>> }
  | { readonly is: "refused"; readonly reason: string }
  | { readonly is: "unsent" };

export interface Listener {
  readonly link: (link: Link) => void;
  readonly frame: (frame: ServerFrame) => void;
  /** A token that is good, or null when the person must sign in again. */
  readonly token: (mustBeFresh: boolean) => Promise<string | null>;
}

const BACKOFF_MS = 500;
const BACKOFF_MAX_MS = 15_000;
const ANSWER_WITHIN_MS = 20_000;
const WELCOME_WITHIN_MS = 10_000;

/** How long to wait before the next try: doubling, bounded, with jitter so that a whole floor does not come back at once. */
export function backoffMs(tries: number, random: number): number {
  const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** tries);
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

export class Connection {
  private socket: WebSocket | undefined;
  private session: string | undefined;
  private seq: string | undefined;
  private tries = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private mustBeFresh = false;
  private readonly waiting = new Map<string, (answer: Answer) => void>();

  constructor(
    private readonly url: string,
    private readonly listener: Listener,
  ) {}

  /** Connect, now; also when the next try is some time away. */
  open(): void {
    clearTimeout(this.timer);
    this.drop();
    this.listener.link({ state: "connecting" });
    void this.connect();
  }

  /** Ask the router; the answer comes as it decides. */
  command<N extends keyof Commands>(type: N, data: Commands[N]): Promise<Answer> {
    const id = crypto.randomUUID();
    if (this.socket?.readyState !== WebSocket.OPEN) return Promise.resolve({ is: "unsent" });
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.settle(id, { is: "unsent" }), ANSWER_WITHIN_MS);
      this.waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.send({ kind: "command", id, type, data: data as unknown as Record<string, unknown> });
    });
  }

  /** Give the socket a fresh token. */
  renew(token: string): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.send({ kind: "hello", token });
  }

  /** Leave for good. */
  signOut(): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.send({ kind: "sign_out" });
    this.stop({ state: "closed" });
  }

  private async connect(): Promise<void> {
    const token = await this.listener.token(this.mustBeFresh).catch(() => undefined);
    if (token === null) return this.stop({ state: "closed" });
    if (token === undefined) return this.later();
    this.mustBeFresh = false;
    const socket = new WebSocket(this.url, SUBPROTOCOL);
    const welcome = setTimeout(() => socket.close(), WELCOME_WITHIN_MS);
    this.socket = socket;
    socket.onopen = () => this.send({ kind: "hello", token, ...(this.seq === undefined ? {} : { session: this.session, seq: this.seq }) });
    socket.onmessage = (message: MessageEvent<string>) => {
      const frame = JSON.parse(message.data) as ServerFrame;
      if (frame.kind === "welcome" || frame.kind === "resumed") clearTimeout(welcome);
      this.take(frame);
    };
    socket.onclose = (event) => {
      clearTimeout(welcome);
      if (this.socket === socket) this.lost(event.code);
    };
  }

  private take(frame: ServerFrame): void {
    if (frame.kind === "welcome" || frame.kind === "resumed") {
      this.session = frame.session;
      this.tries = 0;
      this.listener.link({ state: "open" });
    }
    if (frame.kind === "welcome" || frame.kind === "event") this.seq = frame.seq;
    this.listener.frame(frame);
    if (frame.kind === "problem" && frame.command !== undefined) this.settle(frame.command, { is: "refused", reason: frame.reason });
    if (frame.kind === "event") this.answered(frame);
  }

  private answered(frame: Decided): void {
    const data = frame.data as Readonly<Record<string, unknown>>;
    if (frame.type === "standardiste.command.done.v1") this.settle(String(data["command"]), { is: "done", data });
    if (frame.type === "standardiste.command.refused.v1") this.settle(String(data["command"]), { is: "refused", reason: String(data["reason"]) });
  }

  private lost(code: number): void {
    this.socket = undefined;
    this.unsent();
    if (code === Close.SUPERSEDED) return this.stop({ state: "superseded" });
    if (code === Close.NOT_ALLOWED) return this.stop({ state: "refused" });
    if (code === Close.BAD_FRAME) this.seq = undefined;
    this.mustBeFresh = code === Close.BAD_TOKEN || code === Close.TOKEN_EXPIRED;
    this.later();
  }

  private later(): void {
    const wait = backoffMs(this.tries++, Math.random());
    this.listener.link({ state: "waiting", at: Date.now() + wait });
    this.timer = setTimeout(() => this.open(), wait);
  }

  private stop(link: Link): void {
    clearTimeout(this.timer);
    this.drop();
    this.session = undefined;
    this.seq = undefined;
    this.listener.link(link);
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = undefined;
    this.unsent();
    socket?.close();
  }

  private unsent(): void {
    for (const id of [...this.waiting.keys()]) this.settle(id, { is: "unsent" });
  }

  private settle(id: string, answer: Answer): void {
    const resolve = this.waiting.get(id);
    this.waiting.delete(id);
    resolve?.(answer);
  }

  private send(frame: ClientFrame): void {
    this.socket?.send(JSON.stringify(frame));
  }
}
