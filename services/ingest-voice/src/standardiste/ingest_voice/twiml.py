"""Writes TwiML: what a leg of a call is given to hear, as Twilio wants it said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never
from xml.sax.saxutils import escape, quoteattr

from standardiste.common.events.directory import ChannelAddress
from standardiste.ingest_voice.model import Call, Party
from standardiste.ingest_voice.sounds import Fetch, HangUp, Meet, Music, Quiet, Reach, Record, Sound, Thank, Wait
from standardiste.ingest_voice.words import GREETING, LEAVE_A_MESSAGE, THANKS, said, spoken

EMPTY: Final = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
LEG_EVENTS: Final = "answered completed"
_QUIET_S: Final = 600
SILENCE_ENDS_S: Final = 8
"""After so long a silence the message is over."""


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses a document names: `of(step, party)`. Each carries the call in a signed token."""

    of: Callable[[str, Party], str]


def document(sound: Sound, call: Call, address: ChannelAddress, links: Links, own: Party, *, words: str = "", digits: str = "") -> str:
    """The TwiML of what `own`'s leg plays now, after `words` or `digits`. `address` gives voice, music and greeting, by its settings."""
    before = (_say(words, call, address) if words else "") + (element("Play", digits=digits) if digits else "")
    match sound:
        case Wait():
            return response(before, _greeting(call, address) if sound.greets else "", _enqueue(sound, address, links))
        case Reach():
            return response(_dial(sound, links, own))
        case Fetch():
            dial = element("Queue", escape(sound.room))
            return response(element("Dial", dial, timeout="30", action=links.of(_next(own), own), method="POST"))
        case Quiet():
            return response(pause(sound.seconds), _ask_again(links, own))
        case Meet():
            room = element("Conference", escape(sound.room), beep="false", endConferenceOnExit="false", startConferenceOnEnter="true")
            return response(before, element("Dial", room), _ask_again(links, own))
        case Record():
            words = _setting(address, "voicemail") or said(LEAVE_A_MESSAGE, call.language)
            record = element(
                "Record",
                action=links.of("voicemail", own),
                method="POST",
                maxLength=str(sound.seconds_max),
                timeout=str(SILENCE_ENDS_S),
                playBeep="true",
            )
            return response(_say(words, call, address), record, _ask_again(links, own))
        case Thank():
            return response(_say(said(THANKS, call.language), call, address), element("Hangup"))
        case HangUp():
            return response(before, element("Hangup"))
        case _:
            assert_never(sound)


def music(address: ChannelAddress, kind: Music) -> str:
    """What the waiting hear, over and over."""
    url = _music_url(address, kind)
    return response(element("Play", escape(url), loop="0") if url else pause(_QUIET_S))


def no_room(address: ChannelAddress, links: Links, own: Party) -> str:
    """Music without a queue: where the provider's queue is full or out of order, the caller waits all the same."""
    url = _music_url(address, Music.QUEUE)
    sound = element("Play", escape(url), loop="0") if url else pause(_QUIET_S)
    return response(sound, element("Redirect", escape(links.of(_next(own), own)), method="POST"))


def response(*verbs: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{"".join(verbs)}</Response>'


def element(name: str, inner: str = "", **attributes: str | None) -> str:
    """One element; attributes that are None are left out."""
    said_attributes = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items() if value is not None)
    return f"<{name}{said_attributes}>{inner}</{name}>" if inner else f"<{name}{said_attributes}/>"


def pause(seconds: int) -> str:
    return element("Pause", length=str(seconds))


def _greeting(call: Call, address: ChannelAddress) -> str:
    return _say(_setting(address, "greeting") or said(GREETING, call.language), call, address)


def _say(words: str, call: Call, address: ChannelAddress) -> str:
    return element("Say", escape(words), language=spoken(call.language), voice=_setting(address, "voice"))


def _enqueue(sound: Wait, address: ChannelAddress, links: Links) -> str:
    """Without music of ours the provider plays its own, and asks nothing of us while the caller waits."""
    wait = links.of("wait", Party.CUSTOMER) if _music_url(address, sound.music) else None
    method = "POST" if wait else None
    following = links.of("next", Party.CUSTOMER)
    return element("Enqueue", escape(sound.room), action=following, method="POST", waitUrl=wait, waitUrlMethod=method)


def _dial(sound: Reach, links: Links, own: Party) -> str:
    is_reported = sound.party is not own  # sent outside, the other end is none of our legs
    callback = {"statusCallback": links.of("leg", sound.party), "statusCallbackEvent": LEG_EVENTS, "statusCallbackMethod": "POST"}
    noun = _noun(sound.endpoint, callback if is_reported else {})
    return element(
        "Dial",
        noun,
        timeout=str(sound.rings_s),
        answerOnBridge="true",
        callerId=sound.shows,
        action=links.of(_next(own), own),
        method="POST",
    )


def _noun(endpoint: str, attributes: dict[str, str]) -> str:
    if endpoint.startswith("client:"):
        return element("Client", escape(endpoint.removeprefix("client:")), **attributes)
    return element("Sip" if endpoint.startswith("sip:") else "Number", escape(endpoint), **attributes)


def _ask_again(links: Links, own: Party) -> str:
    return element("Redirect", escape(links.of(_next(own), own)), method="POST")


def _next(own: Party) -> str:
    """The step that a party's leg asks what comes next."""
    return "next" if own is Party.CUSTOMER else own.value


def _music_url(address: ChannelAddress, kind: Music) -> str | None:
    held = _setting(address, "hold_music_url") if kind is Music.HOLD else None
    return held or _setting(address, "music_url")


def _setting(address: ChannelAddress, name: str) -> str | None:
    value = address.settings.get(name)
    return value if isinstance(value, str) and value else None
