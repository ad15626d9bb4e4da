"""Which interaction first, which agent first: target, priority, class, delay, LIFO, rankings, many to many. routing.md's vectors are here by name."""

from __future__ import annotations

from typing import Any

import pytest
from stories.story import Story

from standardiste.common.events.directory import AgentProfile, Calendar, Limits, Opening, QueuePreference, RelaxationStep
from standardiste.common.events.model import Channel, OrderName, ProfileId, QueueId, RankingName
from standardiste.common.testing.builders import channel_address, needs, person, queue


def one_at_a_time(**fields: object) -> AgentProfile:
    """A profile with room for one e-mail."""
    return AgentProfile(id=ProfileId("main"), change_set=1, units=20, **fields)  # type: ignore[arg-type]


def test_among_equals_first_in_is_first_offered() -> None:
    Story(one_at_a_time()).run("""
           0.0 | a by email, a is cu1             | created a; routed a main; said a; identified a cu1; queued a identified
           1.0 | b by email, b is cu2             | created b; routed b main; said b; identified b cu2; queued b identified
           2.0 | the floor: anna                  | offer a-o1 anna 120s
           3.0 | anna accepts a, anna completes a | accepted a-o1 anna; active a anna; done; anna busy 20; closed a handled; idle anna;
               |                                  | done; offer b-o1 anna 120s; anna offered 20
    """)


def test_one_priority_is_worth_a_minute_of_age() -> None:
    Story(one_at_a_time()).run("""
           0.0 | old by email, old is cu1               | created old; routed old main; said old; identified old cu1;
               |                                        | queued old identified
          59.0 | hot by email at priority 1, hot is cu2 | created hot; routed hot main; said hot; identified hot cu2;
               |                                        | queued hot identified
          60.0 | the floor: anna                        | offer hot-o1 anna 120s
          61.0 | anna accepts hot, anna completes hot   | accepted hot-o1 anna; active hot anna; done; anna busy 20; closed hot handled;
               |                                        | idle anna; done; offer old-o1 anna 120s; anna offered 20
    """)


def test_an_earlier_deadline_wins_across_queues_and_ageing_never_crosses_a_class() -> None:
    Story(
        one_at_a_time(),
        queue("slow", target_ms=3_600_000),
        queue("quick", target_ms=20_000),
        queue("first", strict_class=1, target_ms=7_200_000),
    ).run("""
           0.0 | a by email to slow, a is cu1     | created a; routed a slow; said a; identified a cu1; queued a identified
          10.0 | b by email to quick, b is cu2    | created b; routed b quick; said b; identified b cu2; queued b identified
          20.0 | c by email to first, c is cu3    | created c; routed c first; said c; identified c cu3; queued c identified
          30.0 | the floor: anna                  | offer c-o1 anna 120s
          31.0 | anna accepts c, anna completes c | accepted c-o1 anna; active c anna; done; anna busy 20; closed c handled; idle anna;
               |                                  | done; offer b-o1 anna 120s; anna offered 20
          32.0 | anna accepts b, anna completes b | accepted b-o1 anna; active b anna; done; anna busy 20; closed b handled; idle anna;
               |                                  | done; offer a-o1 anna 120s; anna offered 20
    """)


@pytest.mark.parametrize("says_lifo", [{"is_lifo": True}, {"order": OrderName.LIFO}, {"is_lifo": True, "order": OrderName.LIFO}])
def test_lifo_queue_hands_out_the_youngest(says_lifo: dict[str, Any]) -> None:
    Story(one_at_a_time(), queue("leads", strict_class=1, **says_lifo)).run("""
           0.0 | a by email to leads, a is cu1    | created a; routed a leads; said a; identified a cu1; queued a identified
           1.0 | b by email to leads, b is cu2    | created b; routed b leads; said b; identified b cu2; queued b identified
           2.0 | the floor: anna                  | offer b-o1 anna 120s
           3.0 | anna accepts b, anna completes b | accepted b-o1 anna; active b anna; done; anna busy 20; closed b handled; idle anna;
               |                                  | done; offer a-o1 anna 120s; anna offered 20
    """)


