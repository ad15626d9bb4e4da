import { useState } from "preact/hooks";

import type { Chat } from "../../chat.ts";
import type { FormField } from "../../state.ts";
import type { Key, Say } from "../../texts.ts";

const EMAIL: FormField = { name: "email", is_required: true };
const WORDS: Readonly<Record<string, Key>> = { name: "field_name", email: "field_email", phone: "field_phone", subject: "field_subject" };
const TYPES: Readonly<Record<string, [string, string]>> = { email: ["email", "email"], phone: ["tel", "tel"], name: ["text", "name"] };

/** What the page asks before a chat; or, outside opening hours, a message to leave, which needs a mail address for the answer. */
export function Form({ chat, say, isOffline }: { chat: Chat; say: Say; isOffline: boolean }) {
  const [isBusy, setBusy] = useState(false);
  const [hasFailed, setFailed] = useState(false);
  const page = chat.state.page.value;
  if (page === null) return null;
  if (isOffline && chat.state.isLeft.value) return <p class="status form-done" role="status">{say("offline_sent")}</p>;
  const fields = isOffline ? [...page.form.filter((field) => field.name !== "email"), EMAIL] : page.form;
  const onSubmit = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const values: Record<string, string> = {};
    for (const field of fields) {
      const value = String(given.get(field.name) ?? "").trim();
      if (value !== "") values[field.name] = value;
    }
    if (!isOffline) {
      chat.introduce(values);
      return;
    }
    setBusy(true);
    setFailed(!(await chat.leave(values, String(given.get("message") ?? "").trim())));
    setBusy(false);
  };
  return (
    <form class={isOffline ? "form whole" : "form"} onSubmit={(event) => void onSubmit(event as SubmitEvent)}>
      <p>{say(isOffline ? "offline" : "form_intro")}</p>
      {fields.map((field) => (
        <Field key={field.name} field={field} say={say} value={chat.known[field.name] ?? ""} />
      ))}
      {isOffline && (
        <label>
          <span>
            {say("message")} {say("required")}
          </span>
          <textarea name="message" rows={4} required maxLength={8000} />
        </label>
      )}
      {hasFailed && (
        <p class="status warning" role="alert">
          {say("not_taken")}
        </p>
      )}
      <button type="submit" class="go" disabled={isBusy}>
        {say(isOffline ? "offline_send" : "form_start")}
      </button>
    </form>
  );
}

function Field({ field, say, value }: { field: FormField; say: Say; value: string }) {
  const key = WORDS[field.name];
  const label = field.label ?? (key === undefined ? field.name : say(key));
  const [type, complete] = TYPES[field.name] ?? ["text", "off"];
  return (
    <label>
      <span>
        {label} {field.is_required && say("required")}
      </span>
      <input name={field.name} type={type} autocomplete={complete} required={field.is_required} defaultValue={value} maxLength={field.name === "name" ? 120 : 1000} />
    </label>
  );
}
