"""A call in a test: the stand-in's side of it, and the router's."""

from __future__ import annotations

from pathlib import Path

from standardiste.common.bus.topics import Topic
from standardiste.common.clock import ManualClock
from standardiste.common.events.base import spec_of
from standardiste.common.events.directory import ChannelAddress, Person
from standardiste.common.events.inputs import MediaConnected
from standardiste.common.events.model import (
    AgentId,
    Channel,
    ChannelAddressId,
    ConversationId,
    InteractionId,
    OfferId,
)
from standardiste.common.events.outbound import (
    ConnectCall,
    HoldCall,
)
from standardiste.common.settings import HttpSettings
from standardiste.common.testing.bus import read_all
from standardiste.common.testing.running import Running, running
from standardiste.common.testing.twilio.call import Call, Phone
from standardiste.common.testing.twilio.double import TwilioDouble
from standardiste.ingest_voice.app import build
from standardiste.ingest_voice.settings import VoiceSettings

PUBLIC = "https://centre.example"
OURS = "+33199000002"
CALLER = "+33639980001"
ANNA, BEN, CARL = "client:anna", "+33639980050", "sip:carl@phones.example"
MUSIC = "https://centre.example/music.mp3"
SETTINGS = {"account_sid": "AC" + "5a" * 16, "auth_token_secret": "twilio-main", "music_url": MUSIC}
ADDRESS = ChannelAddress(id=ChannelAddressId("v1"), change_set=0, channel=Channel.VOICE, address=OURS, language="fr", settings=SETTINGS)
HTTP = HttpSettings(public_url=PUBLIC, client_per_s=1_000, client_burst=1_000)
INTERACTION, OFFER = InteractionId("i1"), OfferId("i1-o1")


def person(id: str, endpoint: str | None) -> Person:
    return Person(id=AgentId(id), change_set=0, name=id.title(), endpoint=endpoint)


def site_in(folder: Path, twilio: TwilioDouble, clock: ManualClock):
    settings = VoiceSettings(twilio_url=twilio.url)
    return proxied(running(folder, lambda parts: build(settings, parts), clock=clock, http=HTTP), twilio)


class proxied:
    """A running site that the stand-in reaches by the public address."""

    def __init__(self, site, twilio: TwilioDouble) -> None:
        self._site, self._twilio = site, twilio

    async def __aenter__(self) -> Running:
        found = await self._site.__aenter__()
        self._twilio.proxy(PUBLIC, found.url)
        await found.parts.secrets.put("t1", "twilio-main", self._twilio.auth_token)
        return found

    async def __aexit__(self, *error: object) -> None:
        await self._site.__aexit__(*error)


class Line:
    """A call in a test, and the router's side of it."""

    def __init__(self, site: Running, twilio: TwilioDouble, call: Call, conversation: ConversationId) -> None:
        self.site, self.twilio, self.call, self.conversation = site, twilio, call, conversation

    async def connect(self, agent: str = "anna", offer: str = OFFER) -> None:
        await self.order(ConnectCall(conversation=self.conversation, interaction=INTERACTION, offer=OfferId(offer), agent=AgentId(agent)))

    async def order(self, data: object) -> None:
        await self.site.decide("t1", data, topic=Topic.OUTBOUND_VOICE)

    async def bridged(self, agent: str = "anna", endpoint: str = ANNA) -> Phone:
        await self.connect(agent)
        await self.twilio.until(lambda: self.call.is_bridged_with(endpoint), "bridged")
        await self.site.inputs(MediaConnected)
        return self.twilio.phone(endpoint)

    async def waits_again(self, times: int = 2) -> None:
        await self.twilio.until(lambda: sum(MUSIC in each for each in self.call.heard) >= times, "the music again")


async def count(site: Running, kind: type) -> int:
    """How many inputs of a kind there are now."""
    name = spec_of(kind).name
    return sum(record.headers.get("ce_type") == name for record in await read_all(site.parts.bus, Topic.INPUTS))


async def held(line: Line) -> None:
    """On hold, with the music again."""
    await line.order(HoldCall(conversation=line.conversation, interaction=INTERACTION))
    await line.waits_again()
