// Files of an answer: what may be sent on which channel, said before anything is sent.

import { isApp, isCall } from "./state/desk.ts";
import type { Attachment, InteractionView } from "./wire.ts";
import type { Key } from "./words/index.ts";

/** A file of a draft: on its way to the server, there, or not taken. `share` is how much of it is there, 0 to 1. */
export interface Upload {
  readonly key: string;
  readonly name: string;
  readonly size: number;
  readonly state: "going" | "there" | "failed";
  readonly share: number;
  readonly attachment?: Attachment | undefined;
  readonly trouble?: Key | undefined;
}

export interface Limits {
  readonly count: number;
  readonly bytes: number;
}

const COUNT = 10;
/** What the providers take with one text: https://www.twilio.com/docs/messaging/guides/accepted-mime-types */
const TEXT_BYTES = 5 * 1024 * 1024;
const APP_BYTES = 16 * 1024 * 1024;

/** How many files, and how large all of them together, one answer takes; nothing where the channel takes none. */
export function limitsOf(view: Pick<InteractionView, "channel" | "channel_name">, serverBytes: number): Limits | undefined {
  if (isCall(view as InteractionView) || serverBytes === 0) return undefined;
  if (isApp(view)) return { count: 1, bytes: Math.min(APP_BYTES, serverBytes) };
  return { count: COUNT, bytes: view.channel === "sms" ? Math.min(TEXT_BYTES, serverBytes) : serverBytes };
}

/** Why a file cannot be added to those that are there. */
export function troubleOf(size: number, present: readonly Upload[], limits: Limits): Key | undefined {
  if (size === 0) return "files.empty";
  if (present.length >= limits.count) return "files.too_many";
  return present.reduce((sum, each) => sum + each.size, size) > limits.bytes ? "files.too_large" : undefined;
}
