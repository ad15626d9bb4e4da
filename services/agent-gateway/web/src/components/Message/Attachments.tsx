// A message's files: name, size, whether they were checked; read with the person's credential and saved under their name.

import { useState } from "preact/hooks";
import { size } from "../../format.ts";
import { readBlob } from "../../store.ts";
import type { Attachment } from "../../wire.ts";
import { t } from "../../words/index.ts";
import { Icon } from "../parts/Icon.tsx";

export function Attachments({ attachments }: { readonly attachments: readonly Attachment[] }) {
  return (
    <ul class="attachments" aria-label={t("message.attachments")}>
      {attachments.map((each) => (
        <One key={each.id} attachment={each} />
      ))}
    </ul>
  );
}

function One({ attachment }: { readonly attachment: Attachment }) {
  const [hasFailed, setFailed] = useState(false);
  const isRefused = attachment.state === "refused";
  const save = (): void => void readBlob(attachment.blob).then((bytes) => saveAs(bytes, attachment.name), () => setFailed(true));
  return (
    <li class="attachment">
      <button type="button" class="button small" disabled={isRefused} onClick={save}>
        <Icon name="file" />
        <span class="hidden">{t("message.download")} </span>
        <span class="attachment-name">{attachment.name}</span>
        <span class="quiet numbers">{size(attachment.size_bytes)}</span>
      </button>
      {attachment.state === "unscanned" && <span class="quiet small">{t("message.unscanned")}</span>}
      {isRefused && <span class="tag bad">{t("message.refused")}</span>}
      {hasFailed && <span class="tag bad">{t("message.blob_failed")}</span>}
    </li>
  );
}

function saveAs(bytes: Blob, name: string): void {
  const url = URL.createObjectURL(bytes);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
