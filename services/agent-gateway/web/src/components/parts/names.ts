// What channels and customers are called on the desk.

import type { CustomerSummary, InteractionView } from "../../wire.ts";
import { hasWords, t } from "../../words/index.ts";

/** The channel in the person's words; an integrator's own channel by its own name. */
export function channelName(view: Pick<InteractionView, "channel" | "channel_name">): string {
  if (view.channel === "other" && view.channel_name !== "other") return view.channel_name;
  return t(`channel.${view.channel}`);
}

export function customerName(customer: Pick<CustomerSummary, "name"> | undefined): string {
  return customer?.name ?? t("customer.unknown");
}

/** A key that came with an event, in words; nothing when this desk does not know it. */
export function wordsOf(key: string, parameters: Readonly<Record<string, string>> = {}): string {
  return hasWords(key) ? t(key, parameters) : "";
}
