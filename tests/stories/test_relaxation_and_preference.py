"""Relaxation by age or when nobody untried is left; preferred agents; nobody with the skill. routing.md, "Relaxation" and "Which agent first"."""

from __future__ import annotations

from stories.story import Story

from standardiste.common.events.directory import AgentProfile, RelaxationStep
from standardiste.common.events.model import AgentId, Channel, ProfileId, QueueId, SkillId
from standardiste.common.testing.builders import needs, person, queue


def test_twilio_vector_of_steps() -> None:
    """Steps at 10, 20, 30 s, offer timeout 5 s: offered at 3, expired at 8, step 2 at once; that step ends at age 20, so 12 s remain."""
    steps = (
        RelaxationStep(at_age_ms=10_000, skills=needs(billing=4)),
        RelaxationStep(at_age_ms=20_000, skills=needs(billing=3)),
        RelaxationStep(at_age_ms=30_000, drop=(SkillId("billing"),)),
    )
    Story(
        queue("main", skills=needs(billing=5), offer_timeout_ms=5_000, relaxation=steps),
        person("anna", skills=needs(billing=5)),
        person("cleo", skills=needs(billing=3)),
    ).run("""
           0.0 | m1 by email, m1 is cu1 | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified
           3.0 | the floor: anna        | offer m1-o1 anna 5s
           8.0 |                        | expired m1-o1 anna 1; queued m1 expired; relaxed m1 1; anna ready 0
           9.0 | the floor: cleo        |
          19.9 |                        | offer m1-o2 anna 5s; anna offered 20
          20.0 |                        | relaxed m1 2
    """)


def test_steps_widen_by_age_and_inner_ring_agents_go_first() -> None:
    steps = (
        RelaxationStep(at_age_ms=10_000, skills=needs(billing=2)),
        RelaxationStep(at_age_ms=20_000, queues=(QueueId("sales"),)),
        RelaxationStep(at_age_ms=30_000, agents=(AgentId("eve"),), drop=(SkillId("billing"),)),
    )
    Story(
        queue("main", skills=needs(billing=4), relaxation=steps),
        queue("sales"),
        person("anna", skills=needs(billing=2), queues=(QueueId("main"),)),
        person("cleo", skills=needs(billing=2), queues=(QueueId("sales"),)),
        person("eve", queues=(QueueId("other"),)),
    ).run("""
           0.0 | the floor: anna cleo eve |
           1.0 | m1 by email, m1 is cu1   | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified;
               |                          | unstaffed m1 billing
          11.0 |                          | relaxed m1 1; offer m1-o1 anna 120s; anna offered 20
          12.0 | anna declines m1         | declined m1-o1 anna; queued m1 declined; done; anna ready 0
          21.0 |                          | relaxed m1 2; offer m1-o2 cleo 120s; cleo offered 20
          22.0 | cleo declines m1         | declined m1-o2 cleo; queued m1 declined; done; offer m1-o3 anna 120s; anna offered 20;
               |                          | cleo ready 0
          31.0 |                          | relaxed m1 3
    """)


def test_a_relaxed_priority_moves_it_forward() -> None:
    steps = (RelaxationStep(at_age_ms=10_000, priority=5),)
    Story(queue("main", relaxation=steps)).run("""
           0.0 | m1 by email, m1 is cu1 | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified
          10.0 |                        | relaxed m1 1
    """)


LATE = (RelaxationStep(at_age_ms=100_000, agents=(AgentId("cleo"),)),)
WITH_CLEO_LATE = (queue("main", offer_timeout_ms=5_000, relaxation=LATE), person("cleo", queues=(QueueId("other"),)))


def test_a_step_begins_when_the_last_untried_declines_or_leaves_after_an_offer_expired() -> None:
    Story(*WITH_CLEO_LATE).run("""
           0.0 | the floor: anna ben cleo |
           1.0 | m1 by email, m1 is cu1   | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified; offer m1-o1 anna 5s;
               |                          | anna offered 20
           6.0 |                          | expired m1-o1 anna 1; queued m1 expired; offer m1-o2 ben 5s; anna ready 0; ben offered 20
           7.0 | ben declines m1          | declined m1-o2 ben; queued m1 declined; relaxed m1 1; done; offer m1-o3 cleo 5s; ben ready 0;
               |                          | cleo offered 20
    """)
    Story(*WITH_CLEO_LATE).run("""
           0.0 | the floor: anna ben cleo |
           1.0 | m1 by email, m1 is cu1   | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified; offer m1-o1 anna 5s;
               |                          | anna offered 20
           6.0 |                          | expired m1-o1 anna 1; queued m1 expired; offer m1-o2 ben 5s; anna ready 0; ben offered 20
           7.0 | ben chooses break        | status ben break chosen; withdrawn m1-o2 ben agent_unavailable; queued m1 withdrawn; relaxed m1 1;
               |                          | done; offer m1-o3 cleo 5s; ben not_ready 0; cleo offered 20
    """)


