import { useEffect, useRef } from "preact/hooks";

import type { Chat } from "../chat.ts";
import { speaker } from "../texts.ts";
import { Launcher } from "./Launcher/Launcher.tsx";
import { Panel } from "./Panel/Panel.tsx";

/** The whole: nothing until the page is known, then the button, and the panel when it is open. Escape closes it and gives the focus back. */
export function Widget({ chat }: { chat: Chat }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const isOpen = chat.state.isOpen.value;
  const page = chat.state.page.value;
  const wasOpen = useRef(isOpen);
  useEffect(() => {
    if (isOpen && !wasOpen.current) field.current?.focus();
    if (!isOpen && wasOpen.current) button.current?.focus();
    wasOpen.current = isOpen;
  }, [isOpen]);
  if (page === null) return null;
  const say = speaker(page.language);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" && isOpen) chat.open(false);
  };
  return (
    <div class={`widget ${page.side}${isOpen ? " open" : ""}`} lang={page.language} onKeyDown={onKeyDown}>
      {isOpen && <Panel chat={chat} say={say} language={page.language} field={field} />}
      <Launcher chat={chat} say={say} button={button} />
    </div>
  );
}
