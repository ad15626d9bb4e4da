"""Configuration against live work: which open offers a change takes back, and which it leaves. routing.md, "From contact to requirement"."""

from __future__ import annotations

from stories.story import Story

from standardiste.common.events.directory import AgentProfile, QueuePreference, Rule, RuleSet
from standardiste.common.events.model import ProfileId, QueueId
from standardiste.common.testing.builders import person, queue, status


def profile(**fields: object) -> AgentProfile:
    return AgentProfile(id=ProfileId("main"), change_set=1, **fields)  # type: ignore[arg-type]


def test_an_offer_that_may_no_longer_interrupt_is_withdrawn() -> None:
    Story(no=(profile(may_interrupt={}),)).run("""
           0.0 | the floor: anna                         |
           1.0 | m1 by email, m1 is cu1, anna accepts m1 | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified;
               |                                         | offer m1-o1 anna 120s; anna offered 20; accepted m1-o1 anna; active m1 anna;
               |                                         | done; anna busy 20
           2.0 | v1 by voice, v1 is cu2                  | created v1; routed v1 main; said v1; identified v1 cu2; queued v1 identified;
               |                                         | offer v1-o1 anna 20s interrupting; anna busy 120
           3.0 | the set no                              | applied 2; withdrawn v1-o1 anna configuration; queued v1 withdrawn;
               |                                         | anna busy 20
    """)


def test_an_offer_above_a_lowered_label_cap_is_withdrawn() -> None:
    rule = Rule(name="vip", when="contact.attributes.vip == true", queue=QueueId("main"), labels=("vip",))
    Story(RuleSet(id="main", change_set=1, rules=(rule,)), profile(label_cap={"vip": 2}), one=(profile(label_cap={"vip": 1}),)).run("""
           0.0 | the floor: anna                                  |
           1.0 | m1 by email with vip, m1 is cu1, anna accepts m1 | created m1; routed m1 main by vip; said m1; identified m1 cu1;
               |                                                  | queued m1 identified; offer m1-o1 anna 120s; anna offered 20;
               |                                                  | accepted m1-o1 anna; active m1 anna; done; anna busy 20
           2.0 | m2 by email with vip, m2 is cu2                  | created m2; routed m2 main by vip; said m2; identified m2 cu2;
               |                                                  | queued m2 identified; offer m2-o1 anna 120s; anna busy 40
           3.0 | the set one                                      | applied 2; withdrawn m2-o1 anna configuration; queued m2 withdrawn;
               |                                                  | anna busy 20
    """)


def test_an_offer_of_a_queue_that_a_profile_now_sees_later_is_withdrawn_until_then() -> None:
    Story(late=(profile(queues=(QueuePreference(queue=QueueId("main"), delay_ms=60_000),)),)).run("""
           0.0 | the floor: anna        |
           1.0 | m1 by email, m1 is cu1 | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified;
               |                        | offer m1-o1 anna 120s; anna offered 20
           3.0 | the set late           | applied 2; withdrawn m1-o1 anna configuration; queued m1 withdrawn; anna ready 0
          61.0 |                        | offer m1-o2 anna 120s; anna offered 20
    """)


def test_offers_of_a_queue_that_is_now_shown_only_and_to_agents_whose_status_no_longer_counts_are_withdrawn() -> None:
    Story(
        queue("side"),
        status("visiting", is_routable=True),
        shown=(queue("side", is_pull_only=True),),
        gone=(status("visiting", is_archived=True),),
    ).run("""
           0.0 | the floor: anna                               |
           1.0 | m1 by email to side, m1 is cu1, the set shown | created m1; routed m1 side; said m1; identified m1 cu1;
               |                                               | queued m1 identified; offer m1-o1 anna 120s; anna offered 20; applied 2;
               |                                               | withdrawn m1-o1 anna configuration; queued m1 withdrawn; anna ready 0
           2.0 | anna chooses visiting, m2 by email, m2 is cu2 | status anna visiting chosen; done; anna ready 0; created m2; routed m2 main;
               |                                               | said m2; identified m2 cu2; queued m2 identified; offer m2-o1 anna 120s;
               |                                               | anna offered 20
           3.0 | the set gone                                  | applied 3; withdrawn m2-o1 anna configuration; queued m2 withdrawn;
               |                                               | anna not_ready 0
    """)


def test_what_a_supervisor_assigned_and_an_agent_whose_socket_is_away_for_a_moment_are_not_touched_by_another_change() -> None:
    Story(queue("manual", is_pull_only=True), other=(queue("other"),)).run("""
           0.0 | the floor: anna sam                      |
           1.0 | m1 by email to manual, m1 is cu1         | created m1; routed m1 manual; said m1; identified m1 cu1; queued m1 identified
           2.0 | sam assigns m1 to anna                   | offer m1-o1 anna 120s; done; anna offered 20
           3.0 | the set other                            | applied 2
           4.0 | anna closes, the set other               | session s-anna lost; applied 3
           5.0 | anna signs in as s-anna, anna accepts m1 | session s-anna back; snapshot 0+1; accepted m1-o1 anna; active m1 anna;
               |                                          | done; anna busy 20
    """)


def test_who_is_no_agent_any_more_takes_nothing_back_from_parking() -> None:
    Story(gone=(person("anna", is_archived=True),)).run("""
           0.0 | the floor: anna                         |
           1.0 | m1 by email, m1 is cu1, anna accepts m1 | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified;
               |                                         | offer m1-o1 anna 120s; anna offered 20; accepted m1-o1 anna; active m1 anna;
               |                                         | done; anna busy 20
           2.0 | anna parks m1                           | parked m1; idle anna; done; anna ready 0
           3.0 | the set gone                            | applied 2; anna not_ready 0
           4.0 | anna unparks m1                         | no: not_allowed
    """)
