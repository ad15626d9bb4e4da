import { useState } from "preact/hooks";

import type { Chat } from "../../chat.ts";
import type { Say } from "../../texts.ts";

/** After the end: have what was said sent by mail. */
export function Transcript({ chat, say }: { chat: Chat; say: Say }) {
  const [hasFailed, setFailed] = useState(false);
  if (chat.state.isMailed.value) return <p class="status" role="status">{say("transcript_sent")}</p>;
  const onSubmit = async (event: SubmitEvent) => {
    event.preventDefault();
    const email = String(new FormData(event.currentTarget as HTMLFormElement).get("email") ?? "").trim();
    setFailed(!(await chat.mail(email)));
  };
  return (
    <form class="form transcript" onSubmit={(event) => void onSubmit(event as SubmitEvent)}>
      <label>
        <span>{say("transcript")}</span>
        <span class="pair">
          <input name="email" type="email" autocomplete="email" required maxLength={254} defaultValue={chat.known["email"] ?? ""} aria-label={say("field_email")} />
          <button type="submit" class="go">
            {say("transcript_send")}
          </button>
        </span>
      </label>
      {hasFailed && (
        <p class="status warning" role="alert">
          {say("not_taken")}
        </p>
      )}
    </form>
  );
}
