"""Units, costs, caps, labels, interruptions. routing.md, "Capacity"."""

from __future__ import annotations

import pytest
from stories.story import Story

from standardiste.common.events.directory import AgentProfile, Rule, RuleSet
from standardiste.common.events.model import Channel, ProfileId, QueueId, WrapUpMode
from standardiste.common.testing.builders import channel_address, person, queue


@pytest.mark.parametrize(
    ("channel", "units", "most", "deadline"),
    [
        ("voice", 100, 1, "20s"),
        ("callback", 100, 1, "20s"),
        ("chat", 33, 3, "30s"),
        ("sms", 25, 4, "60s"),
        ("social", 25, 4, "60s"),
        ("email", 20, 5, "120s"),
        ("other", 50, 2, "120s"),
    ],
)
def test_what_each_channel_costs_how_many_at_once_and_how_long_it_is_offered(channel: str, units: int, most: int, deadline: str) -> None:
    story = Story()
    story.line(0.0, "the floor: anna")
    for number in range(1, most + 1):
        said = story.line(1.0, f"x{number} by {channel}, x{number} is cu{number}")
        assert f"offer x{number}-o1 anna {deadline}" in said
        assert said[-1] == f"anna offered {number * units}"
    assert not [each for each in story.line(1.0, f"y by {channel}, y is cu") if each.startswith("offer")]


INTERRUPT, INTERRUPTED = {"voice", "callback", "chat"}, {"email", "other"}


@pytest.mark.parametrize("over", list(Channel))
@pytest.mark.parametrize("under", list(Channel))
def test_calls_callbacks_and_chats_interrupt_mail_and_other_work_and_nothing_else_does(over: str, under: str) -> None:
    story = Story(
        AgentProfile(id=ProfileId("main"), change_set=1, units=100, cost=dict.fromkeys(Channel, 100), cap=dict.fromkeys(Channel, 9))
    )
    story.line(0.0, "the floor: anna")
    story.line(1.0, f"u by {under}, u is cu1, anna accepts u")
    if under in ("voice", "callback"):
        story.line(1.5, "media of u connects")
    offered = [each for each in story.line(2.0, f"o by {over}, o is cu2") if each.startswith("offer")]
    assert bool(offered) == (over in INTERRUPT and under in INTERRUPTED)


def test_caps_hold_whatever_the_units() -> None:
    profile = AgentProfile(id=ProfileId("main"), change_set=1, units=1_000, cap={Channel.CHAT: 2})
    Story(profile).run("""
           0.0 | the floor: anna        |
           1.0 | c1 by chat, c1 is cu1  | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                        | offer c1-o1 anna 30s; anna offered 33
           2.0 | c2 by chat, c2 is cu2  | created c2; routed c2 main; said c2; identified c2 cu2; queued c2 identified;
               |                        | offer c2-o1 anna 30s; anna offered 66
           3.0 | c3 by chat, c3 is cu3  | created c3; routed c3 main; said c3; identified c3 cu3; queued c3 identified; position c3 1;
               |                        | > position 1
           4.0 | v1 by voice, v1 is cu4 | created v1; routed v1 main; said v1; identified v1 cu4; queued v1 identified;
               |                        | offer v1-o1 anna 20s; anna offered 166
    """)


def test_capacity_is_held_to_the_end_of_wrap_up() -> None:
    Story().run("""
           0.0 | the floor: anna                       |
           1.0 | v1 by voice, v1 is cu1                | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                                       | offer v1-o1 anna 20s; anna offered 100
           2.0 | anna accepts v1, media of v1 connects | accepted v1-o1 anna; connecting v1 anna; > connect anna; done; anna busy 100;
               |                                       | active v1 anna
           3.0 | v2 by voice, v2 is cu2                | created v2; routed v2 main; said v2; identified v2 cu2; queued v2 identified
           4.0 | v1 hangs up                           | left v1; wrapping v1; anna wrapping 100
          34.0 |                                       | closed v1 handled; idle anna; offer v2-o1 anna 20s; anna offered 100
    """)


