"""docs/guides/write-a-policy.md holds: its policy is one, and its table passes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from standardiste.common.events.model import Channel, QueueId
from standardiste.common.testing.builders import needs
from standardiste.router.engine.configuration import NO_PROFILE
from standardiste.router.engine.policy import Fit, Group, Need, Ranking, Ring, Seat
from standardiste.router.engine.seats import NO_ROOM, empty_seat

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "write-a-policy.md"
LINES_MAX = 60


def group(**skills: int) -> Group:
    return Group(number=0, skills=skills, profile=NO_PROFILE, queues=None, preferences={}, room=NO_ROOM, empty=empty_seat(NO_ROOM))  # type: ignore[arg-type]


def seat(used: int, total: int) -> Seat:
    return Seat(total, used, {}, {}, {}, False, ())


def test_the_policy_of_the_guide_is_one_and_its_table_passes() -> None:
    policy_text, table_text = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), flags=re.DOTALL)
    assert len(policy_text.splitlines()) + len(table_text.splitlines()) < LINES_MAX
    names: dict[str, Any] = {
        "__name__": __name__,
        "pytest": pytest,
        "group": group,
        "seat": seat,
        "needs": needs,
        "Need": Need,
        "Ring": Ring,
        "QueueId": QueueId,
        "Channel": Channel,
        "FIT": Fit(ring=0, strict_class=5, delay_ms=0, proficiency=0),
    }
    exec(policy_text, names)
    exec("from __future__ import annotations\n" + table_text, names)
    policy: Ranking = names["SeniorsFirst"]()
    assert (policy.name, policy.has_agent_key) == ("seniors_first", False)
    table = names["test_seniors_first"]
    for expected, has in table.pytestmark[0].args[1]:
        table(expected, has)
