"""What comes back, and what must not: its age, its queue, whom it is offered to. routing.md, "Life of an interaction" and "Agents"."""

from __future__ import annotations

import pytest
from stories.story import Story

from standardiste.common.events.directory import AgentProfile, QueuePreference
from standardiste.common.events.model import ProfileId, QueueId, WrapUpMode
from standardiste.common.testing.builders import needs, person, queue


def test_who_keeps_his_age_is_shown_at_once_where_it_is_past_a_profiles_delay() -> None:
    profile = AgentProfile(id=ProfileId("main"), change_set=1, queues=(QueuePreference(queue=QueueId("main"), delay_ms=80_000),))
    Story(profile).run("""
           0.0 | the floor: anna        |
           1.0 | v1 by voice, v1 is cu1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified
          75.0 | v1 hangs up            | closed v1 abandoned
          76.0 | v2 by voice            | created v2; routed v2 main; said v2
          82.0 | v2 is cu1              | queued v2 arrived; identified v2 cu1; linked v2 v1; routed v2 main; queued v2 identified;
               |                        | offer v2-o1 anna 20s; anna offered 100
    """)


def test_a_chat_whose_customer_left_goes_to_nobody_else() -> None:
    """Others offer who is no longer there."""
    Story().run("""
           0.0 | the floor: anna ben                    |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                        | > here is anna; done; anna busy 33
           2.0 | c1 says goodbye                        | left c1
           3.0 | anna transfers c1 to queue main        | no: customer_left
           4.0 | anna closes                            | session s-anna lost
          74.0 |                                        | session s-anna ended lost; status anna away lost; anna offline 33;
               |                                        | closed c1 handled; > ended; idle anna; anna offline 0
    """)


def test_a_customer_who_said_goodbye_and_writes_again_is_back() -> None:
    Story().run("""
           0.0 | the floor: anna                        |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                        | > here is anna; done; anna busy 33
           2.0 | c1 says goodbye, anna writes c1 oui    | left c1; no: customer_left
           3.0 | c2 by chat in c1, anna writes c1 oui   | joined c1; back c1; said c1; message c1-m1 customer; > deliver c1-m1; done
    """)


def test_a_call_that_was_hung_up_goes_to_nobody_else_but_may_be_called_back() -> None:
    Story().run("""
           0.0 | the floor: anna ben sam                 |
           1.0 | v1 by voice, v1 is cu1, anna accepts v1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                                         | offer v1-o1 anna 20s; anna offered 100; accepted v1-o1 anna;
               |                                         | connecting v1 anna; > connect anna; done; anna busy 100
           2.0 | media of v1 connects, anna completes v1 | active v1 anna; > release all; wrapping v1; done; anna wrapping 100
           3.0 | anna transfers v1 to queue main         | no: customer_left
           4.0 | anna transfers v1 to number +33199      | no: customer_left
           5.0 | sam requeues v1                         | no: customer_left
           6.0 | anna will call v1 back at 600           | > release all; disowned v1 callback; idle anna; callback v1; routed v1 main;
               |                                         | queued v1 callback; done; anna ready 0
    """)


def test_a_reply_to_parked_mail_that_is_known_late_keeps_the_age_of_its_arrival() -> None:
    """m2 waits since 1000, though only at 1600 it is known to be of m1: it goes before m3."""
    Story(AgentProfile(id=ProfileId("main"), change_set=1, units=20)).run("""
           0.0 | the floor: anna                               |
           1.0 | m1 by email, m1 is cu1 in t1, anna accepts m1 | created m1; routed m1 main; said m1; identified m1 cu1;
               |                                               | queued m1 identified; offer m1-o1 anna 120s; anna offered 20;
               |                                               | accepted m1-o1 anna; active m1 anna; done; anna busy 20
           2.0 | anna parks m1, anna chooses break             | parked m1; idle anna; done; anna ready 0; status anna break chosen; done;
               |                                               | anna not_ready 0
        1000.0 | m2 by email                                   | created m2; routed m2 main; said m2
        1500.0 | m3 by email, m3 is cu2                        | queued m2 arrived; created m3; routed m3 main; said m3;
               |                                               | identified m3 cu2; queued m3 identified
        1600.0 | m2 is cu1 in t1                               | identified m2 cu1; merged m2 into m1; closed m2 merged; routed m1 main;
               |                                               | queued m1 unparked
        1601.0 | the floor: ben                                | offer m1-o2 ben 120s
    """)


