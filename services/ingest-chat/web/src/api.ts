// The two HTTP questions of the widget: how to show itself, and a session.

import type { Session } from "./memory.ts";
import type { Page } from "./state.ts";
import { languageOf, type Language } from "./texts.ts";

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
  async begin(key: string, fields: { visitor: string | null; language: Language; name: string | null }): Promise<Begun> {
    const body = { page: this.page, language: fields.language, ...given("visitor", fields.visitor), ...given("name", fields.name) };
    return begun(await this.ask("/v1/chat/sessions", { "Idempotency-Key": key }, body));
  }

  /** A fresh token for a session that we have. */
  async resume(session: Session): Promise<Begun> {
    return begun(await this.ask("/v1/chat/sessions", { Authorization: `Bearer ${session.token}` }, { page: this.page }));
  }

  socketUrl(session: Session): string {
    return `${this.base.replace(/^http/, "ws")}/v1/chat/sessions/${session.id}/ws`;
  }

  private async ask(path: string, headers: Record<string, string>, body?: unknown): Promise<unknown> {
    const answer = await fetch(this.base + path, {
      method: body === undefined ? "GET" : "POST",
      headers: body === undefined ? headers : { ...headers, "Content-Type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
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
