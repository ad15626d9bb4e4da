// The keyboard's help: every shortcut by section, and the switch for single letters.

import { useEffect, useRef } from "preact/hooks";
import { areLettersOn, label, SHORTCUTS, type Shortcut, toggleLetters } from "../../shortcuts.ts";
import { isHelpOpen } from "../../store.ts";
import { type Key, t } from "../../words/index.ts";
import "./help.css";

const SECTIONS = ["offers", "work", "desk"] as const;
const IN_THE_BOX: readonly { readonly words: Key; readonly keys: readonly string[] }[] = [
  { words: "key.send", keys: ["Ctrl+Enter"] },
  { words: "key.leave", keys: ["Esc"] },
];

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOpen = isHelpOpen.value;
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={() => void (isHelpOpen.value = false)}>
      <h2 id="help-title">{t("help.title")}</h2>
      <p class="quiet small">{t("help.lead")}</p>
      <div class="help-sections">
        {SECTIONS.map((section) => (
          <section key={section}>
            <h3>{t(`help.section.${section}`)}</h3>
            <dl>
              {[...(Object.values(SHORTCUTS) as Shortcut[]).filter((each) => each.section === section), ...(section === "work" ? IN_THE_BOX : [])].map((each) => (
                <div key={each.words}>
                  <dt>
                    {each.keys.map((key) => (
                      <kbd key={key}>{label(key)}</kbd>
                    ))}
                  </dt>
                  <dd>{t(each.words)}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <div class="help-foot">
        <label>
          <input type="checkbox" checked={areLettersOn.value} onChange={toggleLetters} /> {t("help.letters")}
        </label>
        <button type="button" class="button primary" autoFocus onClick={() => void (isHelpOpen.value = false)}>
          {t("help.close")}
        </button>
      </div>
    </dialog>
  );
}
