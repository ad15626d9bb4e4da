// Signing in.

import { useState } from "preact/hooks";
import { signIn } from "../../store.ts";
import { type Key, t } from "../../words/index.ts";
import { LanguageSwitch } from "../TopBar/LanguageSwitch.tsx";
import "./door.css";

export function Door({ because }: { readonly because?: Key | undefined }) {
  const [trouble, setTrouble] = useState<Key | undefined>(because);
  const [choices, setChoices] = useState<readonly string[]>([]);
  const [isGoing, setGoing] = useState(false);

  async function go(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setGoing(true);
    setTrouble(undefined);
    const outcome = await signIn(text(form, "name").trim(), text(form, "password"), text(form, "tenant") || undefined);
    setTrouble(outcome.trouble);
    setChoices(outcome.choices ?? []);
    setGoing(false);
  }

  return (
    <main class="door">
      <form class="panel" onSubmit={(event) => void go(event)} aria-labelledby="door-title">
        <div class="door-head">
          <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" width="40" height="40" />
          <div>
            <h1 id="door-title">{t("app.name")}</h1>
            <p class="quiet">{t("signin.lead")}</p>
          </div>
        </div>
        {trouble !== undefined && (
          <p class="door-trouble" role="alert">
            {t(trouble)}
          </p>
        )}
        <label class="field">
          <span>{t("signin.name")}</span>
          <input name="name" autoComplete="username" required autoFocus spellcheck={false} autoCapitalize="none" />
        </label>
        <label class="field">
          <span>{t("signin.password")}</span>
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        {choices.length > 0 && (
          <label class="field">
            <span>{t("signin.choose")}</span>
            <select name="tenant" aria-label={t("signin.tenant")}>
              {choices.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
        )}
        <button class="button primary" type="submit" disabled={isGoing}>
          {t(isGoing ? "signin.going" : "signin.go")}
        </button>
        <LanguageSwitch />
      </form>
    </main>
  );
}

function text(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
}