def test_parked_time_is_no_age_of_a_reply_that_was_offered_before_it_was_known() -> None:
    """Nothing is left of the 998 s for which m1 was parked: m3, which came before m2, goes first."""
    Story(AgentProfile(id=ProfileId("main"), change_set=1, units=20)).run("""
           0.0 | the floor: anna                               |
           1.0 | m1 by email, m1 is cu1 in t1, anna accepts m1 | created m1; routed m1 main; said m1; identified m1 cu1;
               |                                               | queued m1 identified; offer m1-o1 anna 120s; anna offered 20;
               |                                               | accepted m1-o1 anna; active m1 anna; done; anna busy 20
           2.0 | anna parks m1, anna chooses break             | parked m1; idle anna; done; anna ready 0; status anna break chosen; done;
               |                                               | anna not_ready 0
           3.0 | the floor: ben                                |
         998.0 | m3 by email, m3 is cu2, ben declines m3       | created m3; routed m3 main; said m3; identified m3 cu2;
               |                                               | queued m3 identified; offer m3-o1 ben 120s; ben offered 20;
               |                                               | declined m3-o1 ben; queued m3 declined; done; ben ready 0
        1000.0 | m2 by email                                   | created m2; routed m2 main; said m2
        1001.0 | m2 is cu1 in t1, ben declines m2              | queued m2 arrived; offer m2-o1 ben 120s; ben offered 20;
               |                                               | identified m2 cu1; merged m1 into m2; closed m1 merged;
               |                                               | declined m2-o1 ben; queued m2 declined; done; ben ready 0
        1008.0 |                                               | offer m3-o2 ben 120s; ben offered 20
    """)


def without_side() -> Story:
    """A centre with a queue that the set "gone" removes."""
    return Story(queue("side", skills=needs(billing=1)), gone=(queue("side", is_archived=True),))


def test_parked_mail_of_a_removed_queue_comes_back_to_the_default_queue_its_agent_first() -> None:
    without_side().run("""
           0.0 | the floor: anna                                 |
           1.0 | m1 by email to side, m1 is cu1, anna accepts m1 | created m1; routed m1 side; said m1; identified m1 cu1;
               |                                                 | queued m1 identified; offer m1-o1 anna 120s; anna offered 20;
               |                                                 | accepted m1-o1 anna; active m1 anna; done; anna busy 20
           2.0 | anna parks m1 until 60                          | parked m1; idle anna; done; anna ready 0
           3.0 | the set gone                                    | applied 2; routed m1 main by queue_removed
          60.0 |                                                 | routed m1 main; queued m1 unparked for anna; offer m1-o2 anna 120s;
               |                                                 | anna offered 20
    """)


def test_what_its_agent_had_while_its_queue_was_removed_waits_in_the_default_queue() -> None:
    without_side().run("""
           0.0 | the floor: anna                                |
           1.0 | c1 by chat to side, c1 is cu1, anna accepts c1 | created c1; routed c1 side; said c1; identified c1 cu1;
               |                                                | queued c1 identified; offer c1-o1 anna 30s; anna offered 33;
               |                                                | accepted c1-o1 anna; active c1 anna; > here is anna; done; anna busy 33
           3.0 | the set gone, anna signs out, the floor: ben   | applied 2; session s-anna ended signed_out; status anna away signed_out;
               |                                                | anna offline 33
          63.0 |                                                | disowned c1 agent_lost; idle anna; routed c1 main by queue_removed;
               |                                                | queued c1 agent_lost; > notice agent_lost.requeued; offer c1-o2 ben 30s;
               |                                                | anna offline 0; ben offered 33
    """)


def test_a_call_whose_media_fails_after_its_queue_was_removed_hears_the_music_of_the_default_queue() -> None:
    without_side().run("""
           0.0 | the floor: anna                                 |
           1.0 | v1 by voice to side, v1 is cu1, anna accepts v1 | created v1; routed v1 side; said v1; identified v1 cu1;
               |                                                 | queued v1 identified; offer v1-o1 anna 20s; anna offered 100;
               |                                                 | accepted v1-o1 anna; connecting v1 anna; > connect anna; done;
               |                                                 | anna busy 100
           2.0 | the set gone                                    | applied 2
           3.0 | media of v1 fails                               | media failed v1-o1 anna; disowned v1 media_failed;
               |                                                 | routed v1 main by queue_removed; queued v1 media_failed; > music main;
               |                                                 | anna ready 0
    """)


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("ben declines a, ben chooses break", "queued a declined"),
        ("ben chooses break", "queued a withdrawn"),
        ("", "queued a expired"),
        ("ben accepts a, media of a fails, ben chooses break", "queued a media_failed"),
        ("ben accepts a, media of a connects, ben signs out, media of a ends for the agent", "queued a agent_lost"),
        ("ben accepts a, media of a connects, ben chooses break, ben transfers a to queue side", "queued a transferred"),
    ],
)
def test_whatever_brings_it_back_the_older_goes_first(way: str, told: str) -> None:
    """Age is never lost: a came at 0, and b, to the queue that a may be transferred to, at 1."""
    story = Story(queue("side"))
    for at, message in ((0.0, "a by voice, a is cu1"), (1.0, "b by voice to side, b is cu2"), (2.0, "the floor: ben")):
        story.line(at, message)
    assert told in story.line(2.0, way) + story.line(22.0, "")
    assert story.line(23.0, "the floor: anna") == ["offer a-o2 anna 20s"]


