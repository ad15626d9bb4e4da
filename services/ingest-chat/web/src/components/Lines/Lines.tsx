import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import type { Chat } from "../../chat.ts";
import { isAgents, type Line } from "../../state.ts";
import { noticeKey, type Language, type Say } from "../../texts.ts";
import { Icon } from "../Icon/Icon.tsx";
import { Words } from "./Words.tsx";

const NEAR_THE_END_PX = 80;

/** The conversation, oldest first. New lines are read out; the view follows them unless the visitor has scrolled back. */
export function Lines({ chat, say, language }: { chat: Chat; say: Say; language: Language }) {
  const box = useRef<HTMLDivElement>(null);
  const isFollowing = useRef(true);
  const lines = chat.state.lines.value;
  const typing = useTyping(chat);
  useLayoutEffect(() => {
    if (box.current !== null && isFollowing.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines, typing]);
  const onScroll = () => {
    const it = box.current;
    if (it !== null) isFollowing.current = it.scrollHeight - it.scrollTop - it.clientHeight < NEAR_THE_END_PX;
  };
  return (
    <div ref={box} class="lines" role="log" aria-live="polite" aria-label={say("log")} tabIndex={0} onScroll={onScroll}>
      <div class="line theirs first">
        <p class="bubble">{chat.state.page.value?.greeting ?? say("greeting")}</p>
      </div>
      {lines.map((line, index) => (
        <Row key={line.key} chat={chat} line={line} before={lines[index - 1]} say={say} language={language} />
      ))}
      {typing !== null && (
        <p class="typing">
          <span class="dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {say("typing", { name: typing || say("us") })}
        </p>
      )}
    </div>
  );
}

interface OfRow {
  chat: Chat;
  line: Line;
  before: Line | undefined;
  say: Say;
  language: Language;
}

function Row({ chat, line, before, say, language }: OfRow) {
  switch (line.kind) {
    case "joined":
      return <p class="event">{say("joined", { name: line.author?.name || say("us") })}</p>;
    case "notice":
      return <p class="event">{line.text ?? say(noticeKey(line.notice ?? ""))}</p>;
    case "ended":
      return <p class="event ended">{say("ended")}</p>;
    case "said":
      return <Said chat={chat} line={line} before={before} say={say} language={language} />;
  }
}

function Said({ chat, line, before, say, language }: OfRow) {
  const isTheirs = isAgents(line);
  const isFirst = before?.kind !== "said" || isAgents(before) !== isTheirs;
  const name = isTheirs ? line.author?.name || say("us") : say("you");
  return (
    <div class={`line ${isTheirs ? "theirs" : "ours"}${isFirst ? " first" : ""}${line.delivery === "failed" ? " failed" : ""}`}>
      {isFirst && isTheirs && <span class="name">{name}</span>}
      {!isTheirs && <span class="hidden">{name}: </span>}
      {(line.isRedacted || line.text !== "") && (
        <p class={`bubble${line.isRedacted ? " redacted" : ""}`}>{line.isRedacted ? say("redacted") : <Words text={line.text ?? ""} isLinked={isTheirs} />}</p>
      )}
      {line.files?.map((file) => (
        <button
          type="button"
          key={file.id}
          class="bubble file"
          aria-label={say("save", { name: file.name })}
          disabled={line.id === undefined}
          onClick={() => void chat.save(line.id ?? "", file).catch(() => undefined)}
        >
          <Icon name="file" />
          <span>{file.name}</span>
        </button>
      ))}
      <span class="meta">
        <time dateTime={new Date(line.at).toISOString()}>{timeOf(line.at, language)}</time>
        {line.delivery === "sending" && <span> · {say("sending")}</span>}
        {line.delivery === "sent" && <span> · {say(chat.state.readLines.value.has(line.key) ? "read" : "sent")}</span>}
        {line.delivery === "failed" && <span> · {say("not_sent")}</span>}
      </span>
    </div>
  );
}

/** The name of who is writing, while it lasts. */
function useTyping(chat: Chat): string | null {
  const typing = chat.state.typing.value;
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (typing === null) return;
    setNow(Date.now());
    const over = setTimeout(() => setNow(Date.now()), Math.max(0, typing.until - Date.now()) + 20);
    return () => clearTimeout(over);
  }, [typing]);
  return typing !== null && typing.until > now ? typing.name : null;
}

function timeOf(at: number, language: Language): string {
  return new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }).format(at);
}
