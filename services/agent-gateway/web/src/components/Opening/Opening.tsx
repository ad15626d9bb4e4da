// Begin with a customer: from which address of ours, to whom, why. The router asks whether he may be contacted before anything is written.

import { useEffect, useRef, useState } from "preact/hooks";
import type { ChannelAddress, Me } from "../../api.ts";
import { isOpening, open } from "../../moves.ts";
import { current, customerOf } from "../../store.ts";
import { inWords, t } from "../../words/index.ts";
import { channelName, shownAddresses } from "../parts/names.ts";
import "./opening.css";

const BEGINS = ["email", "sms", "voice"];
const SERVICE = "service";

export function Opening({ me }: { readonly me: Me }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const ours = (me.configuration.channel_addresses ?? []).filter((each) => BEGINS.includes(each.channel));
  const [chosen, setChosen] = useState("");
  const [address, setAddress] = useState("");
  const [purpose, setPurpose] = useState(SERVICE);
  const [isAsking, setAsking] = useState(false);
  const from = ours.find((each) => each.id === chosen) ?? ours[0];
  useEffect(() => {
    if (isOpening.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpening.value]);

  async function go(): Promise<void> {
    if (from === undefined || isAsking) return;
    setAsking(true);
    const isDone = await open(from.channel, from.id, address.trim(), purpose);
    setAsking(false);
    if (isDone) setAddress("");
  }

  return (
    <dialog ref={dialog} class="opening" aria-labelledby="opening-title" onClose={() => void (isOpening.value = false)}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void go();
        }}
      >
        <h2 id="opening-title">{t("open.title")}</h2>
        <label class="field">
          <span>{t("open.from")}</span>
          <select value={from?.id} autoFocus onChange={(event) => setChosen(event.currentTarget.value)}>
            {ours.map((each) => (
              <option key={each.id} value={each.id}>
                {nameOf(each)}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>{t(from?.channel === "email" ? "open.to_mail" : "open.to_number")}</span>
          <input required maxLength={254} list="opening-known" value={address} type={from?.channel === "email" ? "email" : "tel"} onInput={(event) => setAddress(event.currentTarget.value)} />
          <datalist id="opening-known">{known().map((each) => <option key={each} value={each} />)}</datalist>
        </label>
        {(me.configuration.purposes ?? []).length > 0 && (
          <label class="field">
            <span>{t("open.purpose")}</span>
            <select value={purpose} onChange={(event) => setPurpose(event.currentTarget.value)}>
              <option value={SERVICE}>{t("open.service")}</option>
              {(me.configuration.purposes ?? [])
                .filter((each) => each.id !== SERVICE)
                .map((each) => (
                  <option key={each.id} value={each.id}>
                    {inWords(each.name, each.id)}
                  </option>
                ))}
            </select>
          </label>
        )}
        <p class="quiet small">{t("open.lead")}</p>
        <p class="opening-ways">
          <button type="submit" class="button primary" disabled={isAsking || from === undefined || address.trim() === ""}>
            {t("open.go")} <kbd aria-hidden="true">Enter</kbd>
          </button>
          <button type="button" class="button plain" onClick={() => void (isOpening.value = false)}>
            {t("hand.leave")}
          </button>
        </p>
      </form>
    </dialog>
  );
}

/** The addresses of whom the agent is looking at. */
function known(): readonly string[] {
  const customer = current.value === undefined ? undefined : customerOf(current.value);
  return customer !== undefined && "addresses" in customer ? shownAddresses(customer).map((each) => each.address) : [];
}

function nameOf(each: ChannelAddress): string {
  const channel = channelName({ channel: each.channel, channel_name: each.channel_name ?? each.channel });
  return `${channel} · ${inWords(each.name, each.address)}`;
}
