// Whether a customer may be written to or called: asked of the records before anybody writes, told in words, and changed when he says so.

import { signal } from "@preact/signals";
import type { Customer, Me } from "./api.ts";
import type { Work } from "./state/desk.ts";
import { now, permissionOf, record, tell } from "./store.ts";
import type { Channel, CustomerId, InteractionView, Refusal } from "./wire.ts";

export const SERVICE = "service";
export type Ask = { readonly channel: Channel; readonly address: string };

/** The refusals that are known, by customer, channel and address; undefined: may be contacted. What is not here was not asked yet. */
export const permissions = signal<ReadonlyMap<string, Refusal | undefined>>(new Map());

/** The channels on which an address of this family is reached. */
export function channelsOf(family: string): readonly Channel[] {
  if (family === "phone") return ["sms", "voice"];
  return family === "email" ? ["email"] : [];
}

export function wayKey(customer: CustomerId, { channel, address }: Ask): string {
  return `${customer} ${channel} ${address}`;
}

/** Every way to a customer. */
export function waysTo(customer: Customer): readonly Ask[] {
  return customer.addresses.flatMap(({ family, address }) => channelsOf(family).map((channel) => ({ channel, address })));
}

/** Ask for every way to a customer whether it is open. Those that cannot be found out are left unsaid. */
export async function learn(customer: Customer): Promise<void> {
  for (const way of waysTo(customer)) {
    const refused = await permissionOf(way, SERVICE).catch(() => null);
    if (refused !== null) permissions.value = new Map(permissions.value).set(wayKey(customer.id, way), refused);
  }
}

/** Write down what the customer said of an address: yes again, or no more. */
export async function say(customer: Customer, way: Ask, word: "resumed" | "withdrawn"): Promise<void> {
  try {
    await record({ address: way, channel: way.channel, word, purpose: "*", source: "desk" });
    await learn(customer);
  } catch {
    tell("warning", "permission.failed");
  }
}

/** Why an answer would not go out, where it is known before: the customer said no, or the hours of an app's conversation are over. */
export function barOf({ view, messages }: Work, customer: Customer | undefined, me: Me): "opted_out" | "blocked" | "not_permitted_now" | "session" | undefined {
  const ways = customer === undefined ? [] : waysTo(customer).filter((each) => each.channel === view.channel);
  const answers = ways.map((each) => permissions.value.get(wayKey(customer?.id ?? "", each)));
  const refused = answers.length > 0 && answers.every((each) => each !== undefined) ? answers[0] : undefined;
  if (refused === "opted_out" || refused === "blocked" || refused === "not_permitted_now") return refused;
  const until = sessionUntil(view, messages.findLast((each) => each.author.kind === "customer")?.sent_at, me);
  return until !== undefined && until <= now.value ? "session" : undefined;
}

const APPS = /^(whatsapp|rcs):/;
const HOUR_MS = 3_600_000;

/** Until when a free answer may go out in the conversation of an app; undefined where there is no such limit. */
export function sessionUntil(view: InteractionView, lastWord: string | undefined, me: Me): number | undefined {
  const ours = (me.configuration.channel_addresses ?? []).filter((each) => each.channel === "sms" && each.channel_name === view.channel_name && APPS.test(each.address));
  const hours = Math.min(...ours.map((each) => each.session_hours ?? 24));
  if (view.channel !== "sms" || ours.length === 0 || hours <= 0 || lastWord === undefined) return undefined;
  return Date.parse(lastWord) + hours * HOUR_MS;
}
