"""Calls over real sockets, with the stand-in running what we answer: what the caller hears, whom he talks with, what the router is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from system.ingest_voice.line import ADDRESS, ANNA, BEN, CALLER, CARL, INTERACTION, MUSIC, OFFER, OURS, PUBLIC, Line, count, person, site_in

from standardiste.common.bus.topics import Topic
from standardiste.common.clock import ManualClock
from standardiste.common.conversations import ConversationBook
from standardiste.common.events.decisions import InteractionCreated
from standardiste.common.events.inputs import CallRefused, ContactLeft, ContactReceived, MediaConnected, MediaEnded, MediaFailed
from standardiste.common.events.model import (
    AgentId,
    CallOrder,
    Channel,
    ConversationId,
    LeftBecause,
    OfferId,
    QueueId,
)
from standardiste.common.events.outbound import (
    ConnectCall,
    HoldCall,
    PlaceCall,
    QueueCall,
    RecordCall,
    ReleaseCall,
    ResumeCall,
    SuperviseCall,
    TellNotice,
    TellPosition,
    TransferCall,
)
from standardiste.common.intake import Intake
from standardiste.common.parts import Parts
from standardiste.common.testing.bus import read_all
from standardiste.common.testing.running import Running, tenant_of_test
from standardiste.common.testing.twilio.call import Phone
from standardiste.common.testing.twilio.double import TwilioDouble
from standardiste.common.twilio.callback_token import CallbackTokens
from standardiste.common.twilio.client import TwilioApi
from standardiste.common.twilio.credentials import CredentialBook
from standardiste.ingest_voice.call_book import CALLS, CallBook
from standardiste.ingest_voice.model import AgentAnswered, CallState, CustomerEnded, Outcome
from standardiste.ingest_voice.switchboard import Switchboard
from standardiste.ingest_voice.twilio_calls import TwilioCalls, TwilioLinks

# ---- a call comes in


async def test_caller_is_greeted_in_his_language_and_is_a_live_contact(line: Line) -> None:
    contact = (await line.site.inputs(ContactReceived))[0].contact
    assert line.call.heard[0] == "say fr-FR: Bonjour et bienvenue. Ne quittez pas, un conseiller va prendre votre appel."
    assert (contact.channel, contact.is_live, contact.address, contact.our_address) == (Channel.VOICE, True, CALLER, OURS)
    assert contact.attributes == {"country": "FR"}


async def test_every_call_is_a_conversation_of_its_own_and_a_repeated_webhook_is_not(site: Running, twilio: TwilioDouble) -> None:
    for sid in ("CA" + "1" * 32, "CA" + "1" * 32, "CA" + "2" * 32):
        await twilio.customer_calls(CALLER, OURS, sid=sid)
    first, again, other = [each.contact for each in await site.inputs(ContactReceived, 3)]
    assert (first.conversation, first.receipt) == (again.conversation, again.receipt)
    assert other.conversation != first.conversation


async def test_callers_who_withhold_their_number_are_not_one_customer(site: Running, twilio: TwilioDouble) -> None:
    await twilio.customer_calls("anonymous", OURS)
    await twilio.customer_calls("+266696687", OURS)
    first, second = [each.contact for each in await site.inputs(ContactReceived, 2)]
    assert first.address != second.address
    assert first.attributes == {"is_anonymous": True}


async def test_caller_who_hangs_up_in_the_queue_has_left_once(line: Line) -> None:
    line.call.hang_up()
    left = (await line.site.inputs(ContactLeft))[0]
    contact = (await line.site.inputs(ContactReceived))[0].contact
    assert (left.contact, left.conversation, left.because) == (contact.id, line.conversation, LeftBecause.HUNG_UP)
    await line.twilio.settle()
    assert await count(line.site, ContactLeft) == 1


async def test_wrong_signature_of_a_call_is_refused_and_nothing_is_accepted(site: Running, twilio: TwilioDouble) -> None:
    call = await twilio.customer_calls(CALLER, OURS, signature="bm90IGl0")
    assert call.is_over
    assert twilio.webhooks.requests[-1].answer.status == 403
    assert await count(site, ContactReceived) == 0
    twilio.account.alerts.clear()


async def test_call_to_a_number_that_is_nobodys_is_not_found(site: Running, twilio: TwilioDouble) -> None:
    await twilio.customer_calls(CALLER, "+33199000009")
    assert twilio.webhooks.requests[-1].answer.status == 404
    twilio.account.alerts.clear()


async def test_step_with_a_made_up_token_or_signature_or_name_is_refused(line: Line) -> None:
    good = next(each for each in line.twilio.webhooks.requests if "/wait?call=" in each.url)
    forged = await line.twilio.webhooks.send(good.url[:-3] + "AAA", good.params)
    unsigned = await line.twilio.webhooks.send(good.url, good.params, signature="bm90IGl0")
    unknown = await line.twilio.webhooks.send(good.url.replace("/wait?", "/dance?"), good.params)
    assert (forged.status, unsigned.status, unknown.status) == (401, 403, 404)


# ---- an agent takes it


@pytest.mark.parametrize(("agent", "endpoint"), [("anna", ANNA), ("ben", BEN), ("carl", CARL)])
async def test_caller_is_bridged_to_the_agents_phone(line: Line, agent: str, endpoint: str) -> None:
    await line.bridged(agent, endpoint)
    assert (await line.site.inputs(MediaConnected)) == [MediaConnected(interaction=INTERACTION, offer=OFFER)]


@pytest.mark.parametrize(("how", "detail"), [("is_busy", "agent_busy"), ("fails", "agent_unreachable")])
async def test_agent_who_cannot_be_reached_fails_and_the_caller_waits_on(line: Line, how: str, detail: str) -> None:
    getattr(line.twilio.phone(ANNA), how)()
    await line.connect()
    assert (await line.site.inputs(MediaFailed)) == [MediaFailed(interaction=INTERACTION, offer=OFFER, detail=detail, is_agent_side=True)]
    await line.waits_again()
    assert not line.call.is_over


async def test_agent_who_does_not_answer_fails_within_30_seconds(line: Line) -> None:
    phone = line.twilio.phone(ANNA)
    phone.does_not_answer()
    await line.connect()
    await line.twilio.until(lambda: phone.is_ringing, "it rings")
    await line.twilio.advance(26_000)
    assert (await line.site.inputs(MediaFailed))[0].detail == "agent_no_answer"
    await line.waits_again()


@pytest.mark.parametrize("agent", ["dora", "emil", "nobody"])
async def test_agent_without_a_phone_fails_and_the_music_goes_on(line: Line, agent: str) -> None:
    await line.connect(agent)
    assert (await line.site.inputs(MediaFailed))[0].detail == "agent_no_endpoint"
    assert line.call.heard[-1] == f"play: {MUSIC}"


async def test_next_agent_is_connected_after_one_who_did_not_answer(line: Line) -> None:
    line.twilio.phone(ANNA).is_busy()
    await line.connect("anna", "i1-o1")
    await line.site.inputs(MediaFailed)
    await line.connect("ben", "i1-o2")
    assert (await line.site.inputs(MediaConnected))[0].offer == "i1-o2"
    await line.twilio.until(lambda: line.call.is_bridged_with(BEN), "with the other agent")


async def test_caller_who_hangs_up_while_the_agent_rings_has_left_and_the_ringing_stops(line: Line) -> None:
    phone = line.twilio.phone(ANNA)
    phone.does_not_answer()
    await line.connect()
    await line.twilio.until(lambda: phone.is_ringing, "it rings")
    line.call.hang_up()
    await line.site.inputs(ContactLeft)
    await line.twilio.until(lambda: not phone.is_ringing, "it stops")


async def test_caller_who_hangs_up_in_the_talk_ends_it_for_the_agent(line: Line) -> None:
    phone = await line.bridged()
    line.call.hang_up()
    await line.site.inputs(ContactLeft)
    ended = (await line.site.inputs(MediaEnded))[0]
    assert not ended.is_agent_side
    await line.twilio.until(lambda: phone.call is not None and phone.call.is_over, "the agent's leg is over")


async def test_agent_who_hangs_up_ends_the_talk_and_the_caller_is_let_go_if_nobody_wants_him(line: Line) -> None:
    phone = await line.bridged()
    phone.hang_up()
    assert (await line.site.inputs(MediaEnded))[0].is_agent_side
    await line.twilio.until(lambda: line.call.heard[-1] == "silence", "a moment of silence")
    assert not line.call.is_over
    await line.twilio.advance(5_000)
    await line.twilio.until(lambda: line.call.is_over, "let go")


async def test_caller_whose_agent_was_lost_waits_again(line: Line) -> None:
    phone = await line.bridged()
    phone.hang_up()
    await line.site.inputs(MediaEnded)
    await line.order(ReleaseCall(conversation=line.conversation, interaction=INTERACTION, party="agent"))
    await line.order(QueueCall(conversation=line.conversation, interaction=INTERACTION, queue=QueueId("main")))
    await line.waits_again()
    await line.connect("ben", "i1-o2")
    await line.twilio.until(lambda: line.call.is_bridged_with(BEN), "with the other agent")


async def test_release_hangs_up_on_both(line: Line) -> None:
    phone = await line.bridged()
    await line.order(ReleaseCall(conversation=line.conversation, interaction=INTERACTION))
    await line.twilio.until(lambda: line.call.is_over, "the customer's leg is over")
    await line.twilio.until(lambda: phone.call is not None and phone.call.is_over, "the agent's leg is over")


async def test_transfer_to_another_agent_takes_the_caller_along(line: Line) -> None:
    phone = await line.bridged()
    await line.order(ReleaseCall(conversation=line.conversation, interaction=INTERACTION, party="agent"))
    await line.connect("ben", "i1-o2")
    await line.twilio.until(lambda: line.call.is_bridged_with(BEN), "with the other agent")
    assert phone.call is not None
    assert phone.call.is_over
    assert [each.offer for each in await line.site.inputs(MediaConnected, 2)] == ["i1-o1", "i1-o2"]


async def test_router_takes_the_caller_back_while_the_agent_rings(line: Line) -> None:
    phone = line.twilio.phone(ANNA)
    phone.does_not_answer()
    await line.connect()
    await line.twilio.until(lambda: phone.is_ringing, "it rings")
    await line.order(QueueCall(conversation=line.conversation, interaction=INTERACTION, queue=QueueId("main")))
    await line.waits_again()
    assert not phone.is_ringing
    assert await count(line.site, MediaFailed) == 0


# ---- hold


async def test_held_caller_hears_music_and_comes_back_to_the_same_agent_twice(line: Line) -> None:
    phone = await line.bridged()
    leg = phone.call
    for times in (2, 3):
        await line.order(HoldCall(conversation=line.conversation, interaction=INTERACTION))
        await line.waits_again(times)
        await line.twilio.until(lambda: leg is not None and leg.bridge is None and leg.heard[-1:] == ["silence"], "the agent hears nothing")
        await line.order(ResumeCall(conversation=line.conversation, interaction=INTERACTION))
        await line.twilio.until(lambda: line.call.is_bridged_with(ANNA), "back")
    assert phone.calls == [leg]
    assert await count(line.site, MediaEnded) == 0


async def test_caller_who_hangs_up_on_hold_releases_the_agent(line: Line) -> None:
    phone = await line.bridged()
    await line.order(HoldCall(conversation=line.conversation, interaction=INTERACTION))
    await line.waits_again()
    line.call.hang_up()
    await line.site.inputs(ContactLeft)
    await line.twilio.until(lambda: phone.call is not None and phone.call.is_over, "the agent's leg is over")


async def test_agent_who_hangs_up_on_hold_leaves_the_caller_alone(line: Line) -> None:
    phone = await line.bridged()
    await line.order(HoldCall(conversation=line.conversation, interaction=INTERACTION))
    await line.waits_again()
    phone.hang_up()
    assert (await line.site.inputs(MediaEnded))[0].is_agent_side
    await line.twilio.until(lambda: line.call.heard[-1] == "silence", "a moment of silence")


async def test_talk_resumed_from_hold_ends_for_both_whoever_hangs_up(line: Line) -> None:
    phone = await line.bridged()
    await line.order(HoldCall(conversation=line.conversation, interaction=INTERACTION))
    await line.waits_again()
    await line.order(ResumeCall(conversation=line.conversation, interaction=INTERACTION))
    await line.twilio.until(lambda: line.call.is_bridged_with(ANNA), "back")
    line.call.hang_up()
    await line.site.inputs(ContactLeft)
    await line.twilio.until(lambda: phone.call is not None and phone.call.is_over, "the agent's leg is over")


async def test_agent_who_hangs_up_after_hold_leaves_the_caller_to_the_router(line: Line) -> None:
    phone = await line.bridged()
    await line.order(HoldCall(conversation=line.conversation, interaction=INTERACTION))
    await line.waits_again()
    await line.order(ResumeCall(conversation=line.conversation, interaction=INTERACTION))
    await line.twilio.until(lambda: line.call.is_bridged_with(ANNA), "back")
    phone.hang_up()
    assert (await line.site.inputs(MediaEnded))[0].is_agent_side
    await line.order(QueueCall(conversation=line.conversation, interaction=INTERACTION, queue=QueueId("main")))
    await line.waits_again(3)


async def test_caller_is_sent_outside_blind(line: Line) -> None:
    phone = await line.bridged()
    outside = "+33639980077"
    await line.order(TransferCall(conversation=line.conversation, interaction=INTERACTION, address=outside))
    await line.twilio.until(lambda: line.call.is_bridged_with(outside), "with the outside number")
    assert phone.call is not None
    assert phone.call.is_over
    line.twilio.phone(outside).hang_up()
    await line.twilio.until(lambda: line.call.is_over, "the end")


# ---- an agent calls


def placed(agent: str | None = "anna", address: str | None = CALLER) -> PlaceCall:
    return PlaceCall(
        conversation=ConversationId("cv-out"),
        interaction=INTERACTION,
        agent=AgentId(agent) if agent else None,
        channel_address=ADDRESS.id,
        address=address,
    )


async def test_agents_phone_rings_first_then_the_customers(site: Running, twilio: TwilioDouble) -> None:
    customer = twilio.phone(CALLER)
    customer.does_not_answer()
    await site.decide("t1", placed(), topic=Topic.OUTBOUND_VOICE)
    await twilio.until(lambda: customer.is_ringing, "the customer's phone rings")
    assert customer.call is not None
    assert customer.call.from_ == OURS
    customer.answer()
    await twilio.until(lambda: customer.call is not None and customer.call.is_bridged_with(ANNA), "bridged")
    assert (await site.inputs(MediaConnected)) == [MediaConnected(interaction=INTERACTION, offer=OfferId("i1-o0"))]
    customer.hang_up()
    assert not (await site.inputs(MediaEnded))[0].is_agent_side
    await twilio.until(lambda: all(call.is_over for call in twilio.account.calls.values()), "both legs are over")


@pytest.mark.parametrize(("how", "detail"), [("is_busy", "customer_busy"), ("fails", "customer_unreachable")])
async def test_customer_who_cannot_be_reached_fails_the_call(site: Running, twilio: TwilioDouble, how: str, detail: str) -> None:
    getattr(twilio.phone(CALLER), how)()
    await site.decide("t1", placed(), topic=Topic.OUTBOUND_VOICE)
    assert (await site.inputs(MediaFailed))[0].detail == detail
    await twilio.until(lambda: all(call.is_over for call in twilio.account.calls.values()), "both legs are over")


async def test_agent_who_does_not_pick_up_his_own_call_fails_it(site: Running, twilio: TwilioDouble) -> None:
    phone = twilio.phone(ANNA)
    phone.does_not_answer()
    await site.decide("t1", placed(), topic=Topic.OUTBOUND_VOICE)
    await twilio.until(lambda: phone.is_ringing, "it rings")
    await twilio.advance(26_000)
    assert (await site.inputs(MediaFailed))[0].detail == "agent_no_answer"
    assert twilio.phone(CALLER).calls == []


@pytest.mark.parametrize(
    ("agent", "address", "detail"),
    [("dora", CALLER, "agent_no_endpoint"), ("anna", "12", "no_number"), ("anna", None, "no_number"), (None, CALLER, "not_offered_here")],
)
async def test_call_that_cannot_be_placed_fails_by_name(
    site: Running, twilio: TwilioDouble, agent: str | None, address: str, detail: str
) -> None:
    await site.decide("t1", placed(agent, address), topic=Topic.OUTBOUND_VOICE)
    assert (await site.inputs(MediaFailed))[0].detail == detail
    assert not twilio.account.calls


async def test_test_tenant_calls_nobody(site: Running, twilio: TwilioDouble) -> None:
    await site.configure("t1", replace(tenant_of_test(), is_test=True))
    await site.decide("t1", placed(), topic=Topic.OUTBOUND_VOICE)
    assert (await site.inputs(MediaFailed))[0].detail == "test_tenant"
    assert not twilio.account.calls


async def test_placed_call_can_be_held_and_resumed(site: Running, twilio: TwilioDouble) -> None:
    customer = twilio.phone(CALLER)
    await site.decide("t1", placed(), topic=Topic.OUTBOUND_VOICE)
    await site.inputs(MediaConnected)
    call = customer.call
    assert call is not None
    line = Line(site, twilio, call, ConversationId("cv-out"))
    await line.order(HoldCall(conversation=line.conversation, interaction=INTERACTION))
    await line.waits_again(1)
    await line.order(ResumeCall(conversation=line.conversation, interaction=INTERACTION))
    await twilio.until(lambda: call.is_bridged_with(ANNA), "back")
    assert await count(site, MediaEnded) == 0


# ---- what the router has said to those who wait


async def test_waiting_caller_is_told_where_he_stands_and_the_music_goes_on(line: Line) -> None:
    await line.order(TellPosition(conversation=line.conversation, position=3, wait_p50_ms=100_000, wait_p90_ms=290_000))
    await line.twilio.until(lambda: line.call.has_heard("Vous êtes en position 3. L'attente est de 2 à 5 minutes."), "he is told")
    await line.twilio.advance(10_000)
    await line.waits_again()
    await line.bridged()


async def test_notice_in_the_tenants_words_is_heard_out_before_the_caller_is_let_go(line: Line) -> None:
    await line.order(
        TellNotice(conversation=line.conversation, notice="queue.closed", words={"fr": "Fermé jusqu'à lundi.", "en": "Closed."})
    )
    await line.order(ReleaseCall(conversation=line.conversation, interaction=INTERACTION))
    await line.twilio.until(lambda: line.call.has_heard("Fermé jusqu'à lundi."), "he is told")
    assert not line.call.is_over
    await until_let_go(line)


async def until_let_go(line: Line) -> None:
    """Let time pass second by second: when the order to let him go is carried out, what he is told begins anew."""
    async with asyncio.timeout(10):
        while not line.call.is_over:
            await line.twilio.advance(1_000)
            await asyncio.sleep(0.01)


# ---- recording, supervision


def recordings(line: Line) -> list[str]:
    return [each.status for each in line.twilio.account.recordings.values()]


async def test_talk_is_recorded_paused_and_recorded_on(line: Line) -> None:
    await line.bridged()
    for is_on, then in ((True, ["in-progress"]), (False, ["paused"]), (True, ["in-progress"])):
        await line.order(RecordCall(conversation=line.conversation, interaction=INTERACTION, is_recording=is_on))
        await line.twilio.until(lambda then=then: recordings(line) == then, f"it is {then}")
    assert await count(line.site, CallRefused) == 0


async def test_pause_of_what_is_not_recorded_is_no_trouble(line: Line) -> None:
    await line.bridged()
    await line.order(RecordCall(conversation=line.conversation, interaction=INTERACTION, is_recording=False))
    await line.order(HoldCall(conversation=line.conversation, interaction=INTERACTION))
    await line.waits_again()
    assert (recordings(line), await count(line.site, CallRefused)) == ([], 0)


async def test_recording_that_the_provider_refuses_is_said(line: Line) -> None:
    await line.bridged()
    line.twilio.goes_wrong("POST", "/Recordings.json", status=400, code=21220)
    await line.order(RecordCall(conversation=line.conversation, interaction=INTERACTION, is_recording=True))
    refused = (await line.site.inputs(CallRefused))[0]
    assert (refused.asked, refused.detail) == (CallOrder.RECORD, "provider_21220")


async def test_supervision_is_refused_by_name_and_its_end_says_nothing(line: Line) -> None:
    await line.bridged()
    for mode in ("listen", "end"):
        await line.order(SuperviseCall(conversation=line.conversation, interaction=INTERACTION, agent=AgentId("sam"), mode=mode))
    refused = (await line.site.inputs(CallRefused))[0]
    assert (refused.asked, refused.detail) == (CallOrder.SUPERVISE, "not_offered_here")
    await line.order(HoldCall(conversation=line.conversation, interaction=INTERACTION))
    await line.waits_again()
    assert await count(line.site, CallRefused) == 1


# ---- a customer is called back


def calling_back(line: Line, *, is_agent_first: bool = True, offer: str = "i1-o2", agent: str = "anna") -> PlaceCall:
    """As the router asks: by the conversation, without a number."""
    return PlaceCall(
        conversation=line.conversation,
        interaction=INTERACTION,
        agent=AgentId(agent),
        channel_address=ADDRESS.id,
        is_agent_first=is_agent_first,
        offer=OfferId(offer),
    )


async def hung_up(line: Line) -> Phone:
    """He would rather be called, and has hung up."""
    await line.order(ReleaseCall(conversation=line.conversation, interaction=INTERACTION))
    await line.twilio.until(lambda: line.call.is_over, "he is off the line")
    await line.twilio.settle()
    return line.twilio.phone(CALLER)


@pytest.mark.parametrize("is_agent_first", [True, False])
async def test_customer_is_called_back_by_his_conversation(line: Line, is_agent_first: bool) -> None:
    customer = await hung_up(line)
    await line.order(calling_back(line, is_agent_first=is_agent_first))
    assert (await line.site.inputs(MediaConnected)) == [MediaConnected(interaction=INTERACTION, offer=OfferId("i1-o2"))]
    await line.twilio.until(lambda: customer.call is not None and customer.call.is_bridged_with(ANNA), "they talk")
    assert customer.call is not None
    assert (customer.call.parent is None) is not is_agent_first
    customer.hang_up()
    assert not (await line.site.inputs(MediaEnded))[0].is_agent_side


async def test_customer_is_called_back_days_later(line: Line, clock: ManualClock) -> None:
    contact = (await line.site.inputs(ContactReceived))[0].contact
    created = InteractionCreated(
        interaction=INTERACTION,
        contact=contact,
        enqueued_at=clock.now(),
        change_set=1,
        identify_by=clock.now(),
        conversation=line.conversation,
    )
    await line.site.decide("t1", created)
    await hung_up(line)
    book = ConversationBook(line.site.parts.store, "ingest-voice", (Channel.VOICE,))
    async with asyncio.timeout(10):
        while await book.address_of("t1", line.conversation) is None:  # noqa: ASYNC110  the store tells nobody that it was written
            await asyncio.sleep(0.01)
    clock.advance(48 * 3600 * 1000)
    await line.site.parts.store.tenant("t1").delete(CALLS, line.conversation)
    await line.order(calling_back(line))
    await line.site.inputs(MediaConnected)


@pytest.mark.parametrize(("how", "detail"), [("is_busy", "customer_busy"), ("fails", "customer_unreachable")])
async def test_customer_who_is_called_first_and_not_reached_fails_it_and_rings_no_agent(line: Line, how: str, detail: str) -> None:
    customer = await hung_up(line)
    getattr(customer, how)()
    await line.order(calling_back(line, is_agent_first=False))
    assert (await line.site.inputs(MediaFailed))[0].detail == detail
    assert line.twilio.phone(ANNA).calls == []


async def test_customer_called_first_whose_agent_does_not_pick_up_waits_on_the_line_for_the_next(line: Line) -> None:
    customer = await hung_up(line)
    line.twilio.phone(ANNA).is_busy()
    await line.order(calling_back(line, is_agent_first=False))
    failed = (await line.site.inputs(MediaFailed))[0]
    assert (failed.detail, failed.is_agent_side) == ("agent_busy", True)
    await line.order(calling_back(line, is_agent_first=False, offer="i1-o3", agent="ben"))
    await line.twilio.until(lambda: customer.call is not None and customer.call.is_bridged_with(BEN), "with the next agent")
    assert len(customer.calls) == 1


# ---- when things go wrong


async def test_order_that_comes_twice_rings_once(line: Line) -> None:
    event = ConnectCall(conversation=line.conversation, interaction=INTERACTION, offer=OFFER, agent=AgentId("anna"))
    outgoing = line.site._event("t1", event, Topic.OUTBOUND_VOICE, None)
    for _ in range(3):
        await line.site.parts.bus.publish(outgoing)
    await line.site.inputs(MediaConnected)
    await line.order(HoldCall(conversation=line.conversation, interaction=INTERACTION))
    await line.waits_again()
    assert len(line.twilio.phone(ANNA).calls) == 1
    assert await count(line.site, MediaConnected) == 1


async def test_bridge_whose_answer_was_lost_is_not_asked_for_twice(line: Line, clock: ManualClock) -> None:
    phone = line.twilio.phone(ANNA)
    phone.does_not_answer()
    line.twilio.goes_wrong("POST", f"/Calls/{line.call.sid}.json", kind="unheard")
    await line.connect()
    await line.twilio.until(lambda: phone.is_ringing, "it rings")
    looked = len(line.twilio.rest.requests)
    await until_due(line, clock)
    await line.twilio.until(lambda: len(line.twilio.rest.requests) > looked, "it was looked up")
    phone.answer()
    await line.site.inputs(MediaConnected)
    assert len(phone.calls) == 1


async def test_bridge_that_the_provider_cannot_make_now_is_tried_again(line: Line, clock: ManualClock) -> None:
    line.twilio.goes_wrong("POST", f"/Calls/{line.call.sid}.json", status=503)
    await line.connect()
    await until_due(line, clock)
    await line.site.inputs(MediaConnected)
    assert line.call.is_bridged_with(ANNA)


async def test_leg_that_asks_while_the_next_agent_is_on_his_way_to_it_is_only_kept(line: Line) -> None:
    """The first dialling's end may come late: were it answered with the second agent, he would be dialled twice."""
    phone = line.twilio.phone(ANNA)
    phone.is_busy()
    await line.connect("anna", "i1-o1")
    await line.site.inputs(MediaFailed)
    await line.waits_again()
    asked = next(each for each in reversed(line.twilio.webhooks.requests) if each.params.get("DialCallStatus") == "busy")
    line.twilio.goes_wrong("POST", f"/Calls/{line.call.sid}.json", status=503)
    await line.connect("ben", "i1-o2")
    await line.twilio.until(lambda: line.twilio.rest.faults[0].times == 0, "it goes wrong")
    answer = await line.twilio.webhooks.send(asked.url, asked.params)
    assert ("<Pause" in answer.body, "<Dial" in answer.body) == (True, False)


