"""A customer's text: from the provider's form to what the router is handed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from standardiste.common.errors import BadInput
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import ConversationId, Scope
from standardiste.common.intake import AttachmentDraft, ContactDraft
from standardiste.common.twilio.numbers import country_of, e164
from standardiste.common.twilio.segments import segments
from standardiste.common.twilio.webhook import Form
from standardiste.ingest_sms.keywords import Keyword, keyword
from standardiste.ingest_sms.schemes import bare

_ID_CHARACTERS_MAX: Final = 64
_NAME_CHARACTERS_MAX: Final = 255
_SENDER_CHARACTERS_MAX: Final = 64
_TEXT_CHARACTERS_MAX: Final = 16_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One text, understood. `sender` is E.164, or as it came for short codes and senders with a name; `name` what an app's profile calls him."""

    sid: str
    ours: str
    sender: str
    text: str
    word: Keyword | None
    segments: int
    name: str | None = None


def understand(form: Form) -> Inbound:
    """Twilio's form. Raises BadInput `invalid_field` naming what is missing or too long."""
    sender, text = bare(form["From"].strip()), form["Body"]
    return check_inbound(
        Inbound(
            sid=form["MessageSid"] or form["SmsSid"],
            ours=form["To"].strip(),
            sender=e164(sender) or sender,
            text=text,
            word=keyword(text, form["OptOutType"]),
            segments=form.integer("NumSegments") or segments(text).count,
            name=form["ProfileName"][:_NAME_CHARACTERS_MAX] or None,
        ),
        ("/MessageSid", "/From", "/Body"),
    )


def check_inbound(inbound: Inbound, pointers: tuple[str, str, str]) -> Inbound:
    """The same, when it can be handed in; `pointers` are the provider's names of id, sender and text. Raises BadInput."""
    sid, sender, text = pointers
    if not inbound.sid or len(inbound.sid) > _ID_CHARACTERS_MAX:
        raise BadInput("invalid_field", f"{sid[1:]} is missing or too long", sid)
    if not inbound.sender or len(inbound.sender) > _SENDER_CHARACTERS_MAX:
        raise BadInput("invalid_field", f"{sender[1:]} is missing or too long", sender)
    if len(inbound.text) > _TEXT_CHARACTERS_MAX:
        raise BadInput("invalid_field", f"{text[1:]} is longer than {_TEXT_CHARACTERS_MAX} characters", text)
    return inbound


def draft(
    inbound: Inbound,
    *,
    tenant: str,
    address: ChannelAddress,
    scope: Scope,
    conversation: ConversationId,
    files: tuple[AttachmentDraft, ...] = (),
    files_missing: int = 0,
    is_test: bool = False,
) -> ContactDraft:
    """What is handed in. Attributes for the rules: segments, country, keyword (stop, start), files_missing."""
    attributes: dict[str, str | int | float | bool] = {"segments": inbound.segments}
    if (country := country_of(inbound.sender)) is not None:
        attributes["country"] = country
    if inbound.word is not None:
        attributes["keyword"] = inbound.word.value
    if files_missing:
        attributes["files_missing"] = files_missing
    return ContactDraft(
        tenant=tenant,
        channel_address=address,
        scope=scope,
        address=inbound.sender,
        provider_id=inbound.sid,
        text=inbound.text,
        name=inbound.name,
        attachments=files,
        conversation=conversation,
        attributes=attributes,
        is_test=is_test,
    )
