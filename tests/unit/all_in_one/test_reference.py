"""The generated pages under docs/ are those that the code gives."""

from __future__ import annotations

from pathlib import Path

from standardiste.all_in_one.reference.pages import pages
from standardiste.all_in_one.reference.policy_names import POLICY_NAMES, policy_names

DOCS = Path(__file__).parents[3] / "docs"


def test_every_generated_page_is_current() -> None:
    stale = [name for name, text in pages().items() if not (DOCS / name).exists() or (DOCS / name).read_text() != text]
    assert stale == [], "run `make reference`"


def test_the_catalogue_knows_the_policies_by_the_names_of_the_routers_registry() -> None:
    assert (DOCS.parent / POLICY_NAMES).read_text() == policy_names(), "run `make reference`"
