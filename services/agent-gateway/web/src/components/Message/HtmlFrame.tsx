// A mail's HTML as its sender made it: sanitised on arrival, and here in a frame without scripts, origin or network. Pictures inside the mail are put in.

import { useEffect, useState } from "preact/hooks";
import { readBlob } from "../../store.ts";
import type { Attachment, BlobName } from "../../wire.ts";
import { t } from "../../words/index.ts";

const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
const PICTURE_BYTES_MAX = 1_000_000;

export function HtmlFrame({ blob, attachments }: { readonly blob: BlobName; readonly attachments: readonly Attachment[] }) {
  const [page, setPage] = useState<string | undefined>();
  const [hasFailed, setFailed] = useState(false);
  useEffect(() => {
    let isThere = true;
    void pageOf(blob, attachments).then(
      (found) => isThere && setPage(found),
      () => isThere && setFailed(true),
    );
    return () => void (isThere = false);
  }, [blob]);
  if (hasFailed) return <p class="quiet">{t("message.blob_failed")}</p>;
  if (page === undefined) return <p class="quiet">…</p>;
  return <iframe class="html-frame" sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer" srcdoc={page} title={t("message.html_title")} />;
}

async function pageOf(blob: BlobName, attachments: readonly Attachment[]): Promise<string> {
  let html = await (await readBlob(blob)).text();
  for (const each of attachments) {
    const isShown = each.content_id !== undefined && each.media_type.startsWith("image/") && each.size_bytes <= PICTURE_BYTES_MAX && each.state !== "refused";
    if (isShown && html.includes(`cid:${each.content_id}`)) html = html.replaceAll(`cid:${each.content_id}`, await dataUrl(await readBlob(each.blob)));
  }
  return `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><base target="_blank"><font face="system-ui, sans-serif">${html}</font>`;
}

function dataUrl(bytes: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error("unreadable"));
    reader.readAsDataURL(bytes);
  });
}
