// My work, by channel: who, in which state, since when, what is new.

import { duration } from "../../format.ts";
import type { Work } from "../../state/desk.ts";
import { customerOf, desk, look, now, work as all } from "../../store.ts";
import { counted, t } from "../../words/index.ts";
import { Icon } from "../parts/Icon.tsx";
import { channelName, customerName } from "../parts/names.ts";
import "./worklist.css";

export function WorkList() {
  return (
    <nav class="panel worklist" aria-labelledby="work-title">
      <h2 id="work-title">{t("work.title")}</h2>
      {all.value.length === 0 ? (
        <p class="worklist-none quiet">{t("work.none")}</p>
      ) : (
        <ul>
          {all.value.map((each, index) => {
            const isNewChannel = all.value[index - 1]?.view.channel !== each.view.channel;
            return (
              <>
                {isNewChannel && (
                  <li key={each.view.channel} class="worklist-channel quiet small">
                    {t(`channel.${each.view.channel}`)}
                  </li>
                )}
                <Item key={each.view.id} work={each} />
              </>
            );
          })}
        </ul>
      )}
    </nav>
  );
}

function Item({ work }: { readonly work: Work }) {
  const { view, unread, messages } = work;
  const isCurrent = desk.value.selected === view.id;
  const last = messages.at(-1);
  const subject = messages.find((each) => each.content.subject !== undefined)?.content.subject;
  const words = subject ?? last?.content.new_text ?? last?.content.text ?? "";
  return (
    <li>
      <button type="button" class="worklist-item" aria-current={isCurrent ? "true" : undefined} onClick={() => look(view.id)}>
        <Icon name={view.channel} />
        <span class="worklist-who">
          <span class="hidden">{channelName(view)}</span> {customerName(customerOf(work))}
        </span>
        <span class="numbers quiet small">{duration(now.value - Date.parse(view.since))}</span>
        <span class="worklist-words quiet small">{words.slice(0, 120)}</span>
        {unread > 0 ? (
          <span class="tag info" aria-label={counted("work.unread", unread)}>
            {unread}
          </span>
        ) : (
          <StateTag state={view.state} />
        )}
      </button>
    </li>
  );
}

export function StateTag({ state }: { readonly state: Work["view"]["state"] }) {
  const tone = state === "active" ? "good" : state === "held" || state === "wrapping" ? "warning" : "info";
  return <span class={`tag ${tone}`}>{t(`interaction.${state}`)}</span>;
}
