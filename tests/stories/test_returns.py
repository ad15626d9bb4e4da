"""What comes back, and what must not: its age, its queue, whom it is offered to. routing.md, "Life of an interaction" and "Agents"."""

from __future__ import annotations

from stories.story import Story

from standardiste.common.events.directory import AgentProfile, QueuePreference
from standardiste.common.events.model import ProfileId, QueueId


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
