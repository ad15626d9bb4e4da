// The box to write in: a reply to the customer or a note for colleagues. What is written stays with its interaction until it is sent.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Me } from "../../api.ts";
import { isApp, isCall, isMail, type Work } from "../../state/desk.ts";
import { FOCUS, keyOf, pick, SHORTCUTS } from "../../shortcuts.ts";
import { limitsOf } from "../../files.ts";
import { segmentsOf } from "../../sms.ts";
import { attach, canSend, customerOf, desk, type Draft, draftOf, picking, send, typing, write } from "../../store.ts";
import { type Facts, filled, inserted, referenceOf, spoken } from "../../templates.ts";
import type { Audience } from "../../wire.ts";
import { inWords, t } from "../../words/index.ts";
import { KeyButton } from "../parts/KeyButton.tsx";
import { type Ready, Templates } from "../Templates/Templates.tsx";
import { Bar } from "../Permission/Permission.tsx";
import { Attach, Files } from "./Files.tsx";
import "./composer.css";

/** Where people chat, Enter sends and Shift+Enter begins a line; elsewhere Enter begins a line and Ctrl+Enter sends. */
const ENTER_SENDS = ["chat", "sms", "social"];
const COUNTER = "composer-counter";

export function Composer({ me, work }: { readonly me: Me; readonly work: Work }) {
  const { view } = work;
  const isNoteOnly = isCall(view);
  const draft: Draft = { ...draftOf(view.id), ...(isNoteOnly ? { mode: "internal" } : {}) };
  const isNote = draft.mode === "internal";
  const text = isNote ? draft.note : draft.reply;
  const isCounted = view.channel === "sms" && !isApp(view) && !isNote;
  const doesEnterSend = ENTER_SENDS.includes(view.channel);
  const box = useRef<HTMLTextAreaElement>(null);
  const isPicking = picking.value === view.id && !isNote;
  useEffect(() => () => void (picking.value = undefined), [view.id]);

  function sendNow(): void {
    if (isNoteOnly) write(view.id, { mode: "internal" });
    void send(work);
  }

  function take(template: Ready): void {
    const it = box.current;
    const { text: whole, caret } = inserted(draft.reply, template.text, it?.selectionStart ?? draft.reply.length, it?.selectionEnd ?? draft.reply.length);
    write(view.id, { reply: whole, ...(isMail(view) && draft.subject === "" ? { subject: template.subject } : {}) });
    pick();
    requestAnimationFrame(() => box.current?.setSelectionRange(caret, caret));
  }

  function pressed(event: KeyboardEvent): void {
    if (event.isComposing) return;
    if (event.key === "Escape") (event.currentTarget as HTMLElement).blur();
    const isSend = event.key === "Enter" && (event.ctrlKey || event.metaKey || (doesEnterSend && !event.shiftKey));
    if (!isSend) return;
    event.preventDefault();
    sendNow();
  }

  const limits = isNote ? undefined : limitsOf(view, desk.value.fileBytesMax);
  const [isOver, setOver] = useState(false);

  /** Files that were dropped or pasted; anything else goes its usual way. */
  function receive(event: Event, data: DataTransfer | null): void {
    const files = [...(data?.files ?? [])];
    setOver(false);
    if (limits === undefined || files.length === 0) return;
    event.preventDefault();
    attach(work, files);
  }

  return (
    <form
      class={`composer ${isNote ? "note" : ""} ${isOver ? "over" : ""}`}
      onDragOver={(event) => {
        if (limits === undefined || event.dataTransfer?.types.includes("Files") !== true) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => receive(event, event.dataTransfer)}
      onPaste={(event) => receive(event, event.clipboardData)}
      onSubmit={(event) => {
        event.preventDefault();
        sendNow();
      }}
    >
      <div class="composer-head">
        {!isNoteOnly && <Mode chosen={draft.mode} choose={(mode) => write(view.id, { mode })} />}
        {isMail(view) && !isNote && (
          <label class="composer-subject">
            <span class="hidden">{t("composer.subject")}</span>
            <input placeholder={subjectOf(work)} value={draft.subject} onInput={(event) => write(view.id, { subject: event.currentTarget.value })} />
          </label>
        )}
        {!isNote && (
          <KeyButton shortcut="templates" class="plain small composer-templates" isExpanded={isPicking} onClick={pick}>
            {t("templates.open")}
          </KeyButton>
        )}
      </div>
      {!isNote && <Bar me={me} work={work} />}
      {isPicking && <Templates templates={templatesFor(me, work)} take={take} leave={pick} />}
      <textarea
        ref={box}
        id={FOCUS.composer}
        rows={isMail(view) ? 5 : 3}
        value={text}
        readOnly={draft.isSending}
        aria-label={t(isNote ? "composer.note_label" : "composer.reply_label")}
        aria-describedby={isCounted ? COUNTER : undefined}
        placeholder={t(isNote ? "composer.note_label" : "composer.reply_label")}
        onInput={(event) => {
          write(view.id, isNote ? { note: event.currentTarget.value } : { reply: event.currentTarget.value });
          if (!isNote) typing(work);
        }}
        onKeyDown={pressed}
      />
      {!isNote && <Files interaction={view.id} files={draft.files} />}
      <div class="composer-foot">
        <div class="composer-left">
          {limits !== undefined && <Attach limits={limits} add={(files) => attach(work, files)} />}
          {isCounted && <Counter text={text.trim()} />}
        </div>
        <button type="submit" class="button primary" disabled={!canSend(draft)}>
          {t(draft.isSending ? "composer.sending" : isNote ? "composer.keep" : "composer.send")}
          <kbd aria-hidden="true">{doesEnterSend ? "Enter" : "Ctrl+Enter"}</kbd>
        </button>
      </div>
    </form>
  );
}

/** How many SMS it will be. Seen at every key; told aloud only when the number or the alphabet changes, so that nobody is talked over while he writes. */
function Counter({ text }: { readonly text: string }) {
  const { count, left, alphabet: found } = segmentsOf(text);
  const alphabet = t(`composer.sms.${found}`);
  return (
    <span class="quiet small numbers">
      <span id={COUNTER}>{t("composer.sms", { count, left, alphabet })}</span>
      <span class="hidden" aria-live="polite">
        {text !== "" && t("composer.sms_told", { count, alphabet })}
      </span>
    </span>
  );
}

function Mode({ chosen, choose }: { readonly chosen: Audience; readonly choose: (mode: Audience) => void }) {
  return (
    <fieldset class="composer-mode">
      <legend class="hidden">{t("composer.mode")}</legend>
      {(["customer", "internal"] as const).map((mode) => (
        <label key={mode} aria-keyshortcuts={keyOf(mode === "customer" ? "reply" : "note")}>
          <input type="radio" name="mode" class="hidden" checked={chosen === mode} onChange={() => choose(mode)} />
          <span>
            {t(mode === "customer" ? "composer.reply" : "composer.note")} <kbd aria-hidden="true">{SHORTCUTS[mode === "customer" ? "reply" : "note"].keys[0].toUpperCase()}</kbd>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** The tenant's templates for this customer: in his language, else the tenant's, else any; with what is known of him filled in. */
function templatesFor(me: Me, work: Work): readonly Ready[] {
  const languages = [customerOf(work)?.language, work.view.language, me.tenant?.language];
  const { queue: id } = work.view.requirement;
  const queue = me.configuration.queues?.find((each) => each.id === id);
  const facts: Facts = {
    name: customerOf(work)?.name,
    subject: work.messages.findLast((each) => each.content.subject !== undefined)?.content.subject,
    reference: referenceOf(work.view.conversation),
    queue: queue === undefined ? undefined : spoken(queue.name, languages),
    agent: me.name,
  };
  return (me.configuration.templates ?? [])
    .map((each) => ({
      id: each.id,
      title: inWords(each.name, each.id),
      subject: filled(spoken(each.subject, languages), facts),
      text: filled(spoken(each.text, languages), facts),
    }))
    .filter((each) => each.text.trim() !== "");
}

/** The subject that the answer will have when none is written. */
function subjectOf(work: Work): string {
  const subject = work.messages.findLast((each) => each.content.subject !== undefined)?.content.subject;
  if (subject === undefined) return t("composer.subject");
  return /^re\s*:/i.test(subject) ? subject : `Re: ${subject}`;
}