def test_a_callback_that_an_agent_keeps_for_herself_stays_hers_though_its_queue_was_removed() -> None:
    without_side().run("""
           0.0 | the floor: ben                        |
           1.0 | the floor: anna                       |
           2.0 | v1 by voice to side, v1 is cu1        | created v1; routed v1 side; said v1; identified v1 cu1; queued v1 identified;
               |                                       | offer v1-o1 anna 20s; anna offered 100
           3.0 | anna accepts v1, media of v1 connects | accepted v1-o1 anna; connecting v1 anna; > connect anna; done; anna busy 100;
               |                                       | active v1 anna
           4.0 | the set gone                          | applied 2
           5.0 | anna will call v1 back at 100 herself | > release all; disowned v1 callback; idle anna; callback v1 by anna;
               |                                       | routed v1 main by queue_removed; routed v1 main; queued v1 callback; done;
               |                                       | anna ready 0
         100.0 |                                       | queued v1 callback for anna; offer v1-o2 anna 20s; anna offered 100
    """)


def test_a_mail_that_fails_for_good_two_days_after_its_close_is_work_again_its_sender_first() -> None:
    """The router remembers for a day; the report says whose it was. What the API sent, or went out on an address that is no more, is only told."""
    Story(queue("main", wrap_up=WrapUpMode.NONE)).run("""
           0.0 | the floor: anna                                        |
           1.0 | m1 by email, m1 is cu1, anna accepts m1                | created m1; routed m1 main; said m1; identified m1 cu1;
               |                                                        | queued m1 identified; offer m1-o1 anna 120s; anna offered 20;
               |                                                        | accepted m1-o1 anna; active m1 anna; done; anna busy 20
           2.0 | anna writes m1 oui, anna completes m1, anna signs out  | message m1-m1 customer; > deliver m1-m1; done; closed m1 handled;
               |                                                        | idle anna; done; anna ready 0; session s-anna ended signed_out;
               |                                                        | status anna away signed_out; anna offline 0
           3.0 | g1 falls silent, g2 falls silent                       |
      172800.0 | the floor: anna                                        | gateway g1 lost
      172801.0 | m1-m1 is reported failed as written by anna on email   | failed m1-m1; opened main;
               |                                                        | queued d435862444015bcd251c39f40 requeued for anna;
               |                                                        | offer d435862444015bcd251c39f40-o1 anna 120s; anna offered 20
      172802.0 | m1-m1 is reported failed as written by anna on email   | failed m1-m1
      172803.0 | m9-m1 is reported failed as written by anna on nowhere | failed m9-m1
      172804.0 | m8-m1 is reported failed                               | failed m8-m1
    """)


def both_gone() -> Story:
    """Of a chat, the customer's socket and its agent; ben is free from now on."""
    made = Story(person("ben"))
    made.line(0.0, "the floor: anna")
    made.line(1.0, "c1 by chat, c1 is cu1, anna accepts c1")
    made.line(2.0, "c1 is gone, anna signs out")
    made.line(3.0, "the floor: ben")
    return made


def test_a_chat_whose_customer_is_away_waits_for_him_when_its_agent_is_lost_and_goes_to_nobody() -> None:
    both_gone().run("""
          70.0 |            |
         100.0 | c1 returns | back c1; disowned c1 agent_lost; idle anna; queued c1 agent_lost; > notice agent_lost.requeued; offer c1-o2 ben 30s;
               |            | anna offline 0; ben offered 33
    """)


def test_a_chat_whose_agent_is_lost_and_whose_customer_stays_away_is_closed_after_ten_minutes() -> None:
    both_gone().run("""
         700.0 |  | closed c1 customer_away; > ended; idle anna; anna offline 0
    """)


def test_a_customer_who_writes_when_he_is_back_is_heard_though_his_agent_is_lost() -> None:
    both_gone().run("""
         100.0 | c2 by chat in c1 | joined c1; back c1; said c1; disowned c1 agent_lost; idle anna; queued c1 agent_lost; > notice agent_lost.requeued;
               |                  | offer c1-o2 ben 30s; anna offline 0; ben offered 33
    """)


def test_a_chat_whose_agent_is_lost_ends_when_its_customer_says_goodbye_from_away() -> None:
    both_gone().run("""
         100.0 | c1 says goodbye | left c1; closed c1 handled; > ended; idle anna; anna offline 0
    """)
