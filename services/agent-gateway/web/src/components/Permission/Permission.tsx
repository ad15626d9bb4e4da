// Each way to a customer: whether it is open, and what he says of it. What would stop an answer is said where it is written.

import type { Customer, Me } from "../../api.ts";
import { duration } from "../../format.ts";
import { barOf, wayKey, permissions, say, sessionUntil, waysTo } from "../../permission.ts";
import type { Work } from "../../state/desk.ts";
import { now, records } from "../../store.ts";
import { t } from "../../words/index.ts";
import "./permission.css";

export function Permissions({ customer }: { readonly customer: Customer }) {
  const ways = waysTo(customer).filter((each) => permissions.value.has(wayKey(customer.id, each)));
  if (ways.length === 0) return null;
  return (
    <>
      <h2>{t("permission.title")}</h2>
      <ul class="permissions">
        {ways.map((each) => {
          const refused = permissions.value.get(wayKey(customer.id, each));
          const way = `${t(`channel.${each.channel}`)} ${each.address}`;
          return (
            <li key={wayKey(customer.id, each)}>
              <span class="small">{way}</span>
              <span class={`tag ${refused === undefined ? "good" : "bad"}`}>{t(refused === undefined ? "permission.open" : `refusal.${refused}`)}</span>
              {refused !== "blocked" && (
                <button type="button" class="button small" onClick={() => void say(customer, each, refused === undefined ? "withdrawn" : "resumed")}>
                  {t(refused === undefined ? "permission.withdraw" : "permission.resume")}
                  <span class="hidden"> {way}</span>
                </button>
              )}
            </li>
          );
        })}
      </ul>
    </>
  );
}

/** Said before a page is typed: that an answer would be refused, or how long a free one may still go out. */
export function Bar({ me, work }: { readonly me: Me; readonly work: Work }) {
  const { view, messages } = work;
  const customer = view.customer === undefined ? undefined : records.value.get(view.customer)?.customer;
  const bar = barOf(work, customer, me);
  if (bar !== undefined) {
    return (
      <p class="tag bad bar" role="alert">
        {t(bar === "session" ? "permission.session_over" : `refusal.${bar}`)}
      </p>
    );
  }
  const until = sessionUntil(view, messages.findLast((each) => each.author.kind === "customer")?.sent_at, me);
  return until === undefined ? null : <p class="quiet small bar">{t("permission.session", { time: duration(until - now.value) })}</p>;
}
