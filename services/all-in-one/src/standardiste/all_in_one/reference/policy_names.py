"""The names of the router's policies for the catalogue, so that services without the router know them: one enumeration for each kind."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from standardiste.router.policies import FILTERS, ORDERS, PAIR_FILTERS, RANKINGS

POLICY_NAMES: Final = Path("libs/common/src/standardiste/common/events/model/policy_names.py")
"""From the root of the repository."""

_HEAD: Final = '''"""The names of the router's policies, by which a queue chooses them. Written by `make reference` from the router's `policies/__init__.py`."""

from __future__ import annotations

from standardiste.common.events.base import Word
'''


def policy_names() -> str:
    """The module's text. A name is a word in small letters, so it is one of Python's in large ones."""
    kinds = {"FilterName": (*FILTERS, *PAIR_FILTERS), "OrderName": ORDERS, "RankingName": RANKINGS}
    return _HEAD + "".join(_enumeration(kind, names) for kind, names in kinds.items())


def _enumeration(kind: str, names: Iterable[str]) -> str:
    return f"\n\nclass {kind}(Word):\n" + "".join(f'    {name.upper()} = "{name}"\n' for name in names)
