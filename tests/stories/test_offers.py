"""Offers: accepted, declined, expired, withdrawn; missed; excluded; auto-accepted; media failure. routing.md, "Offers"."""

from __future__ import annotations

from stories.story import Story

from standardiste.common.events.directory import AgentProfile
from standardiste.common.events.model import Channel, ProfileId
from standardiste.common.testing.builders import queue


def test_accepted_offer_makes_the_interaction_active() -> None:
    Story().run("""
           0.0 | the floor: anna    |
           1.0 | c1 by chat         | created c1; routed c1 main; said c1
           1.2 | c1 is cu1          | identified c1 cu1; queued c1 identified; offer c1-o1 anna 30s; anna offered 33
           2.0 | anna accepts c1    | accepted c1-o1 anna; active c1 anna; > here is anna; done; anna busy 33
           3.0 | anna writes c1 oui | message c1-m1 customer; > deliver c1-m1; done
           4.0 | anna completes c1  | wrapping c1; done; anna wrapping 33
           5.0 | anna ends c1       | closed c1 handled; > ended; idle anna; done; anna ready 0
    """)


def test_declined_offer_returns_to_head_of_queue_and_goes_to_another() -> None:
    Story().run("""
           0.0 | the floor: anna ben   |
           1.0 | c1 by chat, c1 is cu1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                       | offer c1-o1 anna 30s; anna offered 33
           5.0 | anna declines c1      | declined c1-o1 anna; queued c1 declined; done; offer c1-o2 ben 30s; anna ready 0;
               |                       | ben offered 33
           6.0 | ben declines c1       | declined c1-o2 ben; queued c1 declined; done; position c1 1; > position 1; ben ready 0
          15.0 |                       | offer c1-o3 anna 30s; anna offered 33
          16.0 |                       |
    """)


def test_the_only_agent_is_asked_again_ten_seconds_after_a_decline() -> None:
    Story().run("""
           0.0 | the floor: anna       |
           1.0 | c1 by chat, c1 is cu1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                       | offer c1-o1 anna 30s; anna offered 33
           5.0 | anna declines c1      | declined c1-o1 anna; queued c1 declined; done; position c1 1; > position 1; anna ready 0
          14.9 |                       |
          15.0 |                       | offer c1-o2 anna 30s; anna offered 33
    """)


def test_missed_call_makes_the_agent_not_ready_and_one_click_returns() -> None:
    Story().run("""
           0.0 | the floor: anna        |
           1.0 | v1 by voice, v1 is cu1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                        | offer v1-o1 anna 20s; anna offered 100
          21.0 |                        | expired v1-o1 anna 1; queued v1 expired; status anna away missed; anna not_ready 0
          22.0 | anna chooses ready     | status anna ready chosen; idle anna; done; anna ready 0
          31.0 |                        | offer v1-o2 anna 20s; anna offered 100
    """)


def test_three_missed_chats_in_a_row_make_not_ready_and_an_accept_counts_anew() -> None:
    Story().run("""
           0.0 | the floor: anna       |
           1.0 | c1 by chat, c1 is cu1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                       | offer c1-o1 anna 30s; anna offered 33
          31.0 |                       | expired c1-o1 anna 1; queued c1 expired; position c1 1; > position 1; anna ready 0
          41.0 |                       | offer c1-o2 anna 30s; anna offered 33
          71.0 |                       | expired c1-o2 anna 2; queued c1 expired; anna ready 0
          81.0 |                       | offer c1-o3 anna 30s; anna offered 33
         111.0 |                       | expired c1-o3 anna 3; queued c1 expired; status anna away missed; anna not_ready 0
    """)


def test_going_not_ready_withdraws_open_offers_at_once() -> None:
    Story().run("""
           0.0 | the floor: anna ben   |
           1.0 | c1 by chat, c1 is cu1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                       | offer c1-o1 anna 30s; anna offered 33
           2.0 | anna chooses break    | status anna break chosen; withdrawn c1-o1 anna agent_unavailable; queued c1 withdrawn; done;
               |                       | offer c1-o2 ben 30s; anna not_ready 0; ben offered 33
           3.0 | anna accepts c1-o1    | no: offer_ended
           4.0 | ben accepts c1        | accepted c1-o2 ben; active c1 ben; > here is ben; done; ben busy 33
    """)


