// Signing in.

import { useState } from "preact/hooks";
import { signIn } from "../../store.ts";
import { type Key, t } from "../../words/index.ts";
import { LanguageSwitch } from "../TopBar/LanguageSwitch.tsx";
import "./door.css";

export function Door({ because }: { readonly because?: Key | undefined }) {
  const [trouble, setTrouble] = useState<Key | undefined>(because);
  const [isGoing, setGoing] = useState(false);

  async function go(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setGoing(true);
    setTrouble(undefined);
    setTrouble(await signIn(text(form, "name").trim(), text(form, "password"), text(form, "tenant").trim()));
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
        {trouble === "signin.choose" && (
          <label class="field">
            <span>{t("signin.tenant")}</span>
            <input name="tenant" autoComplete="organization" spellcheck={false} />
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