async def test_bridge_that_the_provider_refuses_fails(line: Line) -> None:
    line.twilio.goes_wrong("POST", f"/Calls/{line.call.sid}.json", status=400, code=21218)
    await line.connect()
    assert (await line.site.inputs(MediaFailed))[0].detail == "provider_21218"
    assert line.call.heard[-1] == f"play: {MUSIC}"


async def test_hang_up_whose_callbacks_were_lost_is_found_by_looking(line: Line, clock: ManualClock) -> None:
    line.twilio.webhooks.drop = {"completed"}
    line.call.hang_up()
    clock.advance(61_000)
    await line.site.inputs(ContactLeft)


async def test_agents_answer_whose_callback_was_lost_is_found_by_looking(line: Line, clock: ManualClock) -> None:
    line.twilio.webhooks.drop = {"in-progress"}
    await line.connect()
    await line.twilio.until(lambda: line.call.is_bridged_with(ANNA), "bridged")
    clock.advance(36_000)
    await line.site.inputs(MediaConnected)


async def test_call_that_ended_while_its_agent_was_being_connected_is_found_at_once(line: Line) -> None:
    line.twilio.webhooks.drop = {"completed"}
    line.call.hang_up()
    await line.connect()
    await line.site.inputs(ContactLeft)


async def test_connect_of_an_unknown_call_fails(site: Running) -> None:
    asked = ConnectCall(conversation=ConversationId("cv-none"), interaction=INTERACTION, offer=OFFER, agent=AgentId("anna"))
    await site.decide("t1", asked, topic=Topic.OUTBOUND_VOICE)
    assert (await site.inputs(MediaFailed))[0].detail == "unknown_call"