def test_amazon_connect_vector_of_classes_and_delays() -> None:
    """T1(1, 0 s) T2(1, 0) T3(2, 20) T4(3, 80): T4 is taken only if at least 80 s old and T1–T3 hold nothing eligible."""
    preferences = tuple(
        QueuePreference(queue=QueueId(name), strict_class=strict_class, delay_ms=delay_ms)
        for name, strict_class, delay_ms in (("t1", 1, 0), ("t2", 1, 0), ("t3", 2, 20_000), ("t4", 3, 80_000))
    )
    Story(one_at_a_time(queues=preferences), *(queue(name) for name in ("t1", "t2", "t3", "t4"))).run("""
           0.0 | the floor: anna                  |
          10.0 | d by email to t4, d is cu4       | created d; routed d t4; said d; identified d cu4; queued d identified
          70.0 | c by email to t3, c is cu3       | created c; routed c t3; said c; identified c cu3; queued c identified
          89.0 |                                  |
          90.0 | anna accepts c, anna completes c | offer c-o1 anna 120s; anna offered 20; accepted c-o1 anna; active c anna; done;
               |                                  | anna busy 20; closed c handled; idle anna; done; offer d-o1 anna 120s;
               |                                  | anna offered 20
          91.0 | anna accepts d                   | accepted d-o1 anna; active d anna; done; anna busy 20
          92.0 | e by email to t4, e is cu5       | created e; routed e t4; said e; identified e cu5; queued e identified
          92.0 | f by email to t2, f is cu6       | created f; routed f t2; said f; identified f cu6; queued f identified
          92.0 | g by email to t1, g is cu7       | created g; routed g t1; said g; identified g cu7; queued g identified
         180.0 | anna completes d                 | closed d handled; idle anna; done; offer f-o1 anna 120s; anna offered 20
         181.0 | anna accepts f, anna completes f | accepted f-o1 anna; active f anna; done; anna busy 20; closed f handled; idle anna;
               |                                  | done; offer g-o1 anna 120s; anna offered 20
         182.0 | anna accepts g, anna completes g | accepted g-o1 anna; active g anna; done; anna busy 20; closed g handled; idle anna;
               |                                  | done; offer e-o1 anna 120s; anna offered 20
    """)


def test_a_delay_ends_by_its_deadline_without_any_other_event() -> None:
    wish = QueuePreference(queue=QueueId("main"), strict_class=5, delay_ms=20_000)
    Story(one_at_a_time(queues=(wish,))).run("""
           0.0 | the floor: anna      |
           1.0 | a by email, a is cu1 | created a; routed a main; said a; identified a cu1; queued a identified
          20.9 |                      |
          21.0 |                      | offer a-o1 anna 120s; anna offered 20
    """)


def test_longest_idle_goes_first_and_a_decline_does_not_reset_the_clock() -> None:
    Story().run("""
           0.0 | the floor: anna       |
           1.0 | the floor: ben        |
           2.0 | c1 by chat, c1 is cu1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                       | offer c1-o1 anna 30s; anna offered 33
           3.0 | anna declines c1      | declined c1-o1 anna; queued c1 declined; done; offer c1-o2 ben 30s; anna ready 0;
               |                       | ben offered 33
           4.0 | c2 by chat, c2 is cu2 | created c2; routed c2 main; said c2; identified c2 cu2; queued c2 identified;
               |                       | offer c2-o1 anna 30s; anna offered 33
    """)


def test_an_agent_with_work_goes_after_one_who_is_idle() -> None:
    Story().run("""
           0.0 | the floor: anna                        |
           1.0 | c1 by chat, c1 is cu1, anna accepts c1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                        | offer c1-o1 anna 30s; anna offered 33; accepted c1-o1 anna; active c1 anna;
               |                                        | > here is anna; done; anna busy 33
           2.0 | the floor: ben                         |
           3.0 | c2 by chat, c2 is cu2                  | created c2; routed c2 main; said c2; identified c2 cu2; queued c2 identified;
               |                                        | offer c2-o1 ben 30s; ben offered 33
    """)


