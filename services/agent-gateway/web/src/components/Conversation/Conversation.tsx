// One piece of work: who and what, the messages, what can be done, and the box to write in.

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Me } from "../../api.ts";
import { duration } from "../../format.ts";
import { isCall, isMail, type Work } from "../../state/desk.ts";
import { canPark, handing, park } from "../../moves.ts";
import { hand } from "../../shortcuts.ts";
import { customerOf, desk, finish, isInHand, now, older, readOlder, setStatus, toggleHold } from "../../store.ts";
import type { Message as MessageType } from "../../wire.ts";
import { inWords, t } from "../../words/index.ts";
import { CallPanel } from "../Call/CallPanel.tsx";
import { Composer } from "../Composer/Composer.tsx";
import { Beside, Handover } from "../Handover/Handover.tsx";
import { Message } from "../Message/Message.tsx";
import { Icon } from "../parts/Icon.tsx";
import { KeyButton } from "../parts/KeyButton.tsx";
import { channelName, customerName } from "../parts/names.ts";
import { StateTag } from "../WorkList/WorkList.tsx";
import { WrapUp } from "../WrapUp/WrapUp.tsx";
import "./conversation.css";

export function Conversation({ me, work }: { readonly me: Me; readonly work: Work | undefined }) {
  if (work === undefined) {
    return (
      <main id="conversation" class="panel conversation none" tabIndex={-1}>
        <h2 class="hidden">{t("conversation.label")}</h2>
        <Idle me={me} />
      </main>
    );
  }
  const isWrapping = work.view.state === "wrapping";
  return (
    <main id="conversation" class="panel conversation" tabIndex={-1} aria-labelledby="conversation-title">
      <Head work={work} />
      <div class="conversation-beside">
        {isCall(work.view) && <CallPanel work={work} />}
        <Beside me={me} work={work} />
        {handing.value === work.view.id && <Handover key={`hand ${work.view.id}`} me={me} work={work} />}
      </div>
      <Messages key={work.view.id} work={work} />
      {isWrapping ? <WrapUp key={`wrap ${work.view.id}`} me={me} work={work} /> : <Composer key={`write ${work.view.id}`} me={me} work={work} />}
    </main>
  );
}

/** Nothing in hand: say what comes next, and offer the one click to it. */
function Idle({ me }: { readonly me: Me }) {
  const statuses = me.configuration.statuses ?? [];
  const own = desk.value.me;
  if (own === undefined) return <p class="quiet">{t("app.loading")}</p>;
  if (statuses.find((each) => each.id === own.status)?.is_routable === true) return <p class="quiet">{t("work.none_ready")}</p>;
  return (
    <>
      <p class="quiet">{t("work.none_away")}</p>
      <p class="idle-ways">
        {statuses
          .filter((each) => each.is_routable)
          .map((each) => (
            <button key={each.id} type="button" class="button primary" onClick={() => void setStatus(each.id)}>
              {inWords(each.name, each.id)}
            </button>
          ))}
      </p>
    </>
  );
}

function Head({ work }: { readonly work: Work }) {
  const { view } = work;
  const subject = isMail(view) ? work.messages.find((each) => each.content.subject !== undefined)?.content.subject : undefined;
  const canHold = isInHand(work);
  return (
    <header class="conversation-head">
      <div class="conversation-title">
        <h2 id="conversation-title">
          <Icon name={view.channel} />
          <span class="hidden">{channelName(view)}</span>
          {customerName(customerOf(work))}
        </h2>
        <p class="small">
          <StateTag state={view.state} />{" "}
          <span class="quiet numbers">{t("interaction.since", { time: duration(now.value - Date.parse(view.since)) })}</span>
          {view.direction === "outbound" && <span class="tag">{t("conversation.outbound")}</span>}
        </p>
        {subject !== undefined && <p class="conversation-subject">{subject}</p>}
      </div>
      <div class="conversation-actions" role="toolbar" aria-label={t("action.label")}>
        {canHold && (
          <KeyButton shortcut="hold" onClick={() => void toggleHold(work)}>
            {t(view.state === "held" ? "action.resume" : "action.hold")}
          </KeyButton>
        )}
        {canHold && (
          <KeyButton shortcut="transfer" isExpanded={handing.value === view.id} onClick={hand}>
            {t("action.transfer")}
          </KeyButton>
        )}
        {canPark(work) && (
          <KeyButton shortcut="park" onClick={() => void park(work)}>
            {t("action.park")}
          </KeyButton>
        )}
        {canHold && (
          <KeyButton shortcut="complete" class="primary" onClick={() => void finish(work)}>
            {t(isCall(view) && !work.hasCustomerLeft ? "action.hang_up" : "action.complete")}
          </KeyButton>
        )}
      </div>
    </header>
  );
}

function Messages({ work }: { readonly work: Work }) {
  const box = useRef<HTMLDivElement>(null);
  const wasAtEnd = useRef(true);
  const { view } = work;
  const messages = work.messages.filter(saysSomething);
  const last = messages.at(-1)?.id;

  useEffect(() => {
    if (view.conversation !== undefined && older.value.get(view.id) === undefined) void readOlder(view.id);
  }, [view.id, view.conversation]);
  useLayoutEffect(() => {
    if (box.current !== null && wasAtEnd.current) scrollToLast(box.current, isMail(view));
  }, [last, messages.length, view.state]);

  function scrolled(): void {
    const it = box.current;
    if (it !== null) wasAtEnd.current = it.scrollHeight - it.scrollTop - it.clientHeight < 80;
  }

  const isTyping = work.typingUntil > now.value;
  return (
    <div class="messages" ref={box} onScroll={scrolled} tabIndex={0} role="log" aria-label={t("conversation.label")}>
      <Earlier work={work} />
      {messages.length === 0 && !isCall(view) && <p class="quiet messages-none">{t("conversation.empty")}</p>}
      <ol>
        {messages.map((each) => (
          <Message key={each.id} message={each} />
        ))}
      </ol>
      {isTyping && <p class="quiet small">{t("conversation.typing")}</p>}
      {view.is_customer_away && <p class="tag warning">{t("conversation.away")}</p>}
      {work.hasCustomerLeft && !isCall(view) && <p class="tag warning">{t("conversation.left")}</p>}
    </div>
  );
}

/** The end of what is said; of a mail, which may be long, the beginning of the last. */
function scrollToLast(box: HTMLElement, isLong: boolean): void {
  const last = box.querySelector<HTMLElement>("ol > li:last-child");
  box.scrollTop = isLong && last !== null ? last.offsetTop - 14 : box.scrollHeight;
}

/** A call begins without a word: that is no message to read. */
function saysSomething({ content, is_redacted }: MessageType): boolean {
  return is_redacted || content.text.trim() !== "" || content.html_blob !== undefined || content.attachments.length > 0;
}

function Earlier({ work }: { readonly work: Work }) {
  const { state, cursor } = older.value.get(work.view.id) ?? {};
  const isFirstLook = state === "loading" && cursor === undefined;
  if (work.view.conversation === undefined || state === undefined || state === "complete" || isFirstLook) return null;
  if (state === "failed") {
    return (
      <p class="earlier quiet small">
        {t("conversation.older_failed")}{" "}
        <button type="button" class="button plain small" onClick={() => void readOlder(work.view.id)}>
          {t("conversation.retry")}
        </button>
      </p>
    );
  }
  return (
    <p class="earlier">
      <button type="button" class="button small" disabled={state === "loading"} onClick={() => void readOlder(work.view.id)}>
        {t(state === "loading" ? "conversation.older_loading" : "conversation.older")}
      </button>
    </p>
  );
}
