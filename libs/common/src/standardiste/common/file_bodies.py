"""A file that is a request's body as it is, its name beside it in the query: what chat visitors and agents send."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from fastapi import Query
from starlette.requests import Request

from standardiste.common.errors import BadInput
from standardiste.common.http import body_of
from standardiste.common.intake import AttachmentDraft

NAME_CHARACTERS_MAX: Final = 255
PLAIN: Final = "application/octet-stream"
_MEDIA_TYPE: Final = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)

FileName = Annotated[str, Query(min_length=1, max_length=NAME_CHARACTERS_MAX)]
FILE_BODY: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {PLAIN: {"schema": {"type": "string", "format": "binary"}}}}
}
"""How OpenAPI is told of such a body."""


async def file_of(request: Request, name: str, bytes_max: int) -> AttachmentDraft:
    """The file. Raises the problem too_large, BadInput("invalid_field") for an empty one."""
    content = await body_of(request, bytes_max)
    if not content:
        raise BadInput("invalid_field", "the file is empty", "/body")
    given = request.headers.get("content-type", PLAIN).partition(";")[0].strip().lower()
    return AttachmentDraft(name=clean(name), media_type=given if _MEDIA_TYPE.fullmatch(given) else PLAIN, content=content)


def clean(name: str) -> str:
    """A name without a path or what cannot be printed."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(each for each in last if each.isprintable()).strip(" .") or "file"
