"""How a blob is given, and names that any system can save."""

from __future__ import annotations

import pytest

from standardiste.common.events.decisions import MessageReceived
from standardiste.common.events.model import Attachment, BlobName, ContactId, Content, InteractionId
from standardiste.common.testing import builders
from standardiste.customers import shown, timeline


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        ("attachment; filename=\"a.pdf\"; filename*=UTF-8''a.pdf", "a.pdf"),
        ("attachment; filename=\"Relev_ 1_2.pdf\"; filename*=UTF-8''Relev%C3%A9%201_2.pdf", "Relevé 1/2.pdf"),
        ("attachment; filename=\"a__b.exe\"; filename*=UTF-8''a__b.exe", 'a"\r\nb.exe'.replace("\r\n", "\n")),
        ("attachment; filename=\"file\"; filename*=UTF-8''file", " .. "),
        ("attachment; filename=\"file\"; filename*=UTF-8''file", ""),
        ("attachment; filename=\"50__.txt\"; filename*=UTF-8''50%25_.txt", "50%?.txt".replace("?", "/")),
        ("attachment; filename=\"_\"; filename*=UTF-8''_", "\u202e"),
    ],
)
def test_a_name_is_safe_in_a_header_and_on_a_disk(expected: str, name: str) -> None:
    assert shown.disposition("attachment", name) == expected


def test_a_long_name_is_cut() -> None:
    assert len(shown.disposition("attachment", "x" * 10_000)) < 600


@pytest.mark.parametrize(
    ("expected", "blob"),
    [
        ("message/rfc822", "t/c/raw"),
        ("text/plain; charset=utf-8", "t/c/html"),
        ("text/plain; charset=utf-8", "t/c/body"),
        ("image/png", "t/c/png"),
        ("application/octet-stream", "t/c/svg"),
        ("application/octet-stream", "t/c/other"),
    ],
)
def test_only_what_cannot_act_is_given_by_its_type(expected: str, blob: str) -> None:
    def attached(name: str, media_type: str) -> Attachment:
        return Attachment(id=name, name=name, media_type=media_type, size_bytes=1, blob=BlobName(f"t/c/{name}"), sha256="0")

    content = Content(
        raw_blob=BlobName("t/c/raw"),
        html_blob=BlobName("t/c/html"),
        body_blob=BlobName("t/c/body"),
        attachments=(attached("png", "image/PNG; x=1"), attached("svg", "image/svg+xml")),
    )
    event = MessageReceived(interaction=InteractionId("i1"), contact=ContactId("c1"), message=builders.message(content=content))
    headers = shown.blob_headers(blob, timeline.with_words(None, event))
    assert headers["Content-Type"] == expected
    assert headers["Content-Disposition"].startswith("inline;" if expected == "image/png" else "attachment;")
    assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
