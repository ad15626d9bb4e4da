"""Filter: people only, for queues that must not be answered by a machine."""

from __future__ import annotations

from dataclasses import dataclass

from standardiste.router.engine.policy import Group, Need, Ring


@dataclass(frozen=True, slots=True)
class NoBots:
    """
    Refuses groups of bots.

    Changes its mind never. Example: a queue for complaints names `no_bots`; a bot with every skill is left out of it.
    """

    name: str = "no_bots"

    def refuses(self, need: Need, ring: Ring, group: Group) -> bool:
        return group.is_bot
