"""docs/guides/routing-rules.md holds: its configuration is taken, and it lists what rules may ask."""

from __future__ import annotations

import re
from pathlib import Path

from standardiste.common.rules import SHAPE
from standardiste.common.testing.builders import TENANT
from standardiste.directory.core import check_rules
from standardiste.directory.document import parse
from standardiste.directory.validation import faults_of

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "routing-rules.md").read_text()


def test_the_rules_of_the_guide_are_taken_with_their_examples() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", GUIDE, flags=re.DOTALL)
    assert [each.text("en") for each in faults_of(parse(text, TENANT).wanted, check_rules)] == []


def test_the_guide_lists_every_fact() -> None:
    rows = {
        root: set(re.findall(r"`(\w+)`", facts)) for root, facts in re.findall(r"^\| `(\w+)`[^|]*\| (.*) \|$", GUIDE, flags=re.MULTILINE)
    }
    assert {root: rows[root] for root in SHAPE} == {root: set(fields) for root, fields in SHAPE.items()}
