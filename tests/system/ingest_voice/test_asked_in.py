"""Whoever is asked into a call, over real sockets: he meets the owner while the customer is held, confers, takes over, goes again."""

from __future__ import annotations

import pytest
from system.ingest_voice.line import ANNA, BEN, CALLER, INTERACTION, MUSIC, Line, count, held

from standardiste.common.events.inputs import ContactLeft, MediaConnected, MediaEnded, MediaFailed
from standardiste.common.events.model import AgentId, OfferId
from standardiste.common.events.outbound import ConferenceCall, ConsultCall, HoldCall, ReleaseCall, ResumeCall, SendDigits

ASKED, OUTSIDE = OfferId("i1-o2"), "+33639980077"


async def consult(line: Line, agent: str | None = "ben", address: str | None = None) -> None:
    """As the router asks: the customer on hold, then the second brought in."""
    await held(line)
    asked = AgentId(agent) if agent else None
    await line.order(ConsultCall(conversation=line.conversation, interaction=INTERACTION, agent=asked, address=address, offer=ASKED))


async def order(line: Line, *kinds: type, party: str = "") -> None:
    for kind in kinds:
        more = {"party": party} if kind is ReleaseCall else {}
        await line.order(kind(conversation=line.conversation, interaction=INTERACTION, **more))


async def meet(line: Line, endpoint: str, *others: str) -> None:
    def all_there() -> bool:
        call = line.call if endpoint == CALLER else line.twilio.phone(endpoint).call
        return call is not None and call.meets(*others)

    await line.twilio.until(all_there, f"{endpoint} meets {others}")


async def over(line: Line, endpoint: str) -> None:
    await line.twilio.until(lambda: (call := line.twilio.phone(endpoint).call) is not None and call.is_over, f"{endpoint} is free")


async def back(line: Line, endpoint: str = ANNA) -> None:
    await line.twilio.until(lambda: line.call.is_bridged_with(endpoint), f"the customer talks with {endpoint}")


async def test_second_agent_meets_the_owner_and_goes_again(line: Line) -> None:
    await line.bridged()
    await consult(line)
    await meet(line, ANNA, BEN)
    assert [each.offer for each in await line.site.inputs(MediaConnected, 2)] == ["i1-o1", ASKED]
    assert line.call.heard[-1] == f"play: {MUSIC}"
    await order(line, ReleaseCall, ResumeCall, party="guest")
    await back(line)
    await over(line, BEN)
    assert (await count(line.site, MediaEnded), await count(line.site, MediaFailed)) == (0, 0)


async def test_owner_hands_over_and_the_second_has_the_customer(line: Line) -> None:
    await line.bridged()
    await consult(line)
    await meet(line, ANNA, BEN)
    await order(line, ReleaseCall, ResumeCall, party="agent")
    await back(line, BEN)
    await over(line, ANNA)
    line.twilio.phone(BEN).hang_up()
    assert (await line.site.inputs(MediaEnded))[0].is_agent_side
    assert await count(line.site, MediaEnded) == 1


async def test_three_confer_and_whoever_stays_has_the_customer(line: Line) -> None:
    await line.bridged()
    await consult(line)
    await meet(line, ANNA, BEN)
    await order(line, ConferenceCall, ResumeCall)
    await meet(line, CALLER, ANNA, BEN)
    await order(line, ReleaseCall, party="agent")
    await meet(line, CALLER, BEN)
    await over(line, ANNA)
    await order(line, HoldCall)
    await line.twilio.until(lambda: line.call.conference is None, "held")
    await order(line, ResumeCall)
    await back(line, BEN)
    line.call.hang_up()
    await line.site.inputs(ContactLeft)
    await over(line, BEN)
    assert len(await line.site.inputs(MediaEnded)) == 1


async def test_guest_who_leaves_the_conference_leaves_two(line: Line) -> None:
    await line.bridged()
    await consult(line)
    await meet(line, ANNA, BEN)
    await order(line, ConferenceCall, ResumeCall)
    await meet(line, CALLER, ANNA, BEN)
    await order(line, ReleaseCall, party="guest")
    await meet(line, CALLER, ANNA)
    await over(line, BEN)
    line.call.hang_up()
    await line.site.inputs(ContactLeft)
    await over(line, ANNA)


