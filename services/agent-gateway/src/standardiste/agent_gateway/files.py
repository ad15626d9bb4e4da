"""
Files that agents send: put into a blob of the interaction, and known again in the command that sends them.

A command may name no blob that was not put there for its interaction: the id of an attachment is a keyed hash of all that is said of it, so neither another
customer's file nor another tenant's goes out, and no client says of a file that it was looked through. Bodies are written out, never named.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from standardiste.common.blobs.port import BlobRef, Blobs
from standardiste.common.errors import BadInput
from standardiste.common.events.codec import adapter
from standardiste.common.events.commands import OpenInteraction, SendMessage
from standardiste.common.events.model import Attachment, AttachmentState, BlobName, Content
from standardiste.common.file_bodies import FILE_BODY, FileName, file_of
from standardiste.common.http import Act, Principal, allowed
from standardiste.common.ids import keyed_id
from standardiste.common.intake import ATTACHMENTS_MAX, AttachmentDraft, TenantKeys
from standardiste.common.scanning.screen import Screen

_INTERACTION: Final = r"^in_[A-Za-z0-9_-]{1,100}$"


class AgentFiles:
    """Names the files of interactions, and knows them again."""

    def __init__(self, keys: TenantKeys) -> None:
        self._keys = keys

    def named(self, tenant: str, interaction: str, draft: AttachmentDraft, state: AttachmentState) -> Attachment:
        """What is said of a file that was put there for this interaction."""
        sha256, size = hashlib.sha256(draft.content).hexdigest(), len(draft.content)
        ref = BlobRef(tenant=tenant, contact=interaction, sha256=sha256)
        return Attachment(
            id=self._id(tenant, interaction, sha256, draft.name, draft.media_type, size, state),
            name=draft.name,
            media_type=draft.media_type,
            size_bytes=size,
            blob=BlobName(ref.name),
            sha256=sha256,
            state=state,
        )

    def check(self, tenant: str, command: Any) -> None:
        """Raise BadInput("invalid_field") where a command names what was not put there for its interaction, or a file that was refused."""
        match command:
            case SendMessage(content=content, interaction=interaction):
                self._check(tenant, interaction, content)
            case OpenInteraction(content=Content() as content):
                self._check(tenant, "", content)
            case _:
                pass

    def _check(self, tenant: str, interaction: str, content: Content) -> None:
        for field in ("html_blob", "body_blob", "raw_blob"):
            if getattr(content, field) is not None:
                raise BadInput("invalid_field", "a body is written out", f"/content/{field}")
        if len(content.attachments) > ATTACHMENTS_MAX:
            raise BadInput("invalid_field", f"at most {ATTACHMENTS_MAX}", "/content/attachments")
        for number, file in enumerate(content.attachments):
            ref = BlobRef(tenant=tenant, contact=interaction, sha256=file.sha256)
            id = self._id(tenant, interaction, file.sha256, file.name, file.media_type, file.size_bytes, file.state)
            if (file.id, file.blob, file.content_id) != (id, ref.name, None) or file.state is AttachmentState.REFUSED:
                raise BadInput("invalid_field", "no file that was put there for this interaction", f"/content/attachments/{number}")

    def _id(self, tenant: str, interaction: str, sha256: str, name: str, media_type: str, size: int, state: AttachmentState) -> str:
        key = self._keys.tenant(tenant, "agent file")
        return keyed_id(key, "f", interaction, sha256, quote(name), media_type, str(size), state.value)


def add_files(edge: APIRouter, files: AgentFiles, *, blobs: Blobs, screen: Screen, bytes_max: int) -> None:
    """Serve the path that takes files."""

    @edge.post(
        "/v1/agent/interactions/{interaction}/files", status_code=201, responses={201: {"model": Attachment}}, openapi_extra=FILE_BODY
    )
    async def put(
        request: Request,
        interaction: Annotated[str, Path(pattern=_INTERACTION)],
        name: FileName,
        who: Annotated[Principal, Depends(allowed(Act.AGENT_WORK))],
    ) -> Response:
        """A file for an answer, the body as it is. What is answered goes into `content.attachments` of message.send; unsent, it is swept."""
        draft = await file_of(request, name, bytes_max)
        state = await screen.state_on_arrival(who.tenant, draft.content)
        await blobs.put(who.tenant, interaction, draft.content)
        file = files.named(who.tenant, interaction, draft, state)
        return JSONResponse(adapter(Attachment).dump_python(file, mode="json", exclude_none=True), 201)
