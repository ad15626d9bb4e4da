import type { Ref } from "preact";

import type { Chat } from "../../chat.ts";
import type { Say } from "../../texts.ts";
import { Icon } from "../Icon/Icon.tsx";

/** The round button: opens and closes the panel, and counts what was not read. */
export function Launcher({ chat, say, button }: { chat: Chat; say: Say; button: Ref<HTMLButtonElement> }) {
  const isOpen = chat.state.isOpen.value;
  const unread = chat.state.unread.value;
  const label = say(isOpen ? "close" : "open") + (unread > 0 ? ` (${say("unread", { count: unread })})` : "");
  return (
    <button ref={button} type="button" class="launcher" aria-label={label} aria-expanded={isOpen} aria-controls="panel" onClick={() => chat.open(!isOpen)}>
      <Icon name={isOpen ? "down" : "chat"} />
      {unread > 0 && <span class="unread">{unread > 9 ? "9+" : unread}</span>}
    </button>
  );
}