async def test_number_outside_is_brought_in_and_keeps_the_customer(line: Line) -> None:
    await line.bridged()
    await consult(line, None, OUTSIDE)
    await meet(line, ANNA, OUTSIDE)
    await order(line, ResumeCall)
    await meet(line, CALLER, ANNA, OUTSIDE)
    await order(line, ReleaseCall, party="agent")
    await meet(line, CALLER, OUTSIDE)
    await over(line, ANNA)
    line.twilio.phone(OUTSIDE).hang_up()
    await line.site.inputs(ContactLeft)
    await line.twilio.until(lambda: line.call.is_over, "the customer is let go")


@pytest.mark.parametrize(
    ("agent", "address", "how", "detail"),
    [
        ("ben", None, "is_busy", "agent_busy"),
        ("ben", None, "fails", "agent_unreachable"),
        ("dora", None, "", "agent_no_endpoint"),
        (None, OUTSIDE, "is_busy", "outside_busy"),
        (None, "12", "", "no_number"),
    ],
)
async def test_who_cannot_be_reached_fails_by_name_and_the_customer_comes_back(
    line: Line, agent: str | None, address: str | None, how: str, detail: str
) -> None:
    await line.bridged()
    if how:
        getattr(line.twilio.phone(address or BEN), how)()
    await consult(line, agent, address)
    failed = (await line.site.inputs(MediaFailed))[0]
    assert (failed.offer, failed.detail, failed.is_agent_side) == (ASKED, detail, detail.startswith("agent_"))
    await order(line, ReleaseCall, ResumeCall, party="guest")
    await back(line)


async def test_guest_who_hangs_up_is_told_and_the_customer_comes_back(line: Line) -> None:
    await line.bridged()
    await consult(line)
    await meet(line, ANNA, BEN)
    line.twilio.phone(BEN).hang_up()
    assert (await line.site.inputs(MediaFailed))[0].detail == "agent_hung_up"
    await order(line, ReleaseCall, ResumeCall, party="guest")
    await back(line)


async def test_guest_who_still_rings_is_not_rung_any_more(line: Line) -> None:
    await line.bridged()
    line.twilio.phone(BEN).does_not_answer()
    await consult(line)
    await line.twilio.until(lambda: line.twilio.phone(BEN).is_ringing, "it rings")
    await order(line, ReleaseCall, ResumeCall, party="guest")
    await over(line, BEN)
    await back(line)


@pytest.mark.parametrize("who", [CALLER, ANNA])
async def test_whoever_hangs_up_during_a_consult_ends_it_for_all(line: Line, who: str) -> None:
    await line.bridged()
    await consult(line)
    await meet(line, ANNA, BEN)
    (line.call if who == CALLER else line.twilio.phone(ANNA)).hang_up()
    ended = (await line.site.inputs(MediaEnded))[0]
    assert ended.is_agent_side is (who == ANNA)
    await over(line, BEN)
    await over(line, ANNA)


async def test_keys_reach_the_other_end_and_the_talk_goes_on(line: Line) -> None:
    await line.bridged()
    await line.order(SendDigits(conversation=line.conversation, interaction=INTERACTION, digits="12#"))
    await line.twilio.until(lambda: line.call.has_heard("keys: 12#"), "the keys")
    await line.twilio.advance(1_000)
    await meet(line, CALLER, ANNA)
    assert await count(line.site, MediaEnded) == 0


async def test_keys_during_a_consult_reach_the_number_outside(line: Line) -> None:
    await line.bridged()
    await consult(line, None, OUTSIDE)
    await meet(line, ANNA, OUTSIDE)
    await line.order(SendDigits(conversation=line.conversation, interaction=INTERACTION, digits="1"))
    guest = line.twilio.phone(OUTSIDE).call
    assert guest is not None
    await line.twilio.until(lambda: guest.has_heard("keys: 1"), "the keys")
    await line.twilio.advance(1_000)
    await meet(line, ANNA, OUTSIDE)
    assert not line.call.has_heard("keys")
