"""
Which mails are closed at once, offered to nobody: spam, mail of lists, floods. Pure. Each has its receipt with the reason, and may be opened again for 30 days.

A mail that answers one of ours is never taken for spam or list mail, whatever a filter on its way says: somebody waits for it. Mail over a list of our own
domain (a company's shared address is often one) is ordinary mail.
"""

from __future__ import annotations

from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import CloseReason
from standardiste.ingest_email.compose import our_message
from standardiste.ingest_email.parse import ParsedMail


def close_as(mail: ParsedMail, address: ChannelAddress, *, is_flood: bool) -> CloseReason | None:
    """Why this mail is to be closed at once; None for mail that goes to agents. The address's `spam` and `lists` say `close` (the default) or `route`."""
    if is_flood:
        return CloseReason.FLOOD
    if _answers_ours(mail, address):
        return None
    if mail.markers.is_spam and address.settings.get("spam", "close") == "close":
        return CloseReason.SPAM
    if mail.markers.is_list and address.settings.get("lists", "close") == "close" and not _is_our_list(mail, address):
        return CloseReason.LIST
    return None


def _answers_ours(mail: ParsedMail, address: ChannelAddress) -> bool:
    domain = (address.address.rpartition("@")[2],)
    return any(our_message(id, domain) is not None for id in (mail.in_reply_to or "", *mail.references))


def _is_our_list(mail: ParsedMail, address: ChannelAddress) -> bool:
    domain = address.address.rpartition("@")[2].lower()
    name = mail.markers.list_name
    return name == domain or name.endswith((f".{domain}", f"@{domain}"))
