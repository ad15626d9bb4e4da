// A button that shows its key and tells assistive technology about it.

import type { ComponentChildren } from "preact";
import { keyOf, type ShortcutName } from "../../shortcuts.ts";

interface Props {
  readonly shortcut: ShortcutName;
  readonly class?: string;
  readonly disabled?: boolean;
  /** Of a button that opens something: whether it is open. */
  readonly isExpanded?: boolean;
  readonly onClick: () => void;
  readonly children: ComponentChildren;
}

export function KeyButton({ shortcut, class: look = "", disabled = false, isExpanded, onClick, children }: Props) {
  return (
    <button type="button" class={`button ${look}`} disabled={disabled} onClick={onClick} aria-expanded={isExpanded} aria-keyshortcuts={keyOf(shortcut)}>
      <span>{children}</span>
      <kbd aria-hidden="true">{keyOf(shortcut)}</kbd>
    </button>
  );
}
