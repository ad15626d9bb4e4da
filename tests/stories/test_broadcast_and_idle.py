"""Broadcasts under interruption and expiry, and when the idle clock starts. routing.md, "Which agent first"."""

from __future__ import annotations

from stories.story import Story

from standardiste.common.events.directory import AgentProfile
from standardiste.common.events.model import Channel, ProfileId, QueueId, RankingName, WrapUpMode
from standardiste.common.testing.builders import needs, person, queue


def test_the_idle_clock_starts_at_the_end_of_wrap_up_and_an_expired_offer_does_not_reset_it() -> None:
    Story(queue("main", wrap_up=WrapUpMode.OPTIONAL)).run("""
           0.0 | the floor: anna                                           |
           1.0 | the floor: ben                                            |
           2.0 | c1 by chat, c1 is cu1, anna accepts c1, anna completes c1 | created c1; routed c1 main; said c1; identified c1 cu1;
               |                                                           | queued c1 identified; offer c1-o1 anna 30s; anna offered 33;
               |                                                           | accepted c1-o1 anna; active c1 anna; > here is anna; done; anna busy 33;
               |                                                           | wrapping c1; done; anna wrapping 33
           3.0 | c2 by chat, c2 is cu2, ben accepts c2                     | created c2; routed c2 main; said c2; identified c2 cu2;
               |                                                           | queued c2 identified; offer c2-o1 ben 30s; ben offered 33;
               |                                                           | accepted c2-o1 ben; active c2 ben; > here is ben; done; ben busy 33
          10.0 | anna ends c1                                              | closed c1 handled; > ended; idle anna; done; anna ready 0
          20.0 | ben completes c2, ben ends c2                             | wrapping c2; done; ben wrapping 33; closed c2 handled; > ended;
               |                                                           | idle ben; done; ben ready 0
          21.0 | c3 by chat, c3 is cu3                                     | created c3; routed c3 main; said c3; identified c3 cu3;
               |                                                           | queued c3 identified; offer c3-o1 anna 30s; anna offered 33
          51.0 |                                                           | expired c3-o1 anna 1; queued c3 expired; offer c3-o2 ben 30s;
               |                                                           | anna ready 0; ben offered 33
          52.0 | ben declines c3                                           | declined c3-o2 ben; queued c3 declined; done; position c3 1;
               |                                                           | > position 1; ben ready 0
          53.0 | c4 by chat, c4 is cu4                                     | created c4; routed c4 main; said c4; identified c4 cu4;
               |                                                           | queued c4 identified; offer c4-o1 anna 30s; anna offered 33
    """)


def test_a_broadcast_offers_to_the_free_first_then_to_those_who_must_be_interrupted_and_interrupts_only_who_accepts() -> None:
    Story(queue("calls", broadcast_to=3), person("cleo")).run("""
           0.0 | the floor: anna ben cleo                        |
           1.0 | m1 by email, m1 is cu1, anna accepts m1         | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified;
               |                                                 | offer m1-o1 anna 120s; anna offered 20; accepted m1-o1 anna; active m1 anna; done;
               |                                                 | anna busy 20
           1.0 | m2 by email, m2 is cu2, ben accepts m2          | created m2; routed m2 main; said m2; identified m2 cu2; queued m2 identified;
               |                                                 | offer m2-o1 ben 120s; ben offered 20; accepted m2-o1 ben; active m2 ben; done;
               |                                                 | ben busy 20
           2.0 | v1 by voice to calls, v1 is cu3                 | created v1; routed v1 calls; said v1; identified v1 cu3; queued v1 identified;
               |                                                 | offer v1-o1 cleo 20s; offer v1-o2 anna 20s interrupting;
               |                                                 | offer v1-o3 ben 20s interrupting; anna busy 120; ben busy 120; cleo offered 100
           3.0 | anna accepts v1                                 | accepted v1-o2 anna; withdrawn v1-o1 cleo superseded;
               |                                                 | withdrawn v1-o3 ben superseded; interrupted m1; connecting v1 anna;
               |                                                 | > connect anna; done; anna busy 100; ben busy 20; cleo ready 0
           4.0 | cleo accepts v1-o1, ben accepts v1-o3           | no: already_owned; no: already_owned
           5.0 | media of v1 connects, v1 hangs up, anna ends v1 | active v1 anna; left v1; wrapping v1; closed v1 handled; done; resumed m1;
               |                                                 | anna busy 20
    """)


