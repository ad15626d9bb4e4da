// The picker of templates: seek by typing, choose with the arrows, Enter puts the words in the box, Escape goes back to it.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { found } from "../../templates.ts";
import { t } from "../../words/index.ts";
import "./templates.css";

/** A template made ready for one customer: its name in the agent's language, its words in the customer's. */
export interface Ready {
  readonly id: string;
  readonly title: string;
  readonly subject: string;
  readonly text: string;
}

interface Props {
  readonly templates: readonly Ready[];
  readonly take: (template: Ready) => void;
  readonly leave: () => void;
}

export function Templates({ templates, take, leave }: Props) {
  const [sought, setSought] = useState("");
  const [at, setAt] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const shown = found(templates, sought);
  const chosen = shown[Math.min(at, shown.length - 1)];

  useEffect(() => field.current?.focus(), []);
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
    <div class="templates" role="group" aria-label={t("templates.label")}>
      <input
        ref={field}
        role="combobox"
        aria-expanded="true"
        aria-controls="templates-list"
        aria-autocomplete="list"
        aria-activedescendant={chosen === undefined ? undefined : `template-${chosen.id}`}
        aria-label={t("templates.seek")}
        placeholder={t("templates.seek")}
        value={sought}
        onInput={(event) => {
          setSought(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={pressed}
      />
      <ul ref={list} id="templates-list" role="listbox" aria-label={t("templates.label")}>
        {shown.map((each, index) => (
          <li
            key={each.id}
            id={`template-${each.id}`}
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
        {shown.length === 0 && t(templates.length === 0 ? "templates.none" : "templates.none_found")}
      </p>
    </div>
  );
}