def test_a_burst_is_spread_and_never_exceeds_caps() -> None:
    """An open peer gave a burst of chats to a single agent with room for four, and never pulled a waiting one when room appeared."""
    Story().run("""
           0.0 | the floor: anna ben                |
           1.0 | c1 by chat, c2 by chat, c3 by chat | created c1; routed c1 main; said c1; created c2; routed c2 main; said c2;
               |                                    | created c3; routed c3 main; said c3
           1.0 | c4 by chat, c5 by chat, c6 by chat | created c4; routed c4 main; said c4; created c5; routed c5 main; said c5;
               |                                    | created c6; routed c6 main; said c6
           1.0 | c7 by chat, c8 by chat             | created c7; routed c7 main; said c7; created c8; routed c8 main; said c8
           1.5 |                                    | queued c1 arrived; offer c1-o1 anna 30s; anna offered 33; queued c2 arrived;
               |                                    | offer c2-o1 ben 30s; ben offered 33; queued c3 arrived; offer c3-o1 anna 30s;
               |                                    | anna offered 66; queued c4 arrived; offer c4-o1 ben 30s; ben offered 66;
               |                                    | queued c5 arrived; offer c5-o1 anna 30s; anna offered 99; queued c6 arrived;
               |                                    | offer c6-o1 ben 30s; ben offered 99; queued c7 arrived; position c7 1;
               |                                    | > position 1; queued c8 arrived; position c8 2; > position 2
           2.0 | anna accepts c1, anna completes c1 | accepted c1-o1 anna; active c1 anna; > here is anna; done; anna busy 99;
               |                                    | wrapping c1; done; anna wrapping 99
           2.0 | anna ends c1                       | closed c1 handled; > ended; idle anna; done; offer c7-o1 anna 30s; anna offered 99
    """)


def test_most_proficient_goes_first() -> None:
    Story(
        queue("main", ranking=RankingName.MOST_PROFICIENT, skills=needs(billing=1, french=1)),
        person("anna", skills=needs(billing=3, french=3)),
        person("ben", skills=needs(billing=5, french=2)),
    ).run("""
           0.0 | the floor: anna       |
           1.0 | the floor: ben        |
           2.0 | c1 by chat, c1 is cu1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                       | offer c1-o1 ben 30s; ben offered 33
    """)


def test_fewest_skills_keeps_generalists_free() -> None:
    Story(
        queue("main", ranking=RankingName.FEWEST_SKILLS, skills=needs(french=1)),
        person("anna", skills=needs(billing=3, french=3)),
        person("ben", skills=needs(french=2)),
    ).run("""
           0.0 | the floor: anna       |
           1.0 | the floor: ben        |
           2.0 | c1 by chat, c1 is cu1 | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                       | offer c1-o1 ben 30s; ben offered 33
    """)


def test_round_robin_takes_turns_whatever_became_of_the_offer() -> None:
    Story(queue("main", ranking=RankingName.ROUND_ROBIN), person("cleo")).run("""
           0.0 | the floor: anna ben cleo           |
           1.0 | c1 by chat, c1 is cu1              | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                    | offer c1-o1 anna 30s; anna offered 33
           2.0 | c2 by chat, c2 is cu2              | created c2; routed c2 main; said c2; identified c2 cu2; queued c2 identified;
               |                                    | offer c2-o1 ben 30s; ben offered 33
           3.0 | anna accepts c1, anna completes c1 | accepted c1-o1 anna; active c1 anna; > here is anna; done; anna busy 33;
               |                                    | wrapping c1; done; anna wrapping 33
           3.0 | anna ends c1                       | closed c1 handled; > ended; idle anna; done; anna ready 0
           4.0 | c3 by chat, c3 is cu3              | created c3; routed c3 main; said c3; identified c3 cu3; queued c3 identified;
               |                                    | offer c3-o1 cleo 30s; cleo offered 33
           5.0 | c4 by chat, c4 is cu4              | created c4; routed c4 main; said c4; identified c4 cu4; queued c4 identified;
               |                                    | offer c4-o1 anna 30s; anna offered 33
    """)


