"""Filter: every required skill at its level."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.router.engine.policy import Group, Need, Ring


@dataclass(frozen=True, slots=True)
class Skills:
    """
    Refuses a group that lacks one of the ring's skills, or has it below its level (1–5).

    Changes its mind with the group's skills and, as the interaction grows older, with relaxation. Example: billing ≥ 3 refuses billing 2.
    """

    name: str = "skills"

    def refuses(self, need: Need, ring: Ring, group: Group) -> bool:
        return any(group.skills.get(asked.skill, 0) < asked.level for asked in ring.skills)
