// Open offers: what, who, since when, how long it may be answered; announced to assistive technology as they come.

import type { Me } from "../../api.ts";
import { duration } from "../../format.ts";
import { take } from "../../shortcuts.ts";
import { decline, now, offers } from "../../store.ts";
import type { Offer } from "../../state/desk.ts";
import { inWords, t } from "../../words/index.ts";
import { channelName, customerName } from "../parts/names.ts";
import { Icon } from "../parts/Icon.tsx";
import { KeyButton } from "../parts/KeyButton.tsx";
import "./offers.css";

export function Offers({ me }: { readonly me: Me }) {
  const all = offers.value;
  const first = all[0];
  return (
    <section class="offers" aria-labelledby="offers-title">
      <h2 id="offers-title" class={all.length === 0 ? "hidden" : ""}>
        {t("offers.title")}
      </h2>
      <p class="hidden" role="alert">
        {first !== undefined && t("offers.new", { channel: channelName(first.view), customer: customerName(first.customer) })}
      </p>
      <ul>
        {all.map((each, index) => (
          <OfferCard key={each.offer.id} me={me} offer={each} isFirst={index === 0} />
        ))}
      </ul>
    </section>
  );
}

function OfferCard({ me, offer: { offer, view, customer }, isFirst }: { readonly me: Me; readonly offer: Offer; readonly isFirst: boolean }) {
  const whole = Date.parse(offer.expires_at) - Date.parse(offer.offered_at);
  const left = Math.max(0, Date.parse(offer.expires_at) - now.value);
  const queue = me.configuration.queues?.find((each) => each.id === view.requirement.queue);
  return (
    <li class="offer">
      <div class="offer-head">
        <Icon name={view.channel} />
        <strong>{channelName(view)}</strong>
        <span class="tag">{inWords(queue?.name, view.requirement.queue)}</span>
        <span class="offer-left numbers">{t("offers.left", { seconds: Math.ceil(left / 1_000) })}</span>
      </div>
      <progress class="offer-bar" max={whole} value={left} aria-hidden="true" />
      <p class="offer-who">{customerName(customer)}</p>
      <p class="quiet small numbers">{t("offers.waits", { time: duration(now.value - Date.parse(view.enqueued_at)) })}</p>
      {offer.is_transfer && <p class="small">{t("offers.transfer")}</p>}
      {offer.is_interrupting && <p class="small">{t("offers.interrupting")}</p>}
      <div class="offer-actions">
        {isFirst ? (
          <>
            <KeyButton shortcut="accept" class="primary" onClick={() => void take(offer.id)}>
              {t("offers.accept")}
            </KeyButton>
            <KeyButton shortcut="decline" onClick={() => void decline(offer.id)}>
              {t("offers.decline")}
            </KeyButton>
          </>
        ) : (
          <>
            <button type="button" class="button primary" onClick={() => void take(offer.id)}>
              {t("offers.accept")}
            </button>
            <button type="button" class="button" onClick={() => void decline(offer.id)}>
              {t("offers.decline")}
            </button>
          </>
        )}
      </div>
    </li>
  );
}
