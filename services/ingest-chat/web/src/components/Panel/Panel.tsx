import type { RefObject } from "preact";
import { useState } from "preact/hooks";

import type { Chat } from "../../chat.ts";
import type { Language, Say } from "../../texts.ts";
import { Composer } from "../Composer/Composer.tsx";
import { Form } from "../Form/Form.tsx";
import { Icon } from "../Icon/Icon.tsx";
import { Lines } from "../Lines/Lines.tsx";
import { Status } from "../Status/Status.tsx";
import { Transcript } from "../Transcript/Transcript.tsx";

/** The window of the conversation. */
export function Panel({ chat, say, language, field }: { chat: Chat; say: Say; language: Language; field: RefObject<HTMLTextAreaElement> }) {
  const [isAsking, setAsking] = useState(false);
  const answer = (isOver: boolean) => {
    if (isOver) chat.end();
    setAsking(false);
    field.current?.focus();
  };
  const { page, agent, lines, isEnded, asks } = chat.state;
  const title = page.value?.title ?? say("title");
  const canEnd = lines.value.length > 0 && !isEnded.value;
  return (
    <section id="panel" class="panel" role="dialog" aria-label={title}>
      <div class="head">
        <div class="titles">
          <h2>{title}</h2>
          {agent.value !== null && <p>{say("with", { name: agent.value || say("us") })}</p>}
        </div>
        {canEnd && (
          <button type="button" class="plain" aria-label={say("end")} title={say("end")} onClick={() => setAsking(true)}>
            <Icon name="end" />
          </button>
        )}
        <button type="button" class="plain" aria-label={say("close")} title={say("close")} onClick={() => chat.open(false)}>
          <Icon name="close" />
        </button>
      </div>
      {isAsking && canEnd && (
        <div class="asking" role="alertdialog" aria-label={say("end_sure")}>
          <p>{say("end_sure")}</p>
          <button type="button" class="yes" autofocus onClick={() => answer(true)}>
            {say("end_yes")}
          </button>
          <button type="button" class="no" onClick={() => answer(false)}>
            {say("end_no")}
          </button>
        </div>
      )}
      {asks.value !== "offline" && <Lines chat={chat} say={say} language={language} />}
      <div role="status">
        <Status chat={chat} say={say} />
      </div>
      {isEnded.value && page.value?.mails_transcript && <Transcript chat={chat} say={say} />}
      {asks.value === "words" ? <Composer chat={chat} say={say} field={field} /> : <Form chat={chat} say={say} isOffline={asks.value === "offline"} />}
    </section>
  );
}
