"""What the engine is handed: the policies of this package, rules compiled from CEL, calendars."""

from __future__ import annotations

from typing import Final

from standardiste.common.calendars import hours_of
from standardiste.common.events.model import OrderName, RankingName
from standardiste.common.rules import compile_rules
from standardiste.router.engine.policy import Kit
from standardiste.router.permission import may_open
from standardiste.router.policies import ALWAYS, FILTERS, ORDERS, PAIR_FILTERS, RANKINGS

assert set(RANKINGS) == set(RankingName), "`make reference` writes the names of policies anew"
assert set(ORDERS) == set(OrderName), "`make reference` writes the names of policies anew"

STANDARD: Final = Kit(
    compile_rules=compile_rules,
    hours_of=hours_of,
    may_open=may_open,
    group_filters=ALWAYS,
    filters=FILTERS,
    pair_filters=PAIR_FILTERS,
    rankings=RANKINGS,
    orders=ORDERS,
)
