// What outlives a page: the visitor, the session, and every message until it is accepted. One key a thing, so that tabs do not overwrite each other.
// Where the browser keeps nothing (private windows, blocked storage) all of it lasts as long as the page.

export interface Session {
  readonly id: string;
  readonly token: string;
  /** When the token was given, in milliseconds. */
  readonly at: number;
}

export interface Pending {
  readonly id: string;
  readonly text: string;
  readonly at: number;
}

export type SeenState = "delivered" | "read";

interface LastSeen {
  readonly at: number;
  readonly messages: readonly string[];
}

/** Like localStorage, as far as we need it. */
export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
  key(index: number): string | null;
  readonly length: number;
}

export const PENDING_MAX = 100;

export class Memory {
  private readonly prefix: string;
  private readonly fallback = new Map<string, string>();

  constructor(
    page: string,
    private readonly store: Store | null,
  ) {
    this.prefix = `standardiste.chat.${page}.`;
  }

  get session(): Session | null {
    const found = this.json("session");
    return isSession(found) ? found : null;
  }

  set session(session: Session | null) {
    this.write("session", session === null ? null : JSON.stringify(session));
  }

  get visitor(): string | null {
    return this.read("visitor");
  }

  set visitor(token: string | null) {
    this.write("visitor", token);
  }

  /** The key under which a session is being begun: kept until it is there, so that a lost answer begins no second one. */
  get beginKey(): string | null {
    return this.read("begin");
  }

  set beginKey(key: string | null) {
    this.write("begin", key);
  }

  /** What the visitor filled in before the chat: kept for the next one. */
  get form(): Readonly<Record<string, string>> | null {
    const found = this.json("form");
    return typeof found === "object" && found !== null ? (found as Record<string, string>) : null;
  }

  set form(fields: Readonly<Record<string, string>> | null) {
    this.write("form", fields === null ? null : JSON.stringify(fields));
  }

  /** Whether this message was told as seen: it is older than the last that was, or of the same moment and named. */
  wasSeen(state: SeenState, message: string, at: number): boolean {
    const last = this.lastSeen(state);
    return at < last.at || (at === last.at && last.messages.includes(message));
  }

  noteSeen(state: SeenState, message: string, at: number): void {
    const last = this.lastSeen(state);
    if (at < last.at) return;
    const messages = at === last.at ? [...last.messages, message] : [message];
    this.write(state, JSON.stringify({ at, messages }));
  }

  get isOpen(): boolean {
    return this.read("open") === "1";
  }

  set isOpen(isOpen: boolean) {
    this.write("open", isOpen ? "1" : null);
  }

  /** What was not accepted yet, oldest first. */
  get pending(): Pending[] {
    const found: Pending[] = [];
    for (const name of this.names()) {
      if (!name.startsWith("pending.")) continue;
      const each = this.json(name);
      if (isPending(each)) found.push(each);
    }
    return found.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  }

  keep(pending: Pending): void {
    this.write(`pending.${pending.id}`, JSON.stringify(pending));
  }

  drop(id: string): void {
    this.write(`pending.${id}`, null);
  }

  /** Whether a change of the browser's storage, made by another tab, is to our session. */
  isSessionKey(key: string | null): boolean {
    return key === `${this.prefix}session`;
  }

  private lastSeen(state: SeenState): LastSeen {
    const found = this.json(state);
    return isLastSeen(found) ? found : { at: 0, messages: [] };
  }

  private json(name: string): unknown {
    try {
      return JSON.parse(this.read(name) ?? "null");
    } catch {
      return null;
    }
  }

  private read(name: string): string | null {
    try {
      return this.store?.getItem(this.prefix + name) ?? this.fallback.get(name) ?? null;
    } catch {
      return this.fallback.get(name) ?? null;
    }
  }

  private write(name: string, value: string | null): void {
    this.fallback.delete(name);
    try {
      if (value === null) this.store?.removeItem(this.prefix + name);
      else if (this.store !== null) {
        this.store.setItem(this.prefix + name, value);
        return;
      }
    } catch {
      // no room or not allowed: it lasts as long as the page
    }
    if (value !== null) this.fallback.set(name, value);
  }

  private names(): string[] {
    const names = new Set(this.fallback.keys());
    try {
      for (let index = 0; index < (this.store?.length ?? 0); index++) {
        const key = this.store?.key(index) ?? "";
        if (key.startsWith(this.prefix)) names.add(key.slice(this.prefix.length));
      }
    } catch {
      // as above
    }
    return [...names];
  }
}

/** The browser's storage, where there is one that may be used. */
export function browserStore(): Store | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

function isSession(value: unknown): value is Session {
  const found = value as Partial<Session> | null;
  return typeof found?.id === "string" && typeof found.token === "string" && typeof found.at === "number";
}

function isPending(value: unknown): value is Pending {
  const found = value as Partial<Pending> | null;
  return typeof found?.id === "string" && typeof found.text === "string" && typeof found.at === "number";
}

function isLastSeen(value: unknown): value is LastSeen {
  const found = value as Partial<LastSeen> | null;
  return typeof found?.at === "number" && Array.isArray(found.messages);
}
