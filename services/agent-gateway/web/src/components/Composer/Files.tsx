// The files of an answer: chosen, dropped or pasted; each with how far it is; taken out again with its button.

import { useRef } from "preact/hooks";
import type { Limits, Upload } from "../../files.ts";
import { size } from "../../format.ts";
import { FOCUS } from "../../shortcuts.ts";
import { detach } from "../../store.ts";
import type { InteractionId } from "../../wire.ts";
import { t } from "../../words/index.ts";
import { Icon } from "../parts/Icon.tsx";
import { KeyButton } from "../parts/KeyButton.tsx";

/** The button that opens the browser's own chooser, and what it takes. */
export function Attach({ limits, add }: { readonly limits: Limits; readonly add: (files: readonly File[]) => void }) {
  const chooser = useRef<HTMLInputElement>(null);
  return (
    <span class="composer-attach">
      <input
        ref={chooser}
        id={FOCUS.files}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          add([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = "";
        }}
      />
      <KeyButton shortcut="attach" class="plain small" onClick={() => chooser.current?.click()}>
        {t("files.attach")}
      </KeyButton>
      <span class="quiet small">{t("files.limits", { count: limits.count, size: size(limits.bytes) })}</span>
    </span>
  );
}

export function Files({ interaction, files }: { readonly interaction: InteractionId; readonly files: readonly Upload[] }) {
  if (files.length === 0) return null;
  return (
    <ul class="composer-files" aria-label={t("files.label")}>
      {files.map((each) => (
        <li key={each.key} class={each.state}>
          <Icon name="file" />
          <span class="attachment-name">{each.name}</span>
          <span class="quiet small numbers">{size(each.size)}</span>
          {each.state === "going" && <progress value={each.share} max={1} aria-label={t("files.going", { name: each.name })} />}
          {each.trouble !== undefined && (
            <span class="tag bad" role="alert">
              {t(each.trouble)}
            </span>
          )}
          <button type="button" class="button plain small" onClick={() => detach(interaction, each.key)}>
            <Icon name="close" />
            <span class="hidden">{t("files.remove", { name: each.name })}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
