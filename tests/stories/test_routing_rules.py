"""From the first rule that matches to the requirement. routing.md, "From contact to requirement"."""

from __future__ import annotations

from stories.story import Story

from standardiste.common.events.directory import Rule, RuleSet
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
