// Wrap-up: the outcome, the time that is left, and the close.

import { useLayoutEffect } from "preact/hooks";
import type { Me, Named } from "../../api.ts";
import { duration } from "../../format.ts";
import { FOCUS, focus, keyOf } from "../../shortcuts.ts";
import type { Work } from "../../state/desk.ts";
import { choose, finish, moreTime, now } from "../../store.ts";
import { inWords, t } from "../../words/index.ts";
import { KeyButton } from "../parts/KeyButton.tsx";
import "./wrapup.css";

export function WrapUp({ me, work }: { readonly me: Me; readonly work: Work }) {
  const { view, disposition } = work;
  const offered = dispositionsOf(me, work);
  const isRequired = view.wrap_up_mode === "mandatory";
  useLayoutEffect(() => focus(FOCUS.disposition), [view.id]);
  return (
    <section class="wrapup" aria-labelledby="wrap-title">
      <div>
        <h2 id="wrap-title">{t("wrap.title")}</h2>
        <p class="small">{t("wrap.lead")}</p>
      </div>
      <label class="field">
        <span>
          {t("wrap.disposition")} <kbd aria-hidden="true">{keyOf("disposition")}</kbd>
        </span>
        <select
          id={FOCUS.disposition}
          value={disposition ?? ""}
          required={isRequired}
          aria-keyshortcuts={keyOf("disposition")}
          onChange={(event) => choose(work, event.currentTarget.value)}
        >
          <option value="">{t(isRequired ? "wrap.choose" : "wrap.none")}</option>
          {offered.map((each) => (
            <option key={each.id} value={each.id}>
              {inWords(each.name, each.id)}
            </option>
          ))}
        </select>
      </label>
      <div class="wrapup-actions">
        {view.wrap_up_ends_at !== undefined && (
          <>
            <span class="quiet small numbers">{t("wrap.left", { time: duration(Date.parse(view.wrap_up_ends_at) - now.value) })}</span>
            <button type="button" class="button small" onClick={() => void moreTime(work)}>
              {t("wrap.more")}
            </button>
          </>
        )}
        <KeyButton shortcut="complete" class="primary" disabled={isRequired && disposition === undefined} onClick={() => void finish(work)}>
          {t("wrap.end")}
        </KeyButton>
      </div>
    </section>
  );
}

/** The queue's own outcomes where it names some, else all of the tenant's. */
function dispositionsOf(me: Me, { view }: Work): readonly Named[] {
  const named = me.configuration.queues?.find((each) => each.id === view.requirement.queue)?.dispositions ?? [];
  return named.length === 0 ? (me.configuration.dispositions ?? []) : (me.configuration.dispositions ?? []).filter((each) => named.includes(each.id));
}
