"""Filter: agents serve the queues they are given; without a list, all."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.router.engine.policy import Group, Need, Ring


@dataclass(frozen=True, slots=True)
class Queues:
    """
    Refuses a group whose queues hold neither the need's queue nor one that its ring added, unless the ring names the agent.

    Changes its mind with the group's queues and with relaxation. Example: an agent of `sales` alone is left out of `billing`
    until a step adds `sales`.
    """

    name: str = "queues"

    def refuses(self, need: Need, ring: Ring, group: Group) -> bool:
        if group.queues is None or need.queue in group.queues:
            return False
        if group.named is not None and group.named in ring.agents:
            return False
        return not any(queue in group.queues for queue in ring.queues)