def test_declines_alone_begin_no_step() -> None:
    Story(*WITH_CLEO_LATE).run("""
           0.0 | the floor: anna ben cleo          |
           1.0 | m1 by email, m1 is cu1            | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified;
               |                                   | offer m1-o1 anna 5s; anna offered 20
           2.0 | anna declines m1, ben declines m1 | declined m1-o1 anna; queued m1 declined; done; offer m1-o2 ben 5s; anna ready 0;
               |                                   | ben offered 20; declined m1-o2 ben; queued m1 declined; done; ben ready 0
    """)


def test_what_was_asked_at_first_is_kept_when_the_customer_is_known_after_a_step() -> None:
    """The inner ring stays the inner one: cleo has all that was asked and goes before low, who is idle for longer."""
    steps = (RelaxationStep(at_age_ms=10_000, skills=needs(billing=2)),)
    people = (person("low", skills=needs(billing=2)), person("cleo", skills=needs(billing=5)))
    Story(queue("main", skills=needs(billing=5), relaxation=steps), *people).run("""
           0.0 | m1 by email                                                  | created m1; routed m1 main; said m1
          11.0 | the floor: ben                                               | queued m1 arrived; relaxed m1 1
          12.0 | m1 is cu1 preferring zoe                                     | identified m1 cu1; routed m1 main; relaxed m1 1;
               |                                                              | queued m1 identified
          13.0 | sam signs in, sam assigns m1 to ben by force, the floor: low | session s-sam; idle sam; sam not_ready 0; snapshot 0+0;
               |                                                              | active m1 ben forced; done; ben busy 20
          14.0 | the floor: cleo                                              |
          15.0 | ben requeues m1                                              | disowned m1 requeued; idle ben; queued m1 requeued; done;
               |                                                              | offer m1-o1 cleo 120s; ben ready 0; cleo offered 20
    """)


def test_preferred_agent_is_tried_alone_while_reachable_then_the_pool() -> None:
    Story(queue("main", preferred_hold_ms=15_000)).run("""
           0.0 | the floor: anna ben                     |
           0.5 | v1 by voice, v1 is cu1, anna accepts v1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                                         | offer v1-o1 anna 20s; anna offered 100; accepted v1-o1 anna;
               |                                         | connecting v1 anna; > connect anna; done; anna busy 100
           0.5 | media of v1 connects                    | active v1 anna
           1.0 | v2 by voice, v2 is cu2 preferring anna  | created v2; routed v2 main; said v2; identified v2 cu2; routed v2 main;
               |                                         | queued v2 identified for anna
          15.9 |                                         |
          16.0 |                                         | preference over v2; offer v2-o1 ben 20s; ben offered 100
    """)


def test_preferred_agent_who_becomes_free_gets_it() -> None:
    Story().run("""
           0.0 | the floor: anna ben                     |
           0.5 | v1 by voice, v1 is cu1, anna accepts v1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                                         | offer v1-o1 anna 20s; anna offered 100; accepted v1-o1 anna;
               |                                         | connecting v1 anna; > connect anna; done; anna busy 100
           0.5 | media of v1 connects                    | active v1 anna
           1.0 | v2 by voice, v2 is cu2 preferring anna  | created v2; routed v2 main; said v2; identified v2 cu2; routed v2 main;
               |                                         | queued v2 identified for anna
          10.0 | media of v1 ends, anna ends v1          | left v1; wrapping v1; anna wrapping 100; closed v1 handled; idle anna; done;
               |                                         | offer v2-o1 anna 20s; anna offered 100
    """)


def test_a_decline_ends_the_preference() -> None:
    Story().run("""
           0.0 | the floor: anna ben                   |
           1.0 | v1 by voice, v1 is cu1 preferring ben | created v1; routed v1 main; said v1; identified v1 cu1; routed v1 main;
               |                                       | queued v1 identified for ben; offer v1-o1 ben 20s; ben offered 100
           2.0 | ben declines v1                       | declined v1-o1 ben; preference over v1; queued v1 declined; done;
               |                                       | offer v1-o2 anna 20s; anna offered 100; ben ready 0
    """)


