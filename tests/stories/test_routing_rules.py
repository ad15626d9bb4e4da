"""From the first rule that matches to the requirement. routing.md, "From contact to requirement"."""

from __future__ import annotations

from stories.story import Story

from standardiste.common.events.directory import Calendar, Limits, Opening, Rule, RuleSet
from standardiste.common.events.model import AgentId, InteractionId, QueueId
from standardiste.common.testing.builders import needs, person, queue

RULES = RuleSet(
    id="main",
    change_set=1,
    rules=(
        Rule(
            name="bill",
            when='contact.text == "bill"',
            queue=QueueId("billing"),
            skills=needs(french=5),
            priority=3,
            preferred_agent=AgentId("ben"),
            labels=("money",),
        ),
        Rule(name="any", when='contact.text != ""', queue=QueueId("main"), priority=9),
    ),
)
OTHER = RuleSet(id="main", change_set=1, rules=(Rule(name="all", when="true", queue=QueueId("billing")),))


def test_the_first_rule_that_matches_names_queue_skills_priority_preferred_agent_and_labels() -> None:
    story = Story(RULES, queue("billing", skills=needs(billing=1)), person("ben", skills=needs(billing=2, french=5)))
    story.run("""
           0.0 | the floor: anna ben                                 |
           1.0 | v1 by voice saying bill, v1 is cu1, ben declines v1 | created v1; routed v1 billing by bill; said v1; identified v1 cu1;
               |                                                     | queued v1 identified for ben; offer v1-o1 ben 20s; ben offered 100;
               |                                                     | declined v1-o1 ben; preference over v1; queued v1 declined; done;
               |                                                     | offer v1-o2 anna 20s; anna offered 100; ben ready 0
    """)
    asked = story.engine.live.interactions[InteractionId("in_v1")].original
    assert (asked.queue, asked.skills, asked.priority) == ("billing", needs(billing=1, french=5), 3)
    assert (asked.preferred_agent, asked.labels) == ("ben", ("money",))


def test_new_rules_move_nothing_that_waits() -> None:
    Story(RULES, queue("billing"), other=(OTHER,)).run("""
           1.0 | m1 by email saying hello, m1 is cu1 | created m1; routed m1 main by any; said m1; identified m1 cu1; queued m1 identified
           2.0 | m2 by email saying hello            | created m2; routed m2 main by any; said m2
           3.0 | the set other                       | queued m2 arrived; applied 2
           4.0 | m2 is cu2                           | identified m2 cu2
           5.0 | m3 by email saying hello, m3 is cu3 | created m3; routed m3 billing by all; said m3; identified m3 cu3; queued m3 identified
    """)


KNOWN = RuleSet(id="main", change_set=1, rules=(Rule(name="known", when="customer.is_known", queue=QueueId("small")),))
SMALL = queue("small", limits=Limits(length_max=1, action="queue", to_queue=QueueId("main")))


def test_who_is_known_late_is_not_taken_back_from_where_a_supervisor_put_him() -> None:
    Story(KNOWN, SMALL, queue("side")).run("""
           0.0 | sam signs in            | session s-sam; idle sam; sam not_ready 0; snapshot 0+0
           1.0 | m1 by email             | created m1; routed m1 main; said m1
           2.0 | sam requeues m1 to side | queued m1 arrived; routed m1 side by requeued; queued m1 requeued; done
           3.0 | m1 is cu1               | identified m1 cu1
    """)


def test_what_was_transferred_before_its_customer_was_known_stays_where_it_is() -> None:
    Story(KNOWN, SMALL, queue("side")).run("""
           0.0 | the floor: anna                     |
           1.0 | m1 by email                         | created m1; routed m1 main; said m1
           2.0 | anna accepts m1, anna chooses break | queued m1 arrived; offer m1-o1 anna 120s; anna offered 20; accepted m1-o1 anna;
               |                                     | active m1 anna; done; anna busy 20; status anna ready then break chosen; done; anna busy 20
           3.0 | anna transfers m1 to queue side     | transferred m1; disowned m1 transferred; idle anna; status anna break work_ended;
               |                                     | routed m1 side by transfer; queued m1 transferred; done; anna not_ready 0
           4.0 | m1 is cu1 preferring anna           | identified m1 cu1
    """)


def test_a_full_queue_turns_away_who_comes_to_it_by_a_late_identification() -> None:
    Story(KNOWN, SMALL).run("""
           1.0 | m1 by email, m1 is cu1 | created m1; routed m1 main; said m1; identified m1 cu1; routed m1 small by known; queued m1 identified
           2.0 | m2 by email            | created m2; routed m2 main; said m2
           3.0 | m2 is cu2              | queued m2 arrived; identified m2 cu2; routed m2 small by known; queued m2 identified;
               |                        | overflowed m2 length queue; routed m2 main by overflow; queued m2 overflowed
    """)


def test_what_a_full_queue_sent_on_is_not_brought_back_by_a_late_identification() -> None:
    Story(KNOWN, SMALL).run("""
           1.0 | m1 by email, m1 is cu1 | created m1; routed m1 main; said m1; identified m1 cu1; routed m1 small by known; queued m1 identified
           2.0 | m2 by email to small   | created m2; routed m2 small; said m2
           3.0 | m2 is cu2              | queued m2 arrived; overflowed m2 length queue; routed m2 main by overflow; queued m2 overflowed;
               |                        | identified m2 cu2
    """)


def test_a_rule_asks_whether_a_calendar_is_open() -> None:
    every_day = Opening(weekdays=(1, 2, 3, 4, 5, 6, 7), opens="08:00", closes="23:14")
    hours = Calendar(id="day", change_set=1, zone="Europe/Paris", openings=(every_day,))  # the story begins at 23:13:20 in Paris
    by_hours = Rule(name="night", when='contact.channel == "email" && !("day" in calendars.open)', queue=QueueId("night"))
    Story(RuleSet(id="main", change_set=1, rules=(by_hours,)), hours, queue("night")).run("""
          39.9 | m1 by email, m1 is cu1 | created m1; routed m1 main; said m1; identified m1 cu1; queued m1 identified
          40.0 | m2 by email, m2 is cu2 | created m2; routed m2 night by night; said m2; identified m2 cu2; queued m2 identified
          41.0 | m3 by sms, m3 is cu3   | created m3; routed m3 main; said m3; identified m3 cu3; queued m3 identified
    """)
