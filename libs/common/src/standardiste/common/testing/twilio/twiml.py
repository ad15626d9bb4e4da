"""
Reads TwiML as Twilio does: a tree of verbs. What Twilio would not understand is said, so that a test sees it.

Source: Twilio documentation, "TwiML for Programmable Voice" and "TwiML for Programmable SMS".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

_CALLBACK = frozenset({"statusCallback", "statusCallbackEvent", "statusCallbackMethod", "url", "method"})
VERBS: Mapping[str, frozenset[str]] = {
    "Say": frozenset({"voice", "language", "loop"}),
    "Play": frozenset({"loop", "digits"}),
    "Pause": frozenset({"length"}),
    "Gather": frozenset({"action", "method", "timeout", "numDigits", "finishOnKey", "input", "language", "actionOnEmptyResult"}),
    "Enqueue": frozenset({"action", "method", "waitUrl", "waitUrlMethod"}),
    "Leave": frozenset(),
    "Dial": frozenset({"action", "method", "timeout", "answerOnBridge", "callerId", "timeLimit", "hangupOnStar", "ringTone", "sequential"}),
    "Number": _CALLBACK,
    "Client": _CALLBACK,
    "Sip": _CALLBACK | {"username", "password"},
    "Queue": frozenset({"url", "method"}),
    "Conference": frozenset({"beep", "startConferenceOnEnter", "endConferenceOnExit", "waitUrl", "muted", "coach"}),
    "Record": frozenset({"action", "method", "maxLength", "timeout", "playBeep", "finishOnKey", "trim"}),
    "Hangup": frozenset(),
    "Reject": frozenset({"reason"}),
    "Redirect": frozenset({"method"}),
    "Message": frozenset({"to", "from", "action", "method", "statusCallback"}),
    "Body": frozenset(),
    "Media": frozenset(),
}
"""Every verb and noun the stand-in runs, with the attributes it knows."""
_NOUNS = frozenset({"Number", "Client", "Sip", "Queue", "Conference", "Body", "Media"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    name: str
    attributes: Mapping[str, str]
    text: str
    children: tuple[Verb, ...] = ()

    def integer(self, name: str, default: int) -> int:
        return int(self.attributes.get(name, str(default)))


class TwimlFault(Exception):
    """Twilio would raise an alert: 12100 not a document, 12200 not by its schema."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


def parse(document: str) -> tuple[Verb, ...]:
    """The verbs of a <Response>, in order. Raises TwimlFault."""
    try:
        root = ElementTree.fromstring(document.strip() or "<empty/>")
    except ElementTree.ParseError as error:
        raise TwimlFault(12100, f"document parse failure: {error}") from None
    if root.tag != "Response":
        raise TwimlFault(12100, f"the root is {root.tag}, not Response")
    verbs = tuple(_verb(child) for child in root)
    for verb in verbs:
        if verb.name in _NOUNS:
            raise TwimlFault(12200, f"{verb.name} is no verb")
    return verbs


def _verb(element: ElementTree.Element) -> Verb:
    known = VERBS.get(element.tag)
    if known is None:
        raise TwimlFault(12200, f"unknown element {element.tag}")
    unknown = set(element.attrib) - known
    if unknown:
        raise TwimlFault(12200, f"{element.tag} has no attribute {', '.join(sorted(unknown))}")
    return Verb(
        name=element.tag,
        attributes=dict(element.attrib),
        text=(element.text or "").strip(),
        children=tuple(_verb(child) for child in element),
    )
