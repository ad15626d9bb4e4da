// One socket at a time, for as long as it is wanted: it says hello with its place, notices a dead line by itself, and comes back with backoff and jitter.

import { Close, SUBPROTOCOL, type ServerFrame, type VisitorFrame } from "./wire.ts";

export const BACKOFF_MS = 500;
export const BACKOFF_MAX_MS = 15_000;
const PING_EVERY_MS = 20_000;
const PONG_WITHIN_MS = 8_000;
const WELCOME_WITHIN_MS = 10_000;

export interface Wanted {
  readonly url: string;
  readonly token: string;
}

export interface Ears {
  /** What the first frame must say besides the token. */
  hello(): { readonly after: string | undefined; readonly pending: readonly string[] };
  frame(frame: ServerFrame): void;
  link(link: "connecting" | "open" | "lost"): void;
  /** The server does not take this token, or this page: another one is needed before trying again. */
  refused(code: number): void;
}

/** The wait before try number `tries` (0 is the first): doubling up to its greatest, half of it jitter. */
export function backoffMs(tries: number, random: number): number {
  const whole = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** Math.min(tries, 10));
  return whole / 2 + (random * whole) / 2;
}

export class Connection {
  private socket: WebSocket | null = null;
  private wanted: Wanted | null = null;
  private tries = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setTimeout> | undefined;
  private isOpen = false;

  constructor(private readonly ears: Ears) {}

  /** Be connected to this session from now on. */
  want(wanted: Wanted): void {
    if (this.wanted?.url === wanted.url && this.wanted.token === wanted.token && this.socket !== null) return;
    this.wanted = wanted;
    this.tries = 0;
    this.open();
  }

  /** No connection is wanted any more. */
  stop(): void {
    this.wanted = null;
    this.drop();
  }

  /** Try at once: the browser is online again, or the page is looked at again. */
  hurry(): void {
    if (this.wanted === null || this.isOpen) return;
    this.tries = 0;
    this.open();
  }

  /** Send a frame; false when there is no open line. */
  send(frame: VisitorFrame): boolean {
    if (this.socket === null || !this.isOpen) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  private open(): void {
    const wanted = this.wanted;
    if (wanted === null) return;
    this.drop();
    this.ears.link("connecting");
    const socket = new WebSocket(wanted.url, SUBPROTOCOL);
    this.socket = socket;
    socket.onopen = () => {
      const { after, pending } = this.ears.hello();
      socket.send(JSON.stringify({ kind: "hello", token: wanted.token, ...(after === undefined ? {} : { after }), pending }));
    };
    socket.onmessage = (message) => {
      if (socket === this.socket) this.heard(message.data);
    };
    socket.onclose = (event) => {
      if (socket === this.socket) this.closed(event.code);
    };
    this.expect(WELCOME_WITHIN_MS);
  }

  private heard(data: unknown): void {
    const frame = JSON.parse(String(data)) as ServerFrame;
    if (frame.kind === "welcome") {
      this.isOpen = true;
      this.tries = 0;
      this.ears.link("open");
    }
    this.expectPing();
    this.ears.frame(frame);
  }

  private closed(code: number): void {
    this.drop();
    if (code === Close.BAD_TOKEN || code === Close.TOKEN_EXPIRED || code === Close.NOT_ALLOWED) {
      this.wanted = null;
      this.ears.link("lost");
      this.ears.refused(code);
      return;
    }
    this.ears.link("lost");
    this.retry = setTimeout(() => this.open(), backoffMs(this.tries++, Math.random()));
  }

  /** Ask for a sign of life when none has come for a while. */
  private expectPing(): void {
    clearTimeout(this.watch);
    this.watch = setTimeout(() => {
      this.send({ kind: "ping" });
      this.expect(PONG_WITHIN_MS);
    }, PING_EVERY_MS);
  }

  /** Without a frame for so long the line is dead, whatever the browser thinks. */
  private expect(withinMs: number): void {
    clearTimeout(this.watch);
    this.watch = setTimeout(() => this.closed(Close.GOING_AWAY), withinMs);
  }

  private drop(): void {
    clearTimeout(this.retry);
    clearTimeout(this.watch);
    this.isOpen = false;
    const socket = this.socket;
    this.socket = null;
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }
}
