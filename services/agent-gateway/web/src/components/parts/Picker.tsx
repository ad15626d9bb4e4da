// A list to choose from by keyboard: seek by typing, choose with the arrows, Enter takes, Escape leaves.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { found } from "../../templates.ts";
import "./picker.css";

interface Item {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

interface Props<T extends Item> {
  readonly id: string;
  readonly label: string;
  readonly seek: string;
  /** What there is, which may depend on what is being written. */
  readonly items: (sought: string) => readonly T[];
  /** What is said when nothing is there, or nothing has these words. */
  readonly nothing: (isEmpty: boolean) => string;
  readonly take: (item: T) => void;
  readonly leave: () => void;
}

export function Picker<T extends Item>({ id, label, seek, items, nothing, take, leave }: Props<T>) {
  const [sought, setSought] = useState("");
  const [at, setAt] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const all = items(sought);
  const shown = found(all, sought);
  const chosen = shown[Math.min(at, shown.length - 1)];

  useLayoutEffect(() => field.current?.focus(), []); // at once: what is typed before it would go astray, and Enter would take the first
  useLayoutEffect(() => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [chosen?.id]);

  function pressed(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const verb = verbOf(event.key);
    if (verb === undefined) return;
    event.preventDefault();
    verb();
  }

  function verbOf(key: string): (() => void) | undefined {
    const last = Math.max(0, shown.length - 1);
    const now = Math.min(at, last);
    switch (key) {
      case "ArrowDown":
        return () => setAt(now === last ? 0 : now + 1);
      case "ArrowUp":
        return () => setAt(now === 0 ? last : now - 1);
      case "Enter":
        return () => chosen !== undefined && take(chosen);
      case "Escape":
        return leave;
      default:
        return undefined;
    }
  }

  return (
    <div class="picker" role="group" aria-label={label}>
      <input
        ref={field}
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={chosen === undefined ? undefined : `${id}-${chosen.id}`}
        aria-label={seek}
        placeholder={seek}
        value={sought}
        onInput={(event) => {
          setSought(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={pressed}
      />
      <ul ref={list} id={`${id}-list`} role="listbox" aria-label={label}>
        {shown.map((each, index) => (
          <li
            key={each.id}
            id={`${id}-${each.id}`}
            role="option"
            aria-selected={each === chosen}
            onMouseDown={(event) => event.preventDefault()}
            onMouseMove={() => setAt(index)}
            onClick={() => take(each)}
          >
            <strong>{each.title}</strong>
            <span class="small">{each.text}</span>
          </li>
        ))}
      </ul>
      <p class="quiet small" role="status">
        {shown.length === 0 && nothing(all.length === 0)}
      </p>
    </div>
  );
}
