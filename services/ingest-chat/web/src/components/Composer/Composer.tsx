import type { Ref } from "preact";
import { useRef, useState } from "preact/hooks";

import type { Chat } from "../../chat.ts";
import type { Say } from "../../texts.ts";
import { Icon } from "../Icon/Icon.tsx";

const HEIGHT_MAX_PX = 120;

/** Where the visitor writes. Enter sends, Shift+Enter begins a new line. */
export function Composer({ chat, say, field }: { chat: Chat; say: Say; field: Ref<HTMLTextAreaElement> }) {
  const form = useRef<HTMLFormElement>(null);
  const area = () => form.current?.querySelector("textarea") ?? null;
  const send = () => {
    const it = area();
    if (it !== null && chat.say(it.value)) it.value = "";
    if (it !== null) grow(it);
    it?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    }
  };
  const onInput = (event: InputEvent) => {
    const it = event.currentTarget as HTMLTextAreaElement;
    chat.state.isTooLong.value = false;
    grow(it);
    if (it.value.trim() !== "") chat.typing();
  };
  const isTooLong = chat.state.isTooLong.value;
  const [isTooLarge, setTooLarge] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const canAttach = chat.state.link.value === "open" && !chat.state.isEnded.value;
  const onFiles = () => {
    const chosen = Array.from(files.current?.files ?? []);
    setTooLarge(chosen.map((file) => chat.attach(file)).includes(false));
    if (files.current !== null) files.current.value = "";
  };
  return (
    <form
      ref={form}
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {isTooLong && (
        <p class="status warning" role="alert" id="too-long">
          {say("too_long")}
        </p>
      )}
      {isTooLarge && (
        <p class="status warning" role="alert">
          {say("too_large")}
        </p>
      )}
      <div class="row">
        {canAttach && (
          <>
            <input ref={files} type="file" multiple hidden onChange={onFiles} />
            <button type="button" class="plain clip" aria-label={say("attach")} title={say("attach")} onClick={() => files.current?.click()}>
              <Icon name="clip" />
            </button>
          </>
        )}
        <textarea
          ref={field}
          rows={1}
          aria-label={say("message")}
          aria-invalid={isTooLong}
          aria-describedby={isTooLong ? "too-long" : undefined}
          placeholder={say(chat.state.isEnded.value ? "placeholder_ended" : "placeholder")}
          onKeyDown={onKeyDown}
          onInput={onInput}
        />
        <button type="submit" class="send" aria-label={say("send")}>
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
}

function grow(area: HTMLTextAreaElement): void {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight, HEIGHT_MAX_PX)}px`;
}