def test_a_call_interrupts_mail_at_the_accept_and_the_mail_goes_on_after_it() -> None:
    Story().run("""
           0.0 | the floor: anna                         |
           1.0 | m1 by email, m1 is cu1, anna accepts m1 | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified;
               |                                         | offer m1-o1 anna 120s; anna offered 20; accepted m1-o1 anna; active m1 anna;
               |                                         | done; anna busy 20
           2.0 | m2 by email, m2 is cu2, anna accepts m2 | created m2; routed m2 main; said m2; identified m2 cu2; queued m2 identified;
               |                                         | offer m2-o1 anna 120s; anna busy 40; accepted m2-o1 anna; active m2 anna;
               |                                         | done
           3.0 | v1 by voice, v1 is cu3                  | created v1; routed v1 main; said v1; identified v1 cu3; queued v1 identified;
               |                                         | offer v1-o1 anna 20s interrupting; anna busy 140
           4.0 | anna accepts v1                         | accepted v1-o1 anna; interrupted m2; interrupted m1; connecting v1 anna;
               |                                         | > connect anna; done; anna busy 100
           5.0 | anna resumes m1                         | no: over_capacity
           6.0 | media of v1 connects                    | active v1 anna
           7.0 | m3 by email, m3 is cu4                  | created m3; routed m3 main; said m3; identified m3 cu4; queued m3 identified
          60.0 | v1 hangs up                             | left v1; wrapping v1
          61.0 | anna ends v1                            | closed v1 handled; done; resumed m1; resumed m2; offer m3-o1 anna 120s;
               |                                         | anna busy 60
    """)


def test_an_agent_with_free_room_goes_before_one_who_must_be_interrupted() -> None:
    Story().run("""
           0.0 | the floor: anna                         |
           1.0 | m1 by email, m1 is cu1, anna accepts m1 | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified;
               |                                         | offer m1-o1 anna 120s; anna offered 20; accepted m1-o1 anna; active m1 anna;
               |                                         | done; anna busy 20
           2.0 | the floor: ben                          |
           3.0 | v1 by voice, v1 is cu2                  | created v1; routed v1 main; said v1; identified v1 cu2; queued v1 identified;
               |                                         | offer v1-o1 ben 20s; ben offered 100
    """)


def test_only_as_much_is_interrupted_as_is_needed_last_begun_first() -> None:
    Story().run("""
           0.0 | the floor: anna                         |
           1.0 | m1 by email, m1 is cu1, anna accepts m1 | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified;
               |                                         | offer m1-o1 anna 120s; anna offered 20; accepted m1-o1 anna; active m1 anna;
               |                                         | done; anna busy 20
           1.1 | m2 by email, m2 is cu2, anna accepts m2 | created m2; routed m2 main; said m2; identified m2 cu2; queued m2 identified;
               |                                         | offer m2-o1 anna 120s; anna busy 40; accepted m2-o1 anna; active m2 anna;
               |                                         | done
           1.2 | m3 by email, m3 is cu3, anna accepts m3 | created m3; routed m3 main; said m3; identified m3 cu3; queued m3 identified;
               |                                         | offer m3-o1 anna 120s; anna busy 60; accepted m3-o1 anna; active m3 anna;
               |                                         | done
           1.3 | m4 by email, m4 is cu4, anna accepts m4 | created m4; routed m4 main; said m4; identified m4 cu4; queued m4 identified;
               |                                         | offer m4-o1 anna 120s; anna busy 80; accepted m4-o1 anna; active m4 anna;
               |                                         | done
           1.4 | m5 by email, m5 is cu5, anna accepts m5 | created m5; routed m5 main; said m5; identified m5 cu5; queued m5 identified;
               |                                         | offer m5-o1 anna 120s; anna busy 100; accepted m5-o1 anna; active m5 anna;
               |                                         | done
           2.0 | c1 by chat, c1 is cu6                   | created c1; routed c1 main; said c1; identified c1 cu6; queued c1 identified;
               |                                         | offer c1-o1 anna 30s interrupting; anna busy 133
           3.0 | anna accepts c1                         | accepted c1-o1 anna; interrupted m5; interrupted m4; active c1 anna;
               |                                         | > here is anna; done; anna busy 93
           9.0 | anna completes c1, anna ends c1         | wrapping c1; done; closed c1 handled; > ended; done; resumed m4; resumed m5;
               |                                         | anna busy 100
    """)


