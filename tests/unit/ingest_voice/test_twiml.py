"""What each leg is given, in Twilio's words. Each document is read back by the stand-in's parser, which knows every verb's attributes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from standardiste.common.events.base import Instant
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import AgentId, Channel, ChannelAddressId, ConversationId, InteractionId, OfferId, TenantId
from standardiste.common.testing.twilio.twiml import parse
from standardiste.ingest_voice.model import Call, CallState, Guest, Party
from standardiste.ingest_voice.sounds import Music, sound_of
from standardiste.ingest_voice.twiml import Links, document, music, no_room

CALL = Call(
    tenant=TenantId("t1"),
    conversation=ConversationId("cv"),
    state=CallState.WAITING,
    channel_address=ChannelAddressId("v1"),
    our_address="+33199000002",
    address="+33639980001",
    language="fr",
    began_at=Instant(0),
    interaction=InteractionId("i1"),
    offer=OfferId("o1"),
    agent=AgentId("anna"),
    customer_leg="CA1",
    agent_leg="CA2",
    endpoint="client:anna",
    attempt=1,
)
PLAIN = ChannelAddress(id=ChannelAddressId("v1"), change_set=1, channel=Channel.VOICE, address="+33199000002")
WITH_MUSIC = replace(PLAIN, settings={"music_url": "https://m.example/q.mp3", "hold_music_url": "https://m.example/h.mp3"})
LINKS = Links(lambda step, party: f"/{step}/{party}")
XML = '<?xml version="1.0" encoding="UTF-8"?>'


def twiml(state: str, party: Party, address: ChannelAddress = PLAIN, *, greets: bool = False, **fields: object) -> str:
    call = replace(CALL, state=CallState(state), **fields)
    text = document(sound_of(call, party, greets=greets), call, address, LINKS, party)
    parse(text)
    return text.removeprefix(XML)


@pytest.mark.parametrize(
    ("state", "party", "expected"),
    [
        ("waiting", Party.CUSTOMER, '<Enqueue action="/next/customer" method="POST">waiting-v1</Enqueue>'),
        ("connecting", Party.CUSTOMER, '<Dial timeout="25" answerOnBridge="true" action="/next/customer" method="POST">'
            '<Client statusCallback="/leg/agent" statusCallbackEvent="answered completed" statusCallbackMethod="POST">anna</Client></Dial>'),
        ("held", Party.CUSTOMER, '<Enqueue action="/next/customer" method="POST">hold-cv</Enqueue>'),
        ("held", Party.AGENT, '<Pause length="600"/><Redirect method="POST">/agent/agent</Redirect>'),
        ("bridged", Party.AGENT, '<Dial timeout="30" action="/agent/agent" method="POST"><Queue>hold-cv</Queue></Dial>'),
        ("alone", Party.CUSTOMER, '<Pause length="4"/><Redirect method="POST">/next/customer</Redirect>'),
        ("ringing_customer", Party.AGENT, '<Dial timeout="45" answerOnBridge="true" callerId="+33199000002" action="/agent/agent" method="POST">'
            '<Number statusCallback="/leg/customer" statusCallbackEvent="answered completed" statusCallbackMethod="POST">+33639980001</Number></Dial>'),
        ("conference", Party.CUSTOMER, '<Dial><Conference beep="false" endConferenceOnExit="false" startConferenceOnEnter="true">meet-cv</Conference></Dial>'
            '<Redirect method="POST">/next/customer</Redirect>'),
        ("voicemail", Party.CUSTOMER, '<Say language="fr-FR">Personne ne peut prendre votre appel. Laissez un message après le bip, puis raccrochez.</Say>'
            '<Record action="/voicemail/customer" method="POST" maxLength="180" timeout="8" playBeep="true"/><Redirect method="POST">/next/customer</Redirect>'),
        ("keeping", Party.CUSTOMER, '<Say language="fr-FR">Merci, votre message est enregistré.</Say><Hangup/>'),
        ("held", Party.GUEST, "<Hangup/>"),
        ("ended", Party.CUSTOMER, "<Hangup/>"),
        ("ended", Party.AGENT, "<Hangup/>"),
        ("waiting", Party.AGENT, "<Hangup/>"),
    ],
)  # fmt: skip
def test_document_of_each_state(state: str, party: Party, expected: str) -> None:
    assert twiml(state, party) == f"<Response>{expected}</Response>"


@pytest.mark.parametrize(
    ("language", "settings", "expected"),
    [
        ("fr", {}, '<Say language="fr-FR">Bonjour et bienvenue. Ne quittez pas, un conseiller va prendre votre appel.</Say>'),
        ("en", {}, '<Say language="en-GB">Hello and welcome. Please stay on the line, an adviser will take your call.</Say>'),
        ("fr-CA", {"voice": "Polly.Chantal"}, '<Say language="fr-CA" voice="Polly.Chantal">Bonjour et bienvenue. Ne quittez pas, un conseiller va prendre votre appel.</Say>'),
        ("fr", {"greeting": "Dupont & Fils <bonjour>"}, '<Say language="fr-FR">Dupont &amp; Fils &lt;bonjour&gt;</Say>'),
    ],
)  # fmt: skip
def test_greeting_is_in_the_callers_language_and_the_addresss_own_words(language: str, settings: dict[str, str], expected: str) -> None:
    said = twiml("waiting", Party.CUSTOMER, replace(PLAIN, settings=settings), greets=True, language=language)
    assert said.startswith(f"<Response>{expected}<Enqueue ")


@pytest.mark.parametrize(("endpoint", "noun"), [("sip:a&b@x.example", "<Sip"), ("+33639980050", "<Number"), ("client:zoé", "<Client")])
def test_agents_endpoint_is_dialled_as_what_it_is(endpoint: str, noun: str) -> None:
    assert noun in twiml("connecting", Party.CUSTOMER, endpoint=endpoint)


def test_customer_sent_outside_is_dialled_on_without_reports_of_the_other_end() -> None:
    said = twiml("outside", Party.CUSTOMER, outside="+33639980077")
    assert "<Number>+33639980077</Number>" in said


def test_music_of_ours_is_asked_for_and_played_without_end() -> None:
    assert 'waitUrl="/wait/customer" waitUrlMethod="POST"' in twiml("waiting", Party.CUSTOMER, WITH_MUSIC)
    assert music(WITH_MUSIC, Music.QUEUE) == f'{XML}<Response><Play loop="0">https://m.example/q.mp3</Play></Response>'
    assert music(WITH_MUSIC, Music.HOLD) == f'{XML}<Response><Play loop="0">https://m.example/h.mp3</Play></Response>'


def test_caller_waits_without_a_queue_where_the_providers_is_full() -> None:
    assert no_room(WITH_MUSIC, LINKS, Party.CUSTOMER).endswith(
        '<Play loop="0">https://m.example/q.mp3</Play><Redirect method="POST">/next/customer</Redirect></Response>'
    )
    parse(no_room(PLAIN, LINKS, Party.CUSTOMER))


def test_leg_that_is_no_longer_the_agents_is_hung_up() -> None:
    call = replace(CALL, state=CallState.BRIDGED)
    assert document(sound_of(call, Party.AGENT, leg="CA7"), call, PLAIN, LINKS, Party.AGENT) == f"{XML}<Response><Hangup/></Response>"


def test_legs_meet_while_somebody_is_asked_in() -> None:
    guest = Guest(attempt=1, offer=OfferId("o2"), endpoint="client:ben", agent=AgentId("ben"), leg="CA3")
    for party in (Party.AGENT, Party.GUEST):
        said = twiml("held", party, guest=guest)
        assert ">meet-cv</Conference></Dial>" in said
        assert said.endswith(f'<Redirect method="POST">/{party.value}/{party.value}</Redirect></Response>')
    assert "hold-cv" in twiml("held", Party.CUSTOMER, guest=guest)


def test_words_and_digits_go_before_what_the_leg_plays() -> None:
    call = replace(CALL, state=CallState.CONFERENCE)
    said = document(sound_of(call, Party.CUSTOMER), call, PLAIN, LINKS, Party.CUSTOMER, digits="12#")
    assert said.removeprefix(XML).startswith('<Response><Play digits="12#"/><Dial><Conference')
    waiting = document(sound_of(CALL, Party.CUSTOMER), CALL, PLAIN, LINKS, Party.CUSTOMER, words="Un <instant>")
    assert waiting.removeprefix(XML).startswith('<Response><Say language="fr-FR">Un &lt;instant&gt;</Say><Enqueue ')
