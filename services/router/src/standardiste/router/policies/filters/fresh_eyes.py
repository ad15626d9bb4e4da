"""Filter: somebody else than who had it before, for reviews and second opinions."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.common.events.model import AgentId
from standardiste.router.engine.policy import Group
from standardiste.router.engine.state import Interaction


@dataclass(frozen=True, slots=True)
class FreshEyes:
    """
    Refuses an agent who owned the interaction at any time.

    Changes its mind with the interaction's history. Example: a queue for complaints names `fresh_eyes`; whoever hands a case over to it is not given it again.
    """

    name: str = "fresh_eyes"

    def refuses(self, i: Interaction, agent: AgentId, group: Group) -> bool:
        return any(stretch.agent == agent for stretch in i.stretches)