def test_azure_vector_of_least_loaded() -> None:
    """A 3/5 free 5 min, B 3/4 3 min, C 3/5 7 min, D 0/3 2 min → D, C, A, B."""

    def profile(name: str, units: int) -> AgentProfile:
        return AgentProfile(id=ProfileId(name), change_set=1, units=units, cost={Channel.CHAT: 1}, cap={Channel.CHAT: 9})

    def worker(name: str, units: int) -> tuple[object, ...]:
        return profile(f"p{name}", units), person(name, profile=ProfileId(f"p{name}"), queues=(QueueId(f"q{name}"), QueueId("main")))

    parts = [part for name, units in (("a", 5), ("b", 4), ("c", 5), ("d", 3)) for part in worker(name, units)]
    story = Story(*parts, *(queue(f"q{n}") for n in "abcd"), queue("main", ranking=RankingName.LEAST_LOADED))  # type: ignore[arg-type]
    story.run("""
           0.0 | the floor: a b c d                        |
           0.1 | c1 by chat to qc, c1 is cu1, c accepts c1 | created c1; routed c1 qc; said c1; identified c1 cu1; queued c1 identified;
               |                                           | offer c1-o1 c 30s; c offered 1; accepted c1-o1 c; active c1 c; > here is c;
               |                                           | done; c busy 1
           0.1 | c2 by chat to qc, c2 is cu1 in c2         | created c2; routed c2 qc; said c2; identified c2 cu1; queued c2 identified;
               |                                           | offer c2-o1 c 30s; c busy 2
           0.1 | c accepts c2                              | accepted c2-o1 c; active c2 c; > here is c; done
           0.2 | c3 by chat to qc, c3 is cu1 in c3         | created c3; routed c3 qc; said c3; identified c3 cu1; queued c3 identified;
               |                                           | offer c3-o1 c 30s; c busy 3
           0.2 | c accepts c3                              | accepted c3-o1 c; active c3 c; > here is c; done
         120.0 | a1 by chat to qa, a1 is cu2, a accepts a1 | created a1; routed a1 qa; said a1; identified a1 cu2; queued a1 identified;
               |                                           | offer a1-o1 a 30s; a offered 1; accepted a1-o1 a; active a1 a; > here is a;
               |                                           | done; a busy 1
         120.0 | a2 by chat to qa, a2 is cu2 in a2         | created a2; routed a2 qa; said a2; identified a2 cu2; queued a2 identified;
               |                                           | offer a2-o1 a 30s; a busy 2
         120.0 | a accepts a2                              | accepted a2-o1 a; active a2 a; > here is a; done
         120.1 | a3 by chat to qa, a3 is cu2 in a3         | created a3; routed a3 qa; said a3; identified a3 cu2; queued a3 identified;
               |                                           | offer a3-o1 a 30s; a busy 3
         120.1 | a accepts a3                              | accepted a3-o1 a; active a3 a; > here is a; done
         240.0 | b1 by chat to qb, b1 is cu3, b accepts b1 | created b1; routed b1 qb; said b1; identified b1 cu3; queued b1 identified;
               |                                           | offer b1-o1 b 30s; b offered 1; accepted b1-o1 b; active b1 b; > here is b;
               |                                           | done; b busy 1
         240.0 | b2 by chat to qb, b2 is cu3 in b2         | created b2; routed b2 qb; said b2; identified b2 cu3; queued b2 identified;
               |                                           | offer b2-o1 b 30s; b busy 2
         240.0 | b accepts b2                              | accepted b2-o1 b; active b2 b; > here is b; done
         240.1 | b3 by chat to qb, b3 is cu3 in b3         | created b3; routed b3 qb; said b3; identified b3 cu3; queued b3 identified;
               |                                           | offer b3-o1 b 30s; b busy 3
         240.1 | b accepts b3                              | accepted b3-o1 b; active b3 b; > here is b; done
         300.0 | d chooses break, d chooses ready          | status d break chosen; done; d not_ready 0; status d ready chosen; idle d;
               |                                           | done; d ready 0
         420.0 | x1 by chat, x1 is cu9                     | created x1; routed x1 main; said x1; identified x1 cu9;
               |                                           | queued x1 identified; offer x1-o1 d 30s; d offered 1
         420.1 | d declines x1                             | declined x1-o1 d; queued x1 declined; done; offer x1-o2 c 30s; c busy 4;
               |                                           | d ready 0
         420.2 | c declines x1                             | declined x1-o2 c; queued x1 declined; done; offer x1-o3 a 30s; a busy 4;
               |                                           | c busy 3
         420.3 | a declines x1                             | declined x1-o3 a; queued x1 declined; done; offer x1-o4 b 30s; a busy 3;
               |                                           | b busy 4
    """)


