// What channels and customers are called on the desk.

import type { Customer } from "../../api.ts";
import type { CustomerSummary, InteractionView } from "../../wire.ts";
import { hasWords, t } from "../../words/index.ts";

/** The channel in the person's words; an integrator's own channel by its own name. */
export function channelName(view: Pick<InteractionView, "channel" | "channel_name">): string {
  const own = `channel.${view.channel_name}`;
  if (view.channel === "sms" && hasWords(own)) return t(own);
  if (view.channel === "other" && view.channel_name !== "other") return view.channel_name;
  return t(`channel.${view.channel}`);
}

/** The name, else an address that says something (a chat visitor's is a mere id), else that he is not known. */
export function customerName(customer: CustomerSummary | Customer | undefined): string {
  const addresses = customer !== undefined && "addresses" in customer ? shownAddresses(customer) : [];
  return customer?.name ?? addresses[0]?.address ?? t("customer.unknown");
}

export function shownAddresses(customer: Customer | undefined): Customer["addresses"] {
  return (customer?.addresses ?? []).filter((each) => each.family !== "chat");
}

/** A key that came with an event, in words; nothing when this desk does not know it. */
export function wordsOf(key: string, parameters: Readonly<Record<string, string>> = {}): string {
  return hasWords(key) ? t(key, parameters) : "";
}
