// One message. What a customer wrote goes in as text, never as markup; a mail's HTML is shown apart, in a frame in which nothing acts.

import { useState } from "preact/hooks";
import { moment } from "../../format.ts";
import { desk, now, readBlob } from "../../store.ts";
import type { Content, Delivery, Message as MessageType } from "../../wire.ts";
import { t } from "../../words/index.ts";
import { Attachments } from "./Attachments.tsx";
import { HtmlFrame } from "./HtmlFrame.tsx";
import "./message.css";

export function Message({ message }: { readonly message: MessageType }) {
  const { author, audience, content } = message;
  const isNote = audience === "internal";
  const side = isNote ? "note" : author.kind === "customer" ? "theirs" : "ours";
  return (
    <li class={`message ${side}`}>
      <p class="message-head small">
        <strong>{authorOf(message)}</strong>
        {isNote && <span class="tag warning">{t("message.note")}</span>}
        {message.is_machine_made && <span class="tag">{t("message.machine")}</span>}
        <time class="quiet numbers" dateTime={message.sent_at}>
          {moment(message.sent_at, now.value)}
        </time>
      </p>
      {message.is_redacted ? <p class="quiet">{t("message.redacted")}</p> : <Words content={content} />}
      {content.attachments.length > 0 && <Attachments attachments={content.attachments} />}
      {side === "ours" && <Deliveries deliveries={message.deliveries} />}
    </li>
  );
}

function authorOf({ author }: MessageType): string {
  if (author.kind === "agent" && author.id === desk.value.agent) return t("message.you");
  if (author.name !== "") return author.name;
  return author.kind === "agent" ? author.id : t(`message.${author.kind}`);
}

/** What is new of it; the rest is folded, never thrown away. */
function Words({ content }: { readonly content: Content }) {
  const [isWhole, setWhole] = useState(false);
  const [isHtml, setHtml] = useState(false);
  const [whole, setText] = useState<string | undefined>();
  const isFolded = content.new_text !== undefined && content.new_text.trim() !== content.text.trim();
  const text = whole ?? (isFolded && !isWhole ? content.new_text : content.text);
  return (
    <>
      {isHtml && content.html_blob !== undefined ? <HtmlFrame blob={content.html_blob} attachments={content.attachments} /> : <p class="message-text">{text}</p>}
      {content.is_truncated && whole === undefined && content.body_blob !== undefined && <Whole blob={content.body_blob} show={setText} />}
      {(isFolded || content.html_blob !== undefined) && (
        <p class="message-forms">
          {isFolded && !isHtml && whole === undefined && (
            <button type="button" class="button plain small" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
              {t(isWhole ? "message.hide_quoted" : "message.show_quoted")}
            </button>
          )}
          {content.html_blob !== undefined && (
            <button type="button" class="button plain small" aria-pressed={isHtml} onClick={() => setHtml(!isHtml)}>
              {t(isHtml ? "message.show_text" : "message.show_html")}
            </button>
          )}
        </p>
      )}
    </>
  );
}

/** A long body lies in a blob; the message carries its beginning. */
function Whole({ blob, show }: { readonly blob: string; readonly show: (text: string) => void }) {
  const [hasFailed, setFailed] = useState(false);
  const read = (): void =>
    void readBlob(blob)
      .then((bytes) => bytes.text())
      .then(show, () => setFailed(true));
  return (
    <p class="quiet small">
      {t(hasFailed ? "message.blob_failed" : "message.truncated")}{" "}
      <button type="button" class="button plain small" onClick={read}>
        {t("message.whole")}
      </button>
    </p>
  );
}

function Deliveries({ deliveries }: { readonly deliveries: readonly Delivery[] }) {
  return (
    <>
      {deliveries.map((each) => (
        <p key={each.recipient} class={`message-delivery small ${each.state === "failed" ? "failed" : "quiet"}`}>
          {t(`delivery.${each.state}`)}
          {each.recipient !== "" && ` · ${each.recipient}`}
          {each.detail !== undefined && ` · ${each.detail}`}
        </p>
      ))}
    </>
  );
}