def test_broadcast_offers_to_n_and_the_first_accept_wins() -> None:
    Story(queue("main", broadcast_to=2), person("cleo")).run("""
           0.0 | the floor: anna ben cleo |
           1.0 | c1 by chat, c1 is cu1    | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                          | offer c1-o1 anna 30s; offer c1-o2 ben 30s; anna offered 33; ben offered 33
           2.0 | anna declines c1         | declined c1-o1 anna; done; offer c1-o3 cleo 30s; anna ready 0; cleo offered 33
           3.0 | cleo accepts c1          | accepted c1-o3 cleo; withdrawn c1-o2 ben superseded; active c1 cleo; > here is cleo; done;
               |                          | ben ready 0; cleo busy 33
    """)


def test_the_least_head_goes_to_the_best_ranked_and_heads_are_taken_anew() -> None:
    Story(
        one_at_a_time(),
        AgentProfile(id=ProfileId("main"), change_set=1, units=0),
        queue("billing", skills=needs(billing=1)),
        queue("any", ranking=RankingName.FEWEST_SKILLS),
        room=(one_at_a_time(),),
    ).run("""
           0.0 | a by email to any, a is cu1     | created a; routed a any; said a; identified a cu1; queued a identified
           1.0 | b by email to billing, b is cu2 | created b; routed b billing; said b; identified b cu2; queued b identified
           2.0 | the floor: anna ben             |
           3.0 | the set room                    | applied 2; offer a-o1 ben 120s; offer b-o1 anna 120s; anna offered 20; ben offered 20
    """)


def test_pull_only_queue_is_shown_and_never_offered() -> None:
    Story(queue("manual", is_pull_only=True)).run("""
           0.0 | the floor: anna ben              |
           1.0 | m1 by email to manual, m1 is cu1 | created m1; routed m1 manual; said m1; identified m1 cu1; queued m1 identified
           2.0 | anna pulls m1                    | active m1 anna; done; anna busy 20
           3.0 | ben pulls m1                     | no: already_owned
    """)


def test_waiting_visitors_are_told_their_position_under_the_order_really_used() -> None:
    Story(one_at_a_time()).run("""
           0.0 | c1 by chat, c1 is cu1               | created c1; routed c1 main; said c1; identified c1 cu1; queued c1 identified;
               |                                     | position c1 1; > position 1
           1.0 | c2 by chat, c2 is cu2               | created c2; routed c2 main; said c2; identified c2 cu2; queued c2 identified;
               |                                     | position c2 2; > position 2
           2.0 | c3 by chat at priority 1, c3 is cu3 | created c3; routed c3 main; said c3; identified c3 cu3; queued c3 identified;
               |                                     | position c3 1; > position 1
          17.0 |                                     | position c1 2; > position 2; position c2 3; > position 3
          20.0 | c3 is gone                          | closed c3 abandoned; > ended
          40.0 |                                     | position c1 1; > position 1; position c2 2; > position 2
    """)


