"""Before we speak first: who it is, and whether he may be contacted, as the router is told."""

from __future__ import annotations

from typing import Any

import httpx

from standardiste.common.addresses import text_conversation
from standardiste.common.bus.topics import Topic
from standardiste.common.events.base import Event, Instant
from standardiste.common.events.codec import encode
from standardiste.common.events.commands import Actor, OpenInteraction
from standardiste.common.events.inputs import OpeningExamined
from standardiste.common.events.model import Channel, ChannelAddressId, SponsorId
from standardiste.common.permission.consent import Basis, ConsentEntry, Word
from standardiste.common.permission.ledger import Ledger
from standardiste.common.testing.builders import ADDRESSES, AT, channel_address
from standardiste.common.testing.running import Running

NUMBER = "+33612345678"


async def asked(site: Running, count: int = 1, **fields: Any) -> OpeningExamined:
    """What the router is told of the last of so many openings."""
    whole = {"channel": Channel.SMS, "channel_address": ChannelAddressId("sms"), "address": NUMBER, **fields}
    command = OpenInteraction(actor=Actor(), **whole)
    event = Event(id=f"open{count}", source="agent-gateway", subject="t1", tenant="t1", time=Instant(AT), data=command)
    await site.parts.bus.publish(encode(event, Topic.INPUTS))
    examined = (await site.inputs(OpeningExamined, count))[-1]
    assert examined.asked == command
    assert examined.command == f"open{count}"
    return examined


def ledger(site: Running) -> Ledger:
    return Ledger(site.parts.store, site.parts.keys, site.parts.directory)


async def say(site: Running, word: Word, id: str, **fields: Any) -> None:
    found = ledger(site)
    address = found.address_id("t1", "main", Channel.SMS, "sms", NUMBER)
    assert address is not None
    at = site.parts.clock.now()
    whole: dict[str, Any] = {"sponsor": SponsorId("main"), "at": at, "recorded_at": at, "recorded_by": "test", **fields}
    await found.record("t1", ConsentEntry(id=id, address=address, word=word, **whole))


async def test_a_first_contact_of_ours_makes_the_customer_whom_his_answer_finds(site: Running, http: httpx.AsyncClient) -> None:
    await site.configure("t1", channel_address(Channel.SMS))
    first = await asked(site, name="Jeanne")
    assert first.refused is None
    assert first.customer is not None
    assert first.conversation == text_conversation(site.parts.keys.tenant("t1", "conversation"), ADDRESSES[Channel.SMS], NUMBER)
    again = await asked(site, 2)
    assert again.customer == first.customer
    known = (await http.get(f"/v1/customers/{first.customer.id}")).json()
    assert known["addresses"] == [{"family": "phone", "address": NUMBER, "is_blocked": False}]
    assert known["name"] == "Jeanne"


async def test_who_said_stop_is_not_written_to_until_he_says_start(site: Running) -> None:
    await site.configure("t1", channel_address(Channel.SMS), channel_address(Channel.VOICE))
    await say(site, Word.WITHDRAWN, "stop", channel=Channel.SMS)
    assert (await asked(site, 1)).refused == "opted_out"
    by_voice = await asked(site, 2, channel=Channel.VOICE, channel_address=ChannelAddressId("voice"))
    assert by_voice.refused is None
    await say(site, Word.RESUMED, "start", channel=Channel.SMS)
    assert (await asked(site, 3)).refused is None


async def test_another_purpose_needs_a_consent_of_its_own(site: Running) -> None:
    await site.configure("t1", channel_address(Channel.SMS))
    refused = await asked(site, 1, purpose="offers")
    assert (refused.refused, refused.customer) == ("not_permitted_now", None)
    await say(site, Word.GIVEN, "yes", purpose="offers", basis=Basis.CONSENT)
    assert (await asked(site, 2, purpose="offers")).refused is None
    assert (await asked(site, 3, purpose="surveys")).refused == "not_permitted_now"


async def test_nobody_is_nobody(site: Running) -> None:
    await site.configure("t1", channel_address(Channel.SMS))
    assert (await asked(site, 1, address="anonymous")).refused == "unknown_customer"
    assert (await asked(site, 2, channel_address=ChannelAddressId("gone"))).refused == "unknown_channel_address"
    assert (await asked(site, 3, customer="cu_gone")).refused == "unknown_customer"
