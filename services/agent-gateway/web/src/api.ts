// The HTTP paths that a desk uses: sign in, who am I, the customer, older messages, blobs. Every answer that is a no is an ApiProblem with its name.

import type { AgentId, Attachment, Channel, CustomerId, InteractionId, Message, Refusal } from "./wire.ts";
import type { Template } from "./templates.ts";
import type { Words } from "./words/index.ts";

export interface SignedIn {
  readonly token: string;
  readonly expires_at: string;
  /** The companies that this login may work for. */
  readonly memberships: readonly { readonly tenant: string }[];
}

export interface Named {
  readonly id: string;
  readonly name: Words;
}

/** One of our addresses, from which an agent may begin. */
export interface ChannelAddress {
  readonly id: string;
  readonly channel: Channel;
  readonly channel_name?: string | null;
  readonly name: Words;
  readonly address: string;
  /** Of an app's address: how long after the customer's last word a free answer may go out; 0 for no limit. */
  readonly session_hours?: number | null;
}

/** What the directory says of the person and of what his desk needs. */
export interface Me {
  readonly id: AgentId;
  readonly name: string;
  readonly language?: string;
  readonly tenant: { readonly id: string; readonly name: string; readonly language?: string; readonly words?: Readonly<Record<string, Words>> } | null;
  readonly configuration: {
    readonly statuses?: readonly (Named & { readonly is_routable: boolean })[];
    readonly queues?: readonly (Named & { readonly dispositions: readonly string[] })[];
    readonly dispositions?: readonly Named[];
    readonly templates?: readonly Template[];
    readonly agents?: readonly { readonly id: AgentId; readonly name: string }[];
    readonly purposes?: readonly Named[];
    readonly channel_addresses?: readonly ChannelAddress[];
  };
}

export interface Customer {
  readonly id: CustomerId;
  readonly name?: string;
  readonly language?: string;
  readonly labels?: readonly string[];
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
  readonly is_blocked?: boolean;
  readonly created_at?: string;
  readonly addresses: readonly { readonly family: string; readonly address: string }[];
  /** Where outside systems show this customer. */
  readonly lookup_urls?: readonly { readonly crm: string; readonly name: Words; readonly url: string }[];
}

/** What a customer said of an address, for the ledger. */
export interface Said {
  readonly address: { readonly channel: Channel; readonly address: string };
  readonly channel: Channel;
  readonly word: "resumed" | "withdrawn";
  readonly purpose: string;
  readonly source: string;
}

export interface PastConversation {
  readonly id: string;
  readonly channel: string;
  readonly channel_name: string;
  readonly subject?: string;
  readonly last_at: string;
  readonly is_live: boolean;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string | null;
}

/** A no, by the name of its problem type; "away" when nothing answered. */
export class ApiProblem extends Error {
  constructor(
    readonly reason: string,
    readonly status: number,
    readonly retryAfterMs: number,
  ) {
    super(reason);
  }
}

const TRIES = 4;
const OLDER = 30;

export class Api {
  constructor(private readonly token: () => string) {}

  signIn(name: string, password: string, tenant: string | undefined): Promise<SignedIn> {
    return this.json("POST", "/v1/directory/sign-in", { name, password, ...(tenant === undefined ? {} : { tenant }) });
  }

  freshToken(): Promise<SignedIn> {
    return this.json("POST", "/v1/directory/token");
  }

  me(): Promise<Me> {
    return this.json("GET", "/v1/directory/me");
  }

  customer(id: CustomerId): Promise<Customer> {
    return this.patiently(() => this.json("GET", `/v1/customers/${encodeURIComponent(id)}`));
  }

  permission(address: Said["address"], purpose: string): Promise<{ readonly may_contact: boolean; readonly reason?: Refusal }> {
    return this.json("POST", "/v1/customers/permission", { address, purpose });
  }

  consent(said: Said): Promise<unknown> {
    return this.json("POST", "/v1/customers/consents", said);
  }

  conversationsOf(id: CustomerId): Promise<Page<PastConversation>> {
    return this.patiently(() => this.json("GET", `/v1/customers/${encodeURIComponent(id)}/conversations?limit=8`));
  }

  /** A conversation's messages, newest first; `atLeast` is the place that the answer must have reached. */
  messages(conversation: string, cursor: string | undefined, atLeast: string | undefined): Promise<Page<Message>> {
    const query = new URLSearchParams({ limit: String(OLDER), newest_first: "true" });
    if (cursor !== undefined) query.set("cursor", cursor);
    else if (atLeast !== undefined) query.set("at_least", atLeast);
    return this.patiently(() => this.json("GET", `/v1/customers/conversations/${encodeURIComponent(conversation)}/messages?${query}`));
  }

  async blob(name: string): Promise<Blob> {
    return (await this.ask("GET", `/v1/customers/blobs/${name.split("/").map(encodeURIComponent).join("/")}`)).blob();
  }

  /** Put a file for an answer; `told` hears how much of it is there, 0 to 1. A request of the old kind, because only that tells. */
  putFile(interaction: InteractionId, file: File, told: (share: number) => void): Promise<Attachment> {
    const request = new XMLHttpRequest();
    request.open("POST", `/v1/agent/interactions/${encodeURIComponent(interaction)}/files?${new URLSearchParams({ name: file.name })}`);
    request.setRequestHeader("Authorization", `Bearer ${this.token()}`);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.upload.onprogress = (event) => told(event.lengthComputable ? event.loaded / event.total : 0);
    return new Promise((resolve, reject) => {
      request.onload = () => {
        if (request.status === 201) resolve(JSON.parse(request.responseText) as Attachment);
        else reject(new ApiProblem(request.status === 413 ? "too_large" : "away", request.status, 0));
      };
      request.onerror = () => reject(new ApiProblem("away", 0, 0));
      request.send(file);
    });
  }

  private async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    return (await (await this.ask(method, path, body)).json()) as T;
  }

  private async ask(method: string, path: string, body?: unknown): Promise<Response> {
    const headers = new Headers({ Accept: "application/json" });
    if (this.token() !== "") headers.set("Authorization", `Bearer ${this.token()}`);
    if (body !== undefined) headers.set("Content-Type", "application/json");
    let answer: Response;
    try {
      answer = await fetch(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    } catch {
      throw new ApiProblem("away", 0, 1_000);
    }
    if (answer.ok) return answer;
    const said = (await answer.json().catch(() => ({}))) as { type?: string };
    const retryAfterS = Number(answer.headers.get("Retry-After") ?? "0");
    throw new ApiProblem(said.type?.split("/").pop() ?? "away", answer.status, retryAfterS * 1_000);
  }

  /** What is not there yet is asked for again, a few times, as the answer says. */
  private async patiently<T>(ask: () => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried++) {
      try {
        return await ask();
      } catch (problem) {
        const mayCome = problem instanceof ApiProblem && (problem.status === 503 || problem.status === 404 || problem.status === 403);
        if (!mayCome || tried === TRIES) throw problem;
        await new Promise((resolve) => setTimeout(resolve, problem.retryAfterMs || tried * 400));
      }
    }
  }
}