def test_a_broadcast_that_two_let_expire_in_one_millisecond_goes_to_the_others() -> None:
    Story(queue("main", broadcast_to=2, offer_timeout_ms=5_000), person("cleo"), person("dora")).run("""
           0.0 | the floor: anna ben cleo dora |
           1.0 | m1 by email, m1 is cu1        | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified; offer m1-o1 anna 5s;
               |                               | offer m1-o2 ben 5s; anna offered 20; ben offered 20
           6.0 |                               | expired m1-o1 anna 1; offer m1-o3 cleo 5s; anna ready 0; cleo offered 20; expired m1-o2 ben 1;
               |                               | offer m1-o4 dora 5s; ben ready 0; dora offered 20
          11.0 |                               | expired m1-o3 cleo 1; cleo ready 0; expired m1-o4 dora 1; queued m1 expired; dora ready 0
          16.0 |                               | offer m1-o5 anna 5s; offer m1-o6 ben 5s; anna offered 20; ben offered 20
    """)


def test_who_passed_yields_to_who_became_free_by_what_was_accepted_in_the_same_breath() -> None:
    """Dan has c1 at once, so ben, whose offer of it is withdrawn, is free and untried: m1 goes to him, not back to anna, who passed on it."""
    one, two = (AgentProfile(id=ProfileId(f"cap{cap}"), change_set=1, cap={Channel.CHAT: cap}) for cap in (1, 2))
    keen = AgentProfile(id=ProfileId("keen"), change_set=1, auto_accept=(Channel.CHAT,))
    people = (
        person("anna", profile=ProfileId("cap2")),
        person("ben", profile=ProfileId("cap1"), skills=needs(french=1)),
        person("dan", profile=ProfileId("keen"), queues=(QueueId("leads"),)),
        person("eve", queues=(QueueId("hot"),)),
    )
    queues = queue("leads", broadcast_to=2, strict_class=1), queue("hot", broadcast_to=2, ranking=RankingName.FEWEST_SKILLS)
    Story(one, two, keen, *people, *queues).run("""
           0.0 | the floor: ben                                    |
           0.5 | y1 by chat to main, y1 is cu1, ben accepts y1     | created y1; routed y1 main; said y1; identified y1 cu1; queued y1 identified;
               |                                                   | offer y1-o1 ben 30s; ben offered 33; accepted y1-o1 ben; active y1 ben;
               |                                                   | > here is ben; done; ben busy 33
           1.0 | the floor: anna eve, m1 by chat to hot, m1 is cu2 | created m1; routed m1 hot; said m1; identified m1 cu2; queued m1 identified;
               |                                                   | offer m1-o1 anna 30s; offer m1-o2 eve 30s; anna offered 33; eve offered 33
           2.0 | anna declines m1                                  | declined m1-o1 anna; done; anna ready 0
           3.0 | x1 by chat to main, x1 is cu3, anna accepts x1    | created x1; routed x1 main; said x1; identified x1 cu3; queued x1 identified;
               |                                                   | offer x1-o1 anna 30s; anna offered 33; accepted x1-o1 anna; active x1 anna;
               |                                                   | > here is anna; done; anna busy 33
           4.0 | c1 by chat to leads, c1 is cu4                    | created c1; routed c1 leads; said c1; identified c1 cu4; queued c1 identified;
               |                                                   | offer c1-o1 anna 30s; anna busy 66
           5.0 | ben completes y1, ben ends y1                     | wrapping y1; done; ben wrapping 33; closed y1 handled; > ended; idle ben; done;
               |                                                   | offer c1-o2 ben 30s; ben offered 33
           6.0 | the floor: dan                                    |
          20.0 | anna declines c1                                  | declined c1-o1 anna; done; offer c1-o3 dan 30s; accepted c1-o3 dan automatically;
               |                                                   | withdrawn c1-o2 ben superseded; active c1 dan; > here is dan; offer m1-o3 ben 30s;
               |                                                   | anna busy 33; dan busy 33
    """)
