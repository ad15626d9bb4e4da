// What a person is told once: refusals as sentences, offers that ended, work that left. They go by themselves or by a click.

import { useEffect } from "preact/hooks";
import type { Notice } from "../../state/desk.ts";
import { desk, dismiss } from "../../store.ts";
import { t } from "../../words/index.ts";
import { Icon } from "../parts/Icon.tsx";
import { wordsOf } from "../parts/names.ts";
import "./notices.css";

const SHOWN_MS = 9_000;

export function Notices() {
  return (
    <div class="notices" role="log" aria-live="polite">
      {desk.value.notices.map((each) => (
        <One key={each.id} notice={each} />
      ))}
    </div>
  );
}

function One({ notice }: { readonly notice: Notice }) {
  useEffect(() => {
    const timer = setTimeout(() => dismiss(notice.id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [notice.id]);
  const words = wordsOf(notice.key, notice.parameters);
  if (words === "") return null;
  return (
    <div class={`notice ${notice.tone}`}>
      <span>{words}</span>
      <button type="button" class="button plain small" onClick={() => dismiss(notice.id)}>
        <Icon name="close" />
        <span class="hidden">{t("notice.dismiss")}</span>
      </button>
    </div>
  );
}