def test_an_offer_that_can_no_longer_interrupt_is_taken_back() -> None:
    Story(queue("main", wrap_up=WrapUpMode.OPTIONAL)).run("""
           0.0 | the floor: anna                         |
           1.0 | m1 by other, m1 is cu1, anna accepts m1 | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified;
               |                                         | offer m1-o1 anna 120s; anna offered 50; accepted m1-o1 anna; active m1 anna;
               |                                         | done; anna busy 50
           2.0 | v1 by voice, v1 is cu2                  | created v1; routed v1 main; said v1; identified v1 cu2; queued v1 identified;
               |                                         | offer v1-o1 anna 20s interrupting; anna busy 150
           4.0 | anna completes m1                       | wrapping m1; done; withdrawn v1-o1 anna agent_unavailable;
               |                                         | queued v1 withdrawn; anna wrapping 50
    """)


def test_a_label_has_its_cap() -> None:
    profile = AgentProfile(id=ProfileId("main"), change_set=1, label_cap={"vip": 1})
    rules = RuleSet(
        id="main", change_set=1, rules=(Rule(name="vip", when='"vip" in contact.attributes', queue=QueueId("main"), labels=("vip",)),)
    )
    Story(profile, rules).run("""
           0.0 | the floor: anna                |
           1.0 | c1 by chat with vip, c1 is cu1 | created c1; routed c1 main by vip; said c1; identified c1 cu1; queued c1 identified;
               |                                | offer c1-o1 anna 30s; anna offered 33
           2.0 | c2 by chat with vip, c2 is cu2 | created c2; routed c2 main by vip; said c2; identified c2 cu2; queued c2 identified;
               |                                | position c2 1; > position 1
           3.0 | c3 by chat, c3 is cu3          | created c3; routed c3 main; said c3; identified c3 cu3; queued c3 identified;
               |                                | offer c3-o1 anna 30s; anna offered 66
    """)


def test_a_channel_address_may_have_a_cost_of_its_own() -> None:
    Story(channel_address(Channel.CHAT, cost=60)).run("""
           0.0 | the floor: anna       |
           1.0 | c1 by chat, c1 is cu1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                       | offer c1-o1 anna 30s; anna offered 60
           2.0 | c2 by chat, c2 is cu2 | created c2; routed c2 main; said c2; identified c2 cu2; queued c2 identified; position c2 1;
               |                       | > position 1
    """)


def test_owned_work_stays_above_a_lowered_capacity_and_an_offer_that_no_longer_passes_is_withdrawn() -> None:
    Story(lower=(AgentProfile(id=ProfileId("main"), change_set=1, units=40),)).run("""
           0.0 | the floor: anna ben                    |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                        | > here is anna; done; anna busy 33
           1.1 | c2 by chat, c2 is cu2, ben accepts c2  | created c2; routed c2 main; said c2; identified c2 cu2; queued c2 identified;
               |                                        | offer c2-o1 ben 30s; ben offered 33; accepted c2-o1 ben; active c2 ben;
               |                                        | > here is ben; done; ben busy 33
           2.0 | c3 by chat, c3 is cu3                  | created c3; routed c3 main; said c3; identified c3 cu3; queued c3 identified;
               |                                        | offer c3-o1 anna 30s; anna busy 66
           3.0 | the set lower                          | applied 2; withdrawn c3-o1 anna configuration; queued c3 withdrawn;
               |                                        | position c3 1; > position 1; anna busy 33; ben busy 33
           4.0 | ben completes c2, ben ends c2          | wrapping c2; done; ben wrapping 33; closed c2 handled; > ended; idle ben; done;
               |                                        | offer c3-o2 ben 30s; ben offered 33
    """)