async def test_call_goes_on_over_a_restart_of_the_service(tmp_path: Path, twilio: TwilioDouble, clock: ManualClock) -> None:
    async with site_in(tmp_path, twilio, clock) as site:
        await site.configure("t1", tenant_of_test(), ADDRESS, person("anna", ANNA))
        call = await twilio.customer_calls(CALLER, OURS)
        contact = (await site.inputs(ContactReceived))[0].contact
    async with site_in(tmp_path, twilio, clock) as site:
        line = Line(site, twilio, call, contact.conversation or ConversationId(""))
        await line.bridged()
        call.hang_up()
        await site.inputs(ContactLeft)


async def test_agent_who_answers_after_a_restart_is_bridged(tmp_path: Path, twilio: TwilioDouble, clock: ManualClock) -> None:
    phone = twilio.phone(ANNA)
    phone.does_not_answer()
    async with site_in(tmp_path, twilio, clock) as site:
        await site.configure("t1", tenant_of_test(), ADDRESS, person("anna", ANNA))
        call = await twilio.customer_calls(CALLER, OURS)
        contact = (await site.inputs(ContactReceived))[0].contact
        await Line(site, twilio, call, contact.conversation or ConversationId("")).connect()
        await twilio.until(lambda: phone.is_ringing, "it rings")
    async with site_in(tmp_path, twilio, clock) as site:
        phone.answer()
        assert (await site.inputs(MediaConnected)) == [MediaConnected(interaction=INTERACTION, offer=OFFER)]
    assert len(phone.calls) == 1


