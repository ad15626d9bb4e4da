// A call: its state in plain words and how long it has been so.

import { duration } from "../../format.ts";
import type { Work } from "../../state/desk.ts";
import { now } from "../../store.ts";
import { hasWords, t } from "../../words/index.ts";
import { Icon } from "../parts/Icon.tsx";
import "./call.css";

export function CallPanel({ work: { view, hasCustomerLeft } }: { readonly work: Work }) {
  const key = `call.${view.state}`;
  const words = hasCustomerLeft ? t("call.left") : hasWords(key) ? t(key) : t("call.label");
  return (
    <section class={`call ${view.state}`} aria-label={t("call.label")}>
      <Icon name="voice" />
      <strong role="status">{words}</strong>
      <span class="numbers call-time">{duration(now.value - Date.parse(view.since))}</span>
      {view.direction === "outbound" && <span class="tag">{t("call.outbound")}</span>}
    </section>
  );
}
