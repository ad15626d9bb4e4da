// Hand a piece of work over, or ask somebody in: whom, what they should know, and how it stands.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Me } from "../../api.ts";
import { beside, consult, handing, transfer, type Whom, whomFor } from "../../moves.ts";
import type { Target, Work } from "../../state/desk.ts";
import { inWords, t } from "../../words/index.ts";
import { Picker } from "../parts/Picker.tsx";
import "./handover.css";

export function Handover({ me, work }: { readonly me: Me; readonly work: Work }) {
  const [whom, setWhom] = useState<Whom | undefined>(undefined);
  const [note, setNote] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus(), [whom]);
  const leave = (): void => void (handing.value = undefined);
  if (whom === undefined) {
    return (
      <section class="handover">
        <h3>{t("hand.title")}</h3>
        <Picker id="whom" label={t("hand.title")} seek={t("hand.seek")} items={(sought) => whomFor(me, work, sought)} nothing={() => t("hand.nobody")} take={(chosen: Whom) => setWhom(chosen)} leave={leave} />
      </section>
    );
  }
  return (
    <form
      class="handover"
      onKeyDown={(event) => event.key === "Escape" && setWhom(undefined)}
      onSubmit={(event) => {
        event.preventDefault();
        void transfer(work, whom.target, note.trim());
      }}
    >
      <h3>{t("hand.to", { name: whom.title })}</h3>
      <label class="field">
        <span>{t("hand.note")}</span>
        <input ref={field} value={note} maxLength={500} onInput={(event) => setNote(event.currentTarget.value)} />
      </label>
      <p class="handover-ways">
        <button type="submit" class="button primary">
          {t("hand.transfer")} <kbd aria-hidden="true">Enter</kbd>
        </button>
        <button type="button" class="button" onClick={() => void consult(work, whom.target)}>
          {t("hand.consult")}
        </button>
        <button type="button" class="button plain" onClick={leave}>
          {t("hand.leave")}
        </button>
      </p>
    </form>
  );
}

/** A transfer that is not taken yet, or who was asked in: with what can be done. */
export function Beside({ me, work }: { readonly me: Me; readonly work: Work }) {
  const { side } = work;
  if (side === undefined) return null;
  const name = nameOf(me, side.target);
  if (side.kind === "transfer") {
    return (
      <p class="beside" role="status">
        <span>{t("hand.asked", { name })}</span>
        <button type="button" class="button small" onClick={() => void beside(work, "transfer.cancel")}>
          {t("hand.cancel")}
        </button>
      </p>
    );
  }
  return (
    <p class="beside" role="status">
      <span>{t(side.isTogether ? "hand.together" : side.isThere ? "hand.there" : "hand.consulting", { name })}</span>
      {side.isThere && (
        <button type="button" class="button small primary" onClick={() => void beside(work, "consult.complete")}>
          {t("hand.complete")}
        </button>
      )}
      {side.isThere && !side.isTogether && (
        <button type="button" class="button small" onClick={() => void beside(work, "conference.start")}>
          {t("hand.conference")}
        </button>
      )}
      <button type="button" class="button small" onClick={() => void beside(work, "consult.cancel")}>
        {t("hand.cancel_consult")}
      </button>
    </p>
  );
}

function nameOf(me: Me, target: Target): string {
  switch (target.kind) {
    case "queue":
      return inWords(me.configuration.queues?.find((each) => each.id === target.queue)?.name, target.queue);
    case "agent":
      return me.configuration.agents?.find((each) => each.id === target.agent)?.name ?? target.agent;
    case "outside":
      return target.address;
  }
}
