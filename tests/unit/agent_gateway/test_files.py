"""A command sends the files that were put there for its interaction, as they were put there, and no other blob."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from standardiste.agent_gateway.files import AgentFiles
from standardiste.common.errors import BadInput
from standardiste.common.events.commands import Actor, OpenInteraction, SendMessage
from standardiste.common.events.model import Attachment, AttachmentState, BlobName, Channel, ChannelAddressId, Content, InteractionId
from standardiste.common.intake import AttachmentDraft
from standardiste.common.security.keys import Keys

FILES = AgentFiles(Keys(bytes(32)))
DRAFT = AttachmentDraft(name="devis été.pdf", media_type="application/pdf", content=b"%PDF")


def put(state: AttachmentState = AttachmentState.CLEAN) -> Attachment:
    return FILES.named("t1", "in_1", DRAFT, state)


def sends(*files: Attachment, interaction: str = "in_1", **fields: BlobName) -> SendMessage:
    return SendMessage(
        actor=Actor(),
        interaction=InteractionId(interaction),
        content=Content(text="Voici", attachments=files, html_blob=fields.get("html")),
    )


def test_file_goes_out_as_it_was_put_there() -> None:
    FILES.check("t1", sends(put(), put(AttachmentState.UNSCANNED)))


@pytest.mark.parametrize(
    "change",
    [
        lambda file: replace(file, blob=BlobName(file.blob.replace("t1/", "t2/"))),
        lambda file: replace(file, blob=BlobName(file.blob.replace("in_1", "c_2"))),
        lambda file: replace(file, sha256="0" * 64, blob=BlobName("t1/in_1/" + "0" * 64)),
        lambda file: replace(file, name="facture.pdf"),
        lambda file: replace(file, media_type="text/html"),
        lambda file: replace(file, size_bytes=1),
        lambda file: replace(file, content_id="logo"),
    ],
)
def test_what_is_said_otherwise_of_a_file_is_refused(change: Callable[[Attachment], Attachment]) -> None:
    with pytest.raises(BadInput):
        FILES.check("t1", sends(change(put())))


def test_file_that_was_not_looked_through_or_was_refused_is_not_called_clean() -> None:
    for put_as in (AttachmentState.UNSCANNED, AttachmentState.REFUSED):
        with pytest.raises(BadInput):
            FILES.check("t1", sends(replace(put(put_as), state=AttachmentState.CLEAN)))
    with pytest.raises(BadInput):
        FILES.check("t1", sends(put(AttachmentState.REFUSED)))


def test_file_of_another_tenant_or_interaction_and_named_bodies_are_refused() -> None:
    for tenant, command in (("t2", sends(put())), ("t1", sends(put(), interaction="in_2")), ("t1", sends(html=BlobName("t1/c_1/x")))):
        with pytest.raises(BadInput):
            FILES.check(tenant, command)


def test_opening_names_no_file() -> None:
    opens = OpenInteraction(
        actor=Actor(),
        channel=Channel.EMAIL,
        channel_address=ChannelAddressId("mail"),
        address="a@client.example",
        content=Content(text="x"),
    )
    FILES.check("t1", opens)
    with pytest.raises(BadInput):
        FILES.check("t1", replace(opens, content=Content(text="x", attachments=(put(),))))
