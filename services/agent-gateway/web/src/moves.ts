// Work that changes hands: transfer, consult, put aside, begin with a customer. The router decides; a refusal is told in words.

import { signal } from "@preact/signals";
import type { Me } from "./api.ts";
import { isCall, type Target, type Work } from "./state/desk.ts";
import { ask, desk } from "./store.ts";
import type { Channel, InteractionId } from "./wire.ts";
import { inWords, t } from "./words/index.ts";

/** Whom somebody can be handed to, as the picker shows it. */
export interface Whom {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly target: Target;
}

/** The interaction for which somebody is being chosen. */
export const handing = signal<InteractionId | undefined>(undefined);
export const isOpening = signal(false);

const NUMBER = /^\+?\d[\d .-]{4,}$/;

/** Queues and colleagues; for a call, the number that is being written as well. */
export function whomFor(me: Me, { view }: Work, sought: string): readonly Whom[] {
  const queues = (me.configuration.queues ?? []).map(({ id, name }): Whom => ({ id: `q-${id}`, title: inWords(name, id), text: t("hand.queue"), target: { kind: "queue", queue: id } }));
  const agents = (me.configuration.agents ?? [])
    .filter((each) => each.id !== desk.value.agent)
    .map(({ id, name }): Whom => ({ id: `a-${id}`, title: name, text: t("hand.agent"), target: { kind: "agent", agent: id, will_wait: false } }));
  const number = sought.trim();
  const outside: Whom = { id: "outside", title: number, text: t("hand.outside"), target: { kind: "outside", address: number } };
  return [...queues, ...agents, ...(isCall(view) && NUMBER.test(number) ? [outside] : [])];
}

export async function transfer({ view }: Work, target: Target, note: string): Promise<boolean> {
  const isDone = await ask("interaction.transfer", { interaction: view.id, version: view.version, target, ...(note === "" ? {} : { note }) });
  if (isDone) handing.value = undefined;
  return isDone;
}

export async function consult({ view }: Work, target: Target): Promise<boolean> {
  const isDone = await ask("consult.start", { interaction: view.id, version: view.version, target });
  if (isDone) handing.value = undefined;
  return isDone;
}

/** What can be done with who was asked in, or with a transfer that is not taken yet. */
export function beside({ view }: Work, verb: "transfer.cancel" | "consult.cancel" | "consult.complete" | "conference.start"): Promise<boolean> {
  return ask(verb, { interaction: view.id, version: view.version });
}

/** Letters and mails wait for their customer; what is live does not. */
export function canPark({ view }: Work): boolean {
  return (view.channel === "email" || view.channel === "other") && (view.state === "active" || view.state === "held");
}

export function park({ view }: Work, until?: string): Promise<boolean> {
  return ask("interaction.park", { interaction: view.id, version: view.version, ...(until === undefined ? {} : { until }) });
}

/** Begin with a customer, who is written to or called from one of our addresses. */
export async function open(channel: Channel, channelAddress: string, address: string, purpose: string): Promise<boolean> {
  const isDone = await ask("interaction.open", { channel, channel_address: channelAddress, address, purpose });
  if (isDone) isOpening.value = false;
  return isDone;
}