def test_two_accepts_in_the_same_millisecond_give_one_owner() -> None:
    Story(queue("main", broadcast_to=2)).run("""
           0.0 | the floor: anna ben                   |
           1.0 | c1 by chat, c1 is cu1                 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                       | offer c1-o1 anna 30s; offer c1-o2 ben 30s; anna offered 33; ben offered 33
           2.0 | anna accepts c1-o1, ben accepts c1-o2 | accepted c1-o1 anna; withdrawn c1-o2 ben superseded; active c1 anna;
               |                                       | > here is anna; done; anna busy 33; ben ready 0; no: already_owned
           3.0 | anna accepts c1-o1                    | no: offer_ended
    """)


def test_auto_accept_leaves_nothing_to_click() -> None:
    profile = AgentProfile(id=ProfileId("main"), change_set=1, auto_accept=(Channel.CHAT,))
    Story(profile).run("""
           0.0 | the floor: anna       |
           1.0 | c1 by chat, c1 is cu1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                       | offer c1-o1 anna 30s; accepted c1-o1 anna automatically; active c1 anna; > here is anna;
               |                       | anna busy 33
           2.0 | m1 by email           | created m1; routed m1 main; said m1
           2.5 |                       | queued m1 arrived; offer m1-o1 anna 120s; anna busy 53
    """)


def test_voice_connects_and_failed_media_returns_to_the_head_at_its_age() -> None:
    Story().run("""
           0.0 | the floor: anna        |
           1.0 | v1 by voice, v1 is cu1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                        | offer v1-o1 anna 20s; anna offered 100
           2.0 | anna accepts v1        | accepted v1-o1 anna; connecting v1 anna; > connect anna; done; anna busy 100
           3.0 | media of v1 fails      | media failed v1-o1 anna; disowned v1 media_failed; queued v1 media_failed; > music main;
               |                        | anna ready 0
           4.0 | v2 by email, v2 is cu2 | created v2; routed v2 main; said v2; identified v2 cu2; queued v2 identified;
               |                        | offer v2-o1 anna 120s; anna offered 20
           5.0 | anna declines v2       | declined v2-o1 anna; queued v2 declined; done; anna ready 0
          13.0 |                        | offer v1-o2 anna 20s; anna offered 100
          14.0 | anna accepts v1        | accepted v1-o2 anna; connecting v1 anna; > connect anna; done; anna busy 100
          15.0 | media of v1 connects   | active v1 anna
          40.0 | media of v1 ends       | left v1; wrapping v1; anna wrapping 100
          70.0 |                        | closed v1 handled; idle anna; offer v2-o2 anna 120s; anna offered 20
    """)


def test_media_that_never_answers_fails_after_thirty_seconds() -> None:
    Story().run("""
           0.0 | the floor: anna        |
           1.0 | v1 by voice, v1 is cu1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                        | offer v1-o1 anna 20s; anna offered 100
           2.0 | anna accepts v1        | accepted v1-o1 anna; connecting v1 anna; > connect anna; done; anna busy 100
          32.0 |                        | media failed v1-o1 anna; disowned v1 media_failed; queued v1 media_failed; > music main;
               |                        | anna ready 0
    """)


def test_the_same_command_twice_gets_the_same_answer() -> None:
    Story().run("""
           0.0 | the floor: anna         |
           1.0 | c1 by chat, c1 is cu1   | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                         | offer c1-o1 anna 30s; anna offered 33
           2.0 | [k1] anna accepts c1    | accepted c1-o1 anna; active c1 anna; > here is anna; done; anna busy 33
           3.0 | [k1] anna accepts c1    | done
           4.0 | [k2] anna accepts c1-o1 | no: offer_ended
           5.0 | [k2] anna accepts c1-o1 | no: offer_ended
    """)


def test_a_decline_breaks_the_row_of_missed_offers() -> None:
    Story().run("""
           0.0 | the floor: anna       |
           1.0 | c1 by chat, c1 is cu1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified; offer c1-o1 anna 30s;
               |                       | anna offered 33
          31.0 |                       | expired c1-o1 anna 1; queued c1 expired; position c1 1; > position 1; anna ready 0
          71.0 |                       | offer c1-o2 anna 30s; anna offered 33; expired c1-o2 anna 2; queued c1 expired; anna ready 0
          81.5 | anna declines c1      | offer c1-o3 anna 30s; anna offered 33; declined c1-o3 anna; queued c1 declined; done; anna ready 0
         121.6 |                       | offer c1-o4 anna 30s; anna offered 33; expired c1-o4 anna 1; queued c1 expired; anna ready 0
    """)
