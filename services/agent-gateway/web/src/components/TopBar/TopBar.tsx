// The bar: who I am, my status and what the system sees, my load, the connection, language, sound, help, the way out.

import type { Me } from "../../api.ts";
import { since } from "../../format.ts";
import { FOCUS, keyOf } from "../../shortcuts.ts";
import { isOpening } from "../../moves.ts";
import { isSoundOn, toggleSound } from "../../sound.ts";
import { desk, isHelpOpen, link, now, setStatus, signOut } from "../../store.ts";
import type { AgentState } from "../../wire.ts";
import { inWords, t } from "../../words/index.ts";
import { KeyButton } from "../parts/KeyButton.tsx";
import { Icon } from "../parts/Icon.tsx";
import { LanguageSwitch } from "./LanguageSwitch.tsx";
import "./topbar.css";

const TONES: Readonly<Record<AgentState, string>> = {
  offline: "bad",
  not_ready: "warning",
  ready: "good",
  offered: "info",
  busy: "info",
  wrapping: "info",
  resting: "warning",
};

export function TopBar({ me }: { readonly me: Me }) {
  return (
    <header class="topbar">
      <h1 class="brand">
        <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" width="26" height="26" />
        {t("app.name")}
      </h1>
      <Status me={me} />
      <Seat />
      <KeyButton shortcut="open" onClick={() => void (isOpening.value = true)}>
        {t("open.button")}
      </KeyButton>
      <span class="spacer" />
      <ConnectionState />
      <span class="who">
        {me.name} <span class="quiet">· {me.tenant?.name}</span>
      </span>
      <LanguageSwitch />
      <button type="button" class="button plain" aria-pressed={isSoundOn.value} title={t(isSoundOn.value ? "offers.sound_on" : "offers.sound_off")} onClick={toggleSound}>
        <Icon name={isSoundOn.value ? "sound" : "silent"} />
        <span class="hidden">{t(isSoundOn.value ? "offers.sound_on" : "offers.sound_off")}</span>
      </button>
      <button type="button" class="button plain" title={t("help.open")} aria-keyshortcuts={keyOf("help")} onClick={() => void (isHelpOpen.value = true)}>
        <Icon name="keyboard" />
        <span class="hidden">{t("help.open")}</span>
        <kbd aria-hidden="true">?</kbd>
      </button>
      <button type="button" class="button plain" title={t("signin.out")} onClick={signOut}>
        <Icon name="leave" />
        <span class="hidden">{t("signin.out")}</span>
      </button>
    </header>
  );
}

function Status({ me }: { readonly me: Me }) {
  const view = desk.value.me;
  const next = me.configuration.statuses?.find((each) => each.id === view?.next_status);
  const isMissed = view !== undefined && view.missed_in_a_row > 0 && view.state === "not_ready";
  return (
    <div class="status">
      <label class="hidden" for={FOCUS.status}>
        {t("status.label")}
      </label>
      <select id={FOCUS.status} class="select" value={view?.status ?? ""} aria-keyshortcuts={keyOf("status")} onChange={(event) => void setStatus(event.currentTarget.value)}>
        {view === undefined && <option value="">…</option>}
        {me.configuration.statuses?.map((each) => (
          <option key={each.id} value={each.id}>
            {inWords(each.name, each.id)}
          </option>
        ))}
      </select>
      {view !== undefined && (
        <span class={`tag ${TONES[view.state]}`}>
          <span class="dot" aria-hidden="true" />
          {t(`state.${view.state}`)}
          <span class="numbers" aria-hidden="true">
            {since(view.since, now.value)}
          </span>
        </span>
      )}
      {next !== undefined && <span class="quiet small">{t("status.next", { status: inWords(next.name, next.id) })}</span>}
      {isMissed && <Missed me={me} />}
    </div>
  );
}

/** Missed offers set the person to not ready; one click returns. */
function Missed({ me }: { readonly me: Me }) {
  const ready = me.configuration.statuses?.find((each) => each.is_routable);
  return (
    <span class="missed" role="status">
      {t("status.missed")}
      {ready !== undefined && (
        <button type="button" class="button small" onClick={() => void setStatus(ready.id)}>
          {t("status.back")}
        </button>
      )}
    </span>
  );
}

function Seat() {
  const seat = desk.value.me?.seat;
  if (seat === undefined) return null;
  return (
    <span class="seat" title={t("seat.value", { used: seat.used_units, total: seat.total_units })}>
      <span class="quiet small">{t("seat.label")}</span>
      <meter class="load" min={0} max={seat.total_units} value={seat.used_units} aria-label={t("seat.value", { used: seat.used_units, total: seat.total_units })} />
    </span>
  );
}

function ConnectionState() {
  const state = link.value.state;
  const tone = state === "open" ? "good" : "warning";
  const words = state === "open" ? "connection.open" : state === "connecting" || state === "waiting" ? "connection.connecting" : "state.offline";
  return (
    <span class={`connection ${tone}`} role="status" aria-label={t("connection.label")}>
      <span class="dot" aria-hidden="true" />
      {t(words)}
    </span>
  );
}
