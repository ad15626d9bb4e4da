// What the widget asks over HTTP: how to show itself, a session, files, and what goes by mail.

import type { Session } from "./memory.ts";
import type { Page } from "./state.ts";
import { languageOf, type Language } from "./texts.ts";

/** Who begins. `identity` is the site's signed word on who it is. */
export interface Who {
  readonly visitor: string | null;
  readonly identity: string | null;
  readonly language: Language;
  readonly name: string | null;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A message that is left. */
export interface Left {
  readonly email: string;
  readonly text: string;
  readonly language: Language;
  readonly name?: string;
  readonly fields: Readonly<Record<string, string>>;
}

export interface Begun {
  readonly session: Session;
  readonly visitor: string;
}

/** A no of the server: its problem's name, and when to ask again where that makes sense. */
export class Refused extends Error {
  constructor(
    readonly problem: string,
    readonly status: number,
    readonly retryAfterMs: number | null,
  ) {
    super(problem);
  }
}

export class Api {
  constructor(
    private readonly base: string,
    private readonly page: string,
  ) {}

  async shown(language: Language): Promise<Page> {
    const found = (await this.ask(`/v1/chat/pages/${encodeURIComponent(this.page)}?language=${language}`, {})) as Page;
    return { ...found, language: languageOf(language, found.language) };
  }

  /** Begin a session. The same key begins the same one. */
  async begin(key: string, fields: Who): Promise<Begun> {
    const body = {
      page: this.page,
      language: fields.language,
      attributes: fields.attributes,
      ...given("visitor", fields.visitor),
      ...given("name", fields.name),
      ...given("identity", fields.identity),
    };
    return begun(await this.ask("/v1/chat/sessions", { "Idempotency-Key": key }, body));
  }

  /** A fresh token for a session that we have. */
  async resume(session: Session): Promise<Begun> {
    return begun(await this.ask("/v1/chat/sessions", { Authorization: `Bearer ${session.token}` }, { page: this.page }));
  }

  /** Send a file as a message of its own; the message's id. */
  async send(session: Session, id: string, file: Blob, name: string): Promise<string> {
    const query = new URLSearchParams({ id, name });
    const headers = { Authorization: `Bearer ${session.token}`, "Content-Type": file.type || "application/octet-stream" };
    const accepted = await this.ask(`/v1/chat/sessions/${session.id}/files?${query}`, headers, file);
    return (accepted as { message: string }).message;
  }

  /** The bytes of a file of the conversation. */
  async file(session: Session, message: string, id: string): Promise<Blob> {
    const path = `/v1/chat/sessions/${session.id}/files/${encodeURIComponent(message)}/${encodeURIComponent(id)}`;
    const answer = await fetch(this.base + path, { headers: { Authorization: `Bearer ${session.token}` }, credentials: "omit" });
    if (!answer.ok) throw new Refused("", answer.status, null);
    return answer.blob();
  }

  /** Leave a message that is answered by mail. The same key leaves the same one. */
  async leave(key: string, left: Left): Promise<void> {
    await this.ask(`/v1/chat/pages/${encodeURIComponent(this.page)}/messages`, { "Idempotency-Key": key }, left);
  }

  /** Have what was said sent to an address. */
  async transcript(session: Session, email: string): Promise<void> {
    await this.ask(`/v1/chat/sessions/${session.id}/transcript`, { Authorization: `Bearer ${session.token}` }, { email });
  }

  socketUrl(session: Session): string {
    return `${this.base.replace(/^http/, "ws")}/v1/chat/sessions/${session.id}/ws`;
  }

  private async ask(path: string, headers: Record<string, string>, body?: unknown): Promise<unknown> {
    const isFile = body instanceof Blob;
    const answer = await fetch(this.base + path, {
      method: body === undefined ? "GET" : "POST",
      headers: body === undefined || isFile ? headers : { ...headers, "Content-Type": "application/json" },
      body: body === undefined ? null : isFile ? body : JSON.stringify(body),
      credentials: "omit",
    });
    const found: unknown = await answer.json().catch(() => null);
    if (!answer.ok) {
      const type = String((found as { type?: unknown } | null)?.type ?? "");
      const after = Number(answer.headers.get("Retry-After"));
      throw new Refused(type.slice(type.lastIndexOf("/") + 1), answer.status, after > 0 ? after * 1000 : null);
    }
    return found;
  }
}

function begun(found: unknown): Begun {
  const { session, token, visitor } = found as { session: string; token: string; visitor: string };
  return { session: { id: session, token, at: Date.now() }, visitor };
}

function given(name: string, value: string | null): Record<string, string> {
  return value === null ? {} : { [name]: value };
}