async def test_several_processes_serve_one_call_and_tell_every_fact_under_one_id(line: Line) -> None:
    phone = line.twilio.phone(ANNA)
    phone.does_not_answer()
    await line.connect()
    await line.twilio.until(lambda: phone.is_ringing, "it rings")
    parts = line.site.parts
    pods = [switchboard_of(parts, line.twilio) for _ in range(4)]
    told = [AgentAnswered(leg=phone.call.sid if phone.call else "", attempt=1), CustomerEnded(outcome=Outcome.HUNG_UP)]
    await asyncio.gather(*(pod.happen("t1", line.conversation, happening) for pod in pods for happening in told))
    ended = await pods[0].get("t1", line.conversation)
    assert ended is not None
    assert (ended.state, ended.owed, ended.pending) == (CallState.ENDED, (), ())
    ids = {record.headers["ce_id"] for record in await read_all(parts.bus, Topic.INPUTS)}
    assert len([id for id in ids if id.endswith("/left")]) == 1
    assert len([id for id in ids if id.endswith("/connected")]) <= 1


def switchboard_of(parts: Parts, twilio: TwilioDouble) -> Switchboard:
    """Another process's switchboard on the same documents."""
    intake = Intake(bus=parts.bus, blobs=parts.blobs, keys=parts.keys, clock=parts.clock, source="ingest-voice")
    links = TwilioLinks(CallbackTokens(parts.keys, "voice"), PUBLIC)
    provider = TwilioCalls(TwilioApi(twilio.url), CredentialBook(parts.secrets, parts.clock), parts.directory, links)
    return Switchboard(CallBook(parts.store, parts.clock), provider, intake, parts.clock)


async def test_bus_away_refuses_a_new_call_with_503(tmp_path: Path, twilio: TwilioDouble, clock: ManualClock) -> None:
    async with site_in(tmp_path, twilio, clock) as site:
        await site.configure("t1", tenant_of_test(), ADDRESS)
        await site.parts.bus.close()
        await twilio.customer_calls(CALLER, OURS)
        answer = twilio.webhooks.requests[-1].answer
        assert (answer.status, answer.retry_after is not None) == (503, True)


async def until_due(line: Line, clock: ManualClock) -> None:
    """Once the document says that something waits for its time, let that time come."""
    async with asyncio.timeout(10):
        while True:
            found = await line.site.parts.store.tenant("t1").get(CALLS, line.conversation)
            if found is not None and found.body.get("pending") and int(str(found.body["due_at"])) - clock.now() <= 2_000:
                clock.advance(2_100)
                return
            await asyncio.sleep(0.01)