def test_an_unreachable_preferred_agent_is_not_waited_for() -> None:
    Story().run("""
           0.0 | the floor: anna                       |
           1.0 | v1 by voice, v1 is cu1 preferring ben | created v1; routed v1 main; said v1; identified v1 cu1; routed v1 main;
               |                                       | queued v1 identified; offer v1-o1 anna 20s; anna offered 100
    """)


def test_a_preferred_agent_who_leaves_is_no_longer_waited_for() -> None:
    Story().run("""
           0.0 | the floor: ben anna                    |
           0.5 | v1 by voice, v1 is cu1, ben accepts v1 | created v1; routed v1 main; said v1; identified v1 cu1; queued v1 identified;
               |                                        | offer v1-o1 anna 20s; anna offered 100; no: unknown_offer
           0.5 | media of v1 connects                   |
           1.0 | v2 by voice, v2 is cu2 preferring ben  | created v2; routed v2 main; said v2; identified v2 cu2; routed v2 main;
               |                                        | queued v2 identified for ben; offer v2-o1 ben 20s; ben offered 100
           2.0 | ben chooses break                      | status ben break chosen; withdrawn v2-o1 ben agent_unavailable;
               |                                        | queued v2 withdrawn; done; ben not_ready 0
    """)


def test_nobody_with_the_skill_is_said_at_once() -> None:
    Story(queue("swahili", skills=needs(swahili=1)), queue("billing", skills=needs(billing=1))).run("""
           0.0 | m1 by email to swahili, m1 is cu1 | created m1; routed m1 swahili; said m1; identified m1 cu1; queued m1 identified;
               |                                   | unstaffed m1 swahili
           1.0 | m2 by email to billing, m2 is cu2 | created m2; routed m2 billing; said m2; identified m2 cu2; queued m2 identified
    """)


def test_a_step_begins_when_the_last_untried_is_given_something_else() -> None:
    """Anna's mail m1 expires, and what else she was offered goes to ben, who has room for no more: nobody untried is left for m1."""
    hurried = AgentProfile(id=ProfileId("hurried"), change_set=1, missed_other_max=1)
    narrow = AgentProfile(id=ProfileId("narrow"), change_set=1, cap={Channel.EMAIL: 1})
    people = person("anna", profile=ProfileId("hurried")), person("ben", profile=ProfileId("narrow"))
    Story(*WITH_CLEO_LATE, hurried, narrow, *people, queue("first", strict_class=1)).run("""
           0.0 | the floor: anna cleo            |
           1.0 | m1 by email, m1 is cu1          | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified; offer m1-o1 anna 5s;
               |                                 | anna offered 20
           2.0 | m2 by email to first, m2 is cu2 | created m2; routed m2 first; said m2; identified m2 cu2; queued m2 identified; offer m2-o1 anna 120s;
               |                                 | anna offered 40
           3.0 | the floor: ben                  |
           6.0 |                                 | expired m1-o1 anna 1; queued m1 expired; status anna away missed;
               |                                 | withdrawn m2-o1 anna agent_unavailable; queued m2 withdrawn; offer m2-o2 ben 120s; relaxed m1 1;
               |                                 | offer m1-o2 cleo 5s; anna not_ready 0; ben offered 20; cleo offered 20
    """)


def test_no_step_begins_while_it_is_held_for_who_is_preferred() -> None:
    Story(*WITH_CLEO_LATE).run("""
           0.0 | the floor: anna cleo                                                        |
           1.0 | m1 by email, m1 is cu1 preferring ben                                       | created m1; routed m1 main; said m1; identified m1 cu1;
               |                                                                             | routed m1 main; queued m1 identified; offer m1-o1 anna 5s;
               |                                                                             | anna offered 20
           2.0 | the floor: ben                                                              |
           3.0 | v1 by voice, v1 is cu2 preferring ben, ben accepts v1, media of v1 connects | created v1; routed v1 main; said v1; identified v1 cu2;
               |                                                                             | routed v1 main; queued v1 identified for ben;
               |                                                                             | offer v1-o1 ben 5s; ben offered 100; accepted v1-o1 ben;
               |                                                                             | connecting v1 ben; > connect ben; done; ben busy 100;
               |                                                                             | active v1 ben
           6.0 |                                                                             | expired m1-o1 anna 1; queued m1 expired for ben;
               |                                                                             | anna ready 0
          65.9 |                                                                             |
          66.0 |                                                                             | preference over m1; offer m1-o2 anna 5s; anna offered 20
    """)
