"""Many things in one millisecond, a clock that stands still, and one that jumps."""

from __future__ import annotations

from stories.story import Story

from standardiste.common.events.directory import AgentProfile, Limits, RelaxationStep
from standardiste.common.events.model import ProfileId, WrapUpMode
from standardiste.common.testing.builders import queue


def test_messages_of_one_millisecond_are_taken_in_their_order() -> None:
    Story(queue("main", wrap_up=WrapUpMode.NONE)).run("""
           0.0 | the floor: anna                                           |
           0.0 | c1 by chat, c1 is cu1, anna accepts c1, anna completes c1 | created c1; routed c1 main; said c1; identified c1 cu1;
               |                                                           | queued c1 identified; offer c1-o1 anna 30s; anna offered 33;
               |                                                           | accepted c1-o1 anna; active c1 anna; > here is anna; done; anna busy 33;
               |                                                           | closed c1 handled; > ended; idle anna; done; anna ready 0
           0.0 | c2 by chat, c2 is cu1, anna declines c2                   | created c2; routed c2 main; said c2; identified c2 cu1;
               |                                                           | queued c2 identified; offer c2-o1 anna 30s; anna offered 33;
               |                                                           | declined c2-o1 anna; queued c2 declined; done; position c2 1;
               |                                                           | > position 1; anna ready 0
           0.0 | anna chooses break, anna chooses ready                    | status anna break chosen; done; anna not_ready 0;
               |                                                           | status anna ready chosen; idle anna; done; anna ready 0
          10.0 |                                                           | offer c2-o2 anna 30s; anna offered 33
    """)


def test_a_message_during_wrap_up_comes_before_the_end_of_it_and_the_agents_other_offer_expires() -> None:
    """All three at 32.0: the message was written before the deadlines of its millisecond, so the wrap-up does not end; the offer does."""
    Story(queue("main", wrap_up=WrapUpMode.TIMED, wrap_up_ms=20_000)).run("""
           0.0 | the floor: anna                        |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna; > here is anna;
               |                                        | done; anna busy 33
           2.0 | c2 by chat, c2 is cu2                  | created c2; routed c2 main; said c2; identified c2 cu2; queued c2 identified;
               |                                        | offer c2-o1 anna 30s; anna busy 66
          12.0 | anna completes c1                      | wrapping c1; done; anna wrapping 66
          32.0 | c3 by chat in c1                       | joined c1; said c1; reopened c1; anna busy 66; expired c2-o1 anna 1; queued c2 expired;
               |                                        | position c2 1; > position 1; anna busy 33
          33.0 | anna completes c1, anna ends c1        | wrapping c1; done; anna wrapping 33; closed c1 handled; > ended; idle anna; done;
               |                                        | anna ready 0
    """)


def test_everything_due_in_one_millisecond_happens_once_in_the_order_of_ids() -> None:
    """At 31.0 end the wrap-up of c1, the offers of c2 and c3 and the grace of ben; c2, c3 and c4 reach the age of the step and of the limit."""
    Story(
        AgentProfile(id=ProfileId("main"), change_set=1, units=66),
        queue("main", relaxation=(RelaxationStep(at_age_ms=30_000, priority=2),), limits=Limits(age_max_ms=30_000, action="message")),
    ).run("""
           0.0 | the floor: anna ben                          |
           0.5 | c1 by chat, c1 is cu1, anna accepts c1       | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                              | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                              | > here is anna; done; anna busy 33
           1.0 | c2 by chat, c2 is cu2, c3 by chat, c3 is cu3 | created c2; routed c2 main; said c2; identified c2 cu2; queued c2 identified;
               |                                              | offer c2-o1 ben 30s; ben offered 33; created c3; routed c3 main; said c3;
               |                                              | identified c3 cu3; queued c3 identified; offer c3-o1 ben 30s; ben offered 66
           1.0 | c4 by chat, c4 is cu4                        | created c4; routed c4 main; said c4; identified c4 cu4; queued c4 identified;
               |                                              | offer c4-o1 anna 30s; anna busy 66
          16.0 | anna completes c1                            | wrapping c1; done; anna wrapping 66
          21.0 | ben closes                                   | session s-ben lost
          30.9 |                                              |
          31.0 |                                              | session s-ben ended lost; withdrawn c2-o1 ben agent_lost;
               |                                              | queued c2 withdrawn; withdrawn c3-o1 ben agent_lost; queued c3 withdrawn;
               |                                              | status ben away lost; position c2 1; > position 1; position c3 2;
               |                                              | > position 2; ben offline 0; closed c1 handled; > ended; idle anna;
               |                                              | offer c2-o2 anna 30s; anna offered 66; overflowed c2 age message;
               |                                              | > notice overflow.age; relaxed c2 1; overflowed c3 age message;
               |                                              | > notice overflow.age; relaxed c3 1; position c3 1; > position 1;
               |                                              | overflowed c4 age message; > notice overflow.age; relaxed c4 1;
               |                                              | expired c4-o1 anna 1; queued c4 expired; offer c3-o2 anna 30s; position c4 1;
               |                                              | > position 1; anna offered 66
    """)


