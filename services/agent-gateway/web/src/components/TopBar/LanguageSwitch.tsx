// The choice of language.

import { LANGUAGES, type Language, language, speak, t } from "../../words/index.ts";

export function LanguageSwitch() {
  return (
    <div class="languages" role="group" aria-label={t("app.language")}>
      {(Object.keys(LANGUAGES) as Language[]).map((each) => (
        <button key={each} type="button" class="language" lang={each} aria-pressed={language.value === each} onClick={() => speak(each)}>
          {each.toUpperCase()}
          <span class="hidden"> {LANGUAGES[each]}</span>
        </button>
      ))}
    </div>
  );
}