def test_how_long_it_may_take_is_a_range_from_the_queues_pace_told_on_change_and_scored() -> None:
    story = Story(AgentProfile(id=ProfileId("main"), change_set=1, cap={Channel.CHAT: 1}))
    story.line(0.0, "the floor: anna")
    for number in range(1, 11):
        story.line(0.1 * number, f"c{number} by chat, c{number} is cu{number}")
    for number in range(1, 8):
        story.line(20.0 * number - 15, f"anna accepts c{number}")
        story.line(20.0 * number, f"anna completes c{number}, anna ends c{number}")
    story.run("""
         145.0 | anna accepts c8                                    | accepted c8-o1 anna; told 35s to 80s, waited 39.2s;
               |                                                    | active c8 anna; > here is anna; done; anna busy 33
         146.0 | d1 by chat, d1 is cu11                             | created d1; routed d1 main; said d1; identified d1 cu11;
               |                                                    | queued d1 identified; position d1 3, 55s to 110s;
               |                                                    | > position 3, 55s to 110s
         160.0 | anna completes c8, anna ends c8, anna accepts c9   | position c9 1, 15s to 50s; > position 1, 15s to 50s;
               |                                                    | position c10 2, 35s to 80s; > position 2, 35s to 80s;
               |                                                    | wrapping c8; done; anna wrapping 33; closed c8 handled;
               |                                                    | > ended; idle anna; done; offer c9-o1 anna 30s;
               |                                                    | anna offered 33; accepted c9-o1 anna;
               |                                                    | told 55s to 110s, waited 54.1s; active c9 anna;
               |                                                    | > here is anna; done; anna busy 33
         175.0 | anna completes c9, anna ends c9, anna accepts c10  | position d1 2, 35s to 80s; > position 2, 35s to 80s;
               |                                                    | position c10 1, 15s to 45s; > position 1, 15s to 45s;
               |                                                    | wrapping c9; done; anna wrapping 33; closed c9 handled;
               |                                                    | > ended; idle anna; done; offer c10-o1 anna 30s;
               |                                                    | anna offered 33; accepted c10-o1 anna;
               |                                                    | told 75s to 135s, waited 69s; active c10 anna;
               |                                                    | > here is anna; done; anna busy 33
         195.0 | anna completes c10, anna ends c10, anna accepts d1 | position d1 1, 15s to 45s; > position 1, 15s to 45s;
               |                                                    | wrapping c10; done; anna wrapping 33; closed c10 handled;
               |                                                    | > ended; idle anna; done; offer d1-o1 anna 30s;
               |                                                    | anna offered 33; accepted d1-o1 anna;
               |                                                    | told 55s to 110s, waited 49s; active d1 anna;
               |                                                    | > here is anna; done; anna busy 33
    """)


def test_what_a_visitor_who_gave_up_was_told_is_scored_too() -> None:
    story = Story(AgentProfile(id=ProfileId("main"), change_set=1, cap={Channel.CHAT: 1}))
    story.line(0.0, "the floor: anna")
    for number in range(1, 11):
        story.line(0.1 * number, f"c{number} by chat, c{number} is cu{number}")
    for number in range(1, 8):
        story.line(20.0 * number - 15, f"anna accepts c{number}")
        story.line(20.0 * number, f"anna completes c{number}, anna ends c{number}")
    story.run("""
          141.0 | c9 is gone  | told 55s to 110s, waited 35.1s in vain; closed c9 abandoned; > ended
          300.0 | c10 is gone | position c10 1, 15s to 50s; > position 1, 15s to 50s; expired c8-o1 anna 1; queued c8 expired; offer c10-o1 anna 30s;
                |             | anna offered 33; expired c10-o1 anna 2; queued c10 expired; offer c8-o2 anna 30s; anna offered 33; position c10 1;
                |             | > position 1; expired c8-o2 anna 3; queued c8 expired; status anna away missed; position c8 1; > position 1;
                |             | anna not_ready 0; position c10 2; > position 2; told 75s to 135s, waited 194s in vain; closed c10 abandoned; > ended
    """)


def test_callers_are_told_once_a_minute_where_the_address_announces_it() -> None:
    Story(channel_address(Channel.VOICE, settings={"announces_wait": True})).run("""
            0.0 | v1 by voice, v1 is cu1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified; position v1 1; > position 1
            1.0 | v2 by voice, v2 is cu2 | created v2; routed v2 main; said v2; identified v2 cu2; queued v2 identified; position v2 2; > position 2
            2.0 | v1 hangs up            | closed v1 short_abandoned
           60.0 |                        |
           62.0 |                        | position v2 1; > position 1
    """)


HOURS = Calendar(
    id="day", change_set=1, zone="Europe/Paris", openings=(Opening(weekdays=(1, 2, 3, 4, 5, 6, 7), opens="08:00", closes="23:14"),)
)
"""The story begins at 23:13:20 in Paris: 40 s of opening time are left, the next begins at 31600 s."""