def test_a_clock_that_jumps_ten_hours_ends_everything_at_its_own_instant() -> None:
    Story().run("""
           0.0 | the floor: anna ben                                                             |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1, m1 by email, m1 is cu2, anna accepts m1 | created c1; routed c1 main; said c1;
               |                                                                                 | identified c1 cu1; queued c1 identified;
               |                                                                                 | offer c1-o1 anna 30s; anna offered 33;
               |                                                                                 | accepted c1-o1 anna; active c1 anna;
               |                                                                                 | > here is anna; done; anna busy 33; created m1;
               |                                                                                 | routed m1 main; said m1; identified m1 cu2;
               |                                                                                 | queued m1 identified; offer m1-o1 ben 120s;
               |                                                                                 | ben offered 20; no: unknown_offer
           2.0 | c2 by chat, c2 is cu3                                                           | created c2; routed c2 main; said c2;
               |                                                                                 | identified c2 cu3; queued c2 identified;
               |                                                                                 | offer c2-o1 ben 30s; ben offered 53
           2.0 | g1 falls silent, g2 falls silent                                                |
        36000.0 |                                                                                 | gateway g1 lost; session s-anna lost;
               |                                                                                 | session s-ben lost; session s-anna ended lost;
               |                                                                                 | status anna away lost; anna offline 33;
               |                                                                                 | session s-ben ended lost;
               |                                                                                 | withdrawn c2-o1 ben agent_lost;
               |                                                                                 | queued c2 withdrawn;
               |                                                                                 | withdrawn m1-o1 ben agent_lost;
               |                                                                                 | queued m1 withdrawn; status ben away lost;
               |                                                                                 | position c2 2; > position 2; ben offline 0;
               |                                                                                 | disowned c1 agent_lost; idle anna;
               |                                                                                 | queued c1 agent_lost;
               |                                                                                 | > notice agent_lost.requeued; position c1 1;
               |                                                                                 | > position 1; anna offline 0; position c2 3;
               |                                                                                 | > position 3
    """)


def test_a_router_that_stood_still_for_ten_hours_takes_nothing_for_missed_and_gives_leases_a_full_grace() -> None:
    Story().run("""
           0.0 | the floor: anna ben                                                            |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1, m1 by email, m1 is cu2, ben accepts m1 | created c1; routed c1 main; said c1;
               |                                                                                | identified c1 cu1; queued c1 identified;
               |                                                                                | offer c1-o1 anna 30s; anna offered 33;
               |                                                                                | accepted c1-o1 anna; active c1 anna;
               |                                                                                | > here is anna; done; anna busy 33; created m1;
               |                                                                                | routed m1 main; said m1; identified m1 cu2;
               |                                                                                | queued m1 identified; offer m1-o1 ben 120s;
               |                                                                                | ben offered 20; accepted m1-o1 ben; active m1 ben;
               |                                                                                | done; ben busy 20
           2.0 | c2 by chat, c2 is cu3                                                          | created c2; routed c2 main; said c2;
               |                                                                                | identified c2 cu3; queued c2 identified;
               |                                                                                | offer c2-o1 anna 30s; anna busy 66
        36000.0 | a restart after 35998 s                                                        | router resumed; withdrawn c2-o1 anna agent_lost;
               |                                                                                | queued c2 withdrawn; offer c2-o2 anna 30s
        36001.0 | g1 beats                                                                       |
        36002.0 |                                                                                |
        36020.0 |                                                                                |
    """)