def test_a_supervisor_may_force_above_capacity_and_it_is_marked() -> None:
    Story().run("""
           0.0 | the floor: anna sam                     |
           1.0 | v1 by voice, v1 is cu1, anna accepts v1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                                         | offer v1-o1 anna 20s; anna offered 100; accepted v1-o1 anna;
               |                                         | connecting v1 anna; > connect anna; done; anna busy 100
           1.5 | sam chooses break                       | status sam break chosen; done; sam not_ready 0
           2.0 | c1 by chat, c1 is cu2                   | created c1; routed c1 main; said c1; identified c1 cu2; queued c1 identified;
               |                                         | position c1 1; > position 1
           3.0 | sam assigns c1 to anna                  | no: agent_full
           4.0 | sam assigns c1 to anna by force         | active c1 anna forced; > here is anna; done; anna busy 133
           5.0 | ben assigns c1 to anna by force         | no: no_session
    """)


def test_a_bot_has_many_seats() -> None:
    Story(person("robo", is_bot=True, seats=3), queue("people", filters=("no_bots",))).run("""
           0.0 | the floor: robo                        |
           1.0 | c1 by chat, c1 is cu1, robo accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 robo 30s; robo offered 33; accepted c1-o1 robo; active c1 robo;
               |                                        | > here is robo; done; robo busy 33
           1.1 | c2 by chat, c2 is cu2, robo accepts c2 | created c2; routed c2 main; said c2; identified c2 cu2; queued c2 identified;
               |                                        | offer c2-o1 robo 30s; robo busy 66; accepted c2-o1 robo; active c2 robo;
               |                                        | > here is robo; done
           1.2 | c3 by chat, c3 is cu3, robo accepts c3 | created c3; routed c3 main; said c3; identified c3 cu3; queued c3 identified;
               |                                        | offer c3-o1 robo 30s; robo busy 99; accepted c3-o1 robo; active c3 robo;
               |                                        | > here is robo; done
           1.3 | c4 by chat, c4 is cu4, robo accepts c4 | created c4; routed c4 main; said c4; identified c4 cu4; queued c4 identified;
               |                                        | offer c4-o1 robo 30s; robo busy 132; accepted c4-o1 robo; active c4 robo;
               |                                        | > here is robo; done
           2.0 | c5 by chat to people, c5 is cu5        | created c5; routed c5 people; said c5; identified c5 cu5; queued c5 identified;
               |                                        | position c5 1; > position 1
           3.0 | robo transfers c1 to queue people      | transferred c1; disowned c1 transferred; routed c1 people by transfer;
               |                                        | queued c1 transferred; done; position c1 1; > position 1; robo busy 99
    """)


def test_who_accepts_of_itself_is_given_the_next_as_often_as_it_is_free() -> None:
    """A seat that is full between two matches is as free after the second as it was before the first, and what waits is not forgotten for that."""
    profile = AgentProfile(id=ProfileId("main"), change_set=1, units=25, auto_accept=(Channel.SMS,))
    Story(profile, queue("main", wrap_up=WrapUpMode.NONE)).run("""
           0.0 | the floor: anna      |
           1.0 | s1 by sms, s1 is cu1 | created s1; routed s1 main; said s1; identified s1 cu1; queued s1 identified;
               |                      | offer s1-o1 anna 60s; accepted s1-o1 anna automatically; active s1 anna; anna busy 25
           2.0 | s2 by sms, s2 is cu2 | created s2; routed s2 main; said s2; identified s2 cu2; queued s2 identified
           3.0 | s3 by sms, s3 is cu3 | created s3; routed s3 main; said s3; identified s3 cu3; queued s3 identified
           4.0 | s4 by sms, s4 is cu4 | created s4; routed s4 main; said s4; identified s4 cu4; queued s4 identified
          10.0 | anna completes s1    | closed s1 handled; idle anna; done; offer s2-o1 anna 60s; accepted s2-o1 anna automatically;
               |                      | active s2 anna
          20.0 | anna completes s2    | closed s2 handled; idle anna; done; offer s3-o1 anna 60s; accepted s3-o1 anna automatically;
               |                      | active s3 anna
          30.0 | anna completes s3    | closed s3 handled; idle anna; done; offer s4-o1 anna 60s; accepted s4-o1 anna automatically;
               |                      | active s4 anna
    """)
