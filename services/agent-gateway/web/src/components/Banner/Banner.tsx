// What stands between the desk and its work: a lost connection, a system that is away, a desk opened elsewhere.

import { desk, link, now, retry, signOut } from "../../store.ts";
import { t } from "../../words/index.ts";
import "./banner.css";

export function Banner() {
  const state = link.value;
  if (state.state === "waiting") {
    const seconds = Math.ceil((state.at + desk.value.clockAhead - now.value) / 1_000);
    return (
      <div class="banner warning" role="status">
        <span class="numbers">{seconds > 0 ? t("connection.waiting", { seconds }) : t("connection.waiting_now")}</span>
        <button type="button" class="button small" onClick={retry}>
          {t("connection.retry")}
        </button>
      </div>
    );
  }
  if (desk.value.isAway && state.state === "open") {
    return (
      <div class="banner warning" role="status">
        {t("connection.away")}
      </div>
    );
  }
  return <div class="no-banner" />;
}

/** The whole page, when this desk is not the one that works. */
export function Blocked() {
  const isElsewhere = link.value.state === "superseded";
  return (
    <main class="blocked">
      <div class="panel" role="alertdialog" aria-labelledby="blocked-title">
        <h2 id="blocked-title">{t(isElsewhere ? "connection.superseded" : "connection.refused")}</h2>
        <p class="quiet">{t(isElsewhere ? "connection.superseded_lead" : "signin.no_agent")}</p>
        <button type="button" class="button primary" autoFocus onClick={isElsewhere ? retry : signOut}>
          {t(isElsewhere ? "connection.take_over" : "signin.out")}
        </button>
      </div>
    </main>
  );
}