def test_yesterdays_mail_does_not_overtake_this_mornings_calls() -> None:
    """A target in opening time: the mail waited all night and is due at 08:00:20; the call came at 08:00 and is due at 08:00:10."""
    in_opening_time = queue("mail", target_ms=60_000, calendar="day", is_target_in_opening_time=True)
    Story(HOURS, queue("calls", target_ms=10_000), in_opening_time).run("""
            0.0 | m1 by email to mail, m1 is cu1  | created m1; routed m1 mail; said m1; identified m1 cu1; queued m1 identified
        31600.0 | v1 by voice to calls, v1 is cu2 | created v1; routed v1 calls; said v1; identified v1 cu2; queued v1 identified
        31601.0 | the floor: anna                 | offer v1-o1 anna 20s
        31602.0 | anna accepts v1                 | accepted v1-o1 anna; connecting v1 anna; > connect anna; done; anna busy 100
    """)


def test_a_mail_that_takes_over_the_age_of_yesterdays_is_due_in_opening_time_too() -> None:
    """m1 makes m2 a night older, and due at 08:00:20: m3, which came at 08:00:02 and is due at 08:00:12, goes before it."""
    in_opening_time = queue("mail", target_ms=60_000, calendar="day", is_target_in_opening_time=True)
    Story(one_at_a_time(), HOURS, in_opening_time, queue("urgent", target_ms=10_000), queue("manual", is_pull_only=True)).run("""
            0.0 | m1 by email to manual                                | created m1; routed m1 manual; said m1
        31600.0 | the floor: ben, m2 by email to mail, m2 is cu1 in t1 | queued m1 arrived; created m2; routed m2 mail; said m2;
                |                                                      | identified m2 cu1; queued m2 identified; offer m2-o1 ben 120s;
                |                                                      | ben offered 20
        31601.0 | m1 is cu1 in t1, ben chooses break                   | identified m1 cu1; merged m1 into m2; closed m1 merged;
                |                                                      | status ben break chosen; withdrawn m2-o1 ben agent_unavailable;
                |                                                      | queued m2 withdrawn; done; ben not_ready 0
        31602.0 | m3 by email to urgent, m3 is cu3                     | created m3; routed m3 urgent; said m3; identified m3 cu3;
                |                                                      | queued m3 identified
        31603.0 | ben chooses ready                                    | status ben ready chosen; idle ben; done; offer m3-o1 ben 120s;
                |                                                      | ben offered 20
    """)


def test_relaxation_and_limits_of_age_are_in_opening_time_as_the_target() -> None:
    Story(
        HOURS,
        queue(
            "mail",
            calendar="day",
            is_target_in_opening_time=True,
            skills=needs(billing=5),
            relaxation=(RelaxationStep(at_age_ms=45_000, skills=needs(billing=3)),),
            limits=Limits(age_max_ms=60_000, action="message"),
        ),
    ).run("""
            0.0 | m1 by email to mail, m1 is cu1 | created m1; routed m1 mail; said m1; identified m1 cu1; queued m1 identified; unstaffed m1 billing
          100.0 |                                |
        31604.0 |                                |
        31606.0 |                                | relaxed m1 1
        31619.0 |                                |
        31621.0 |                                | overflowed m1 age message; > notice overflow.age
    """)


def test_nobody_there_everybody_busy_and_nobody_with_the_skill_are_three_answers() -> None:
    Story(queue("main", skills=needs(billing=3)), queue("greek", skills=needs(greek=1)), person("anna", skills=needs(billing=3))).run("""
            0.0 | v1 by voice, v1 is cu1           | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified
            1.0 | the floor: ben                   |
            2.0 | ben asks why v1                  | explained waits_before_it:0 skills:1 not_signed_in:1; done
            3.0 | the floor: anna, anna accepts v1 | offer v1-o1 anna 20s; accepted v1-o1 anna; connecting v1 anna; > connect anna; done; anna busy 100
            4.0 | v2 by voice, v2 is cu2           | created v2; routed v2 main; said v2; identified v2 cu2; queued v2 identified
            5.0 | ben asks why v2                  | explained waits_before_it:0 capacity:1 skills:1; done
            6.0 | v3 by voice to greek, v3 is cu3  | created v3; routed v3 greek; said v3; identified v3 cu3; queued v3 identified; unstaffed v3 greek
            7.0 | ben asks why v3                  | explained waits_before_it:0 skills:2; done
    """)
