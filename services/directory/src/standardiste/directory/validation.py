"""
Whether a configuration may be: every reference leads somewhere, every number is in range, every address is one and ours alone, the rules compile and keep their examples.

Pure: what the rules' compiler says is handed in. Faults refuse the whole change set; warnings (staffing.py, missing secrets) only tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import fields
from datetime import date
from itertools import pairwise
from typing import Any, Final, TypeAlias, cast
from zoneinfo import ZoneInfo

from standardiste.common.calendars import knows_holidays
from standardiste.common.errors import Refused
from standardiste.common.events.directory import (
    AgentProfile,
    ApiKey,
    Calendar,
    Campaign,
    ChannelAddress,
    Entity,
    Opening,
    Person,
    Queue,
    RightGrant,
    RuleSet,
    Status,
    Tenant,
)
from standardiste.common.events.model import FilterName, OrderName, QueueId, SkillNeed
from standardiste.common.security.rights import Act
from standardiste.directory import addresses, customer_faults
from standardiste.directory.defaults import MAIN, REQUIRED
from standardiste.directory.faults import Fault, fault
from standardiste.directory.kinds import TENANT, Entities, Key, in_order, references_of
from standardiste.directory.staffing import unstaffed

CheckRules: TypeAlias = Callable[[RuleSet, str, QueueId | None], Refused | None]
"""The rules, the tenant's zone, its default queue → why they cannot be."""
"""(rule set, time zone) → None, or why it is refused: a rule that does not compile, an example that does not hold."""

STEPS_MAX: Final = 10
LEVELS: Final = (1, 5)
DURATION_MS_MAX: Final = 366 * 24 * 3600 * 1000
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")

# Ranges of numbers by field name, wherever it occurs.
RANGES: Final[dict[str, tuple[int, int]]] = {
    "units": (1, 10_000),
    "cost": (0, 10_000),
    "cap": (0, 1_000),
    "label_cap": (0, 1_000),
    "strict_class": (1, 100),
    "priority": (-1_000, 1_000),
    "seconds_per_priority": (0, 86_400),
    "broadcast_to": (1, 100),
    "seats": (1, 10_000),
    "missed_voice_max": (1, 100),
    "missed_other_max": (1, 100),
    "ring": (0, STEPS_MAX),
    "length_max": (0, 1_000_000),
    "days": (1, 36_500),
    "keep_days": (1, 36_500),
    "hook_timeout_ms": (50, 400),
}


def faults_of(entities: Entities, check_rules: CheckRules, changed: Collection[Key] | None = None) -> list[Fault]:
    """
    Every fault of these entities, in their order. `entities` are all there will be, archived ones included.

    References, ids and addresses are judged everywhere, because a change here can break what stands there; the rest of `changed` only (None: of all).
    """
    live = {key: entity for key, entity in entities.items() if not entity.is_archived}
    faults = [fault("required_entity", entity=str(key)) for key in sorted(REQUIRED) if key not in live]
    faults += [fault("required_entity", entity=TENANT) for key, entity in entities.items() if key.kind == TENANT and entity.is_archived]
    for key in in_order(live):
        entity, pointer = live[key], f"/{key.kind}" if key.kind == TENANT else f"/{key.kind}/{key.id}"
        faults += [fault("unknown_reference", pointer + where, entity=str(to)) for where, to in references_of(entity) if to not in live]
        is_changed = changed is None or key in changed
        if is_changed:
            faults += _faults_of_one(key, entity, pointer)
        if isinstance(entity, RuleSet) and (is_changed or any(each.kind == TENANT for each in changed or ())):
            faults += _faults_of_rules(entity, live, pointer, check_rules)  # the tenant's zone and default queue decide examples too
    return faults + addresses.twice(live)


def locked_out(now: Entities, would_be: Entities) -> Iterator[Fault]:
    """A fault where there are administrators and none is left."""
    if _has_administrator(now) and not _has_administrator(would_be):
        yield fault("no_administrator", "/person")


def _has_administrator(live: Entities) -> bool:
    people = [each for each in live.values() if isinstance(each, Person) and not each.is_archived]
    return any(right.role == "administrator" for each in people for right in each.rights)


def warnings_of(entities: Entities, secrets: Collection[str] | None = None) -> list[Fault]:
    """What may be meant but should be seen. `secrets` are the names that have a value (None: not known)."""
    live = {key: entity for key, entity in entities.items() if not entity.is_archived}
    found = [*unstaffed(live), *_mixed_orders(live)]
    for key, entity in sorted(live.items()):
        if isinstance(entity, ChannelAddress) and secrets is not None:
            named = [str(value) for name, value in entity.settings.items() if name.endswith("_secret")]
            found += [fault("secret_missing", f"/{key.kind}/{key.id}/settings", name=name) for name in named if name not in secrets]
    return found


def _mixed_orders(live: Entities) -> Iterator[Fault]:
    """A warning for each queue whose last goes first while others share its strict class: its key is no instant, so all of it goes before all of theirs."""
    queues = [(key, entity) for key, entity in sorted(live.items()) if isinstance(entity, Queue)]
    for key, queue in queues:
        others = [each.id for _, each in queues if each.strict_class == queue.strict_class and not _is_lifo(each)]
        if _is_lifo(queue) and others:
            pointer = f"/{key.kind}/{key.id}/strict_class"
            yield fault("lifo_shares_class", pointer, entity=str(key), number=queue.strict_class, others=", ".join(others))


def _is_lifo(queue: Queue) -> bool:
    return queue.is_lifo or queue.order is OrderName.LIFO


# ---- one entity


def _faults_of_one(key: Key, entity: Entity, pointer: str) -> Iterator[Fault]:
    if key.kind != TENANT and not _ID.fullmatch(key.id):
        yield fault("bad_id", pointer, id=key.id)
    yield from _faults_in(entity, pointer)
    yield from customer_faults.faults_of(entity, pointer)
    match entity:
        case Tenant():
            yield from _faults_of_text(entity.name, f"{pointer}/name")
        case Person():
            yield from _faults_of_text(entity.name, f"{pointer}/name")
            for index, right in enumerate(entity.rights):
                yield from _faults_of_right(right, f"{pointer}/rights/{index}")
        case Queue():
            yield from _faults_of_relaxation(entity, pointer)
            unknown = [name for name in entity.filters if name not in set(FilterName)]
            yield from (fault("unknown_filter", f"{pointer}/filters", name=name, known=", ".join(sorted(FilterName))) for name in unknown)
            if entity.is_lifo and entity.order not in (OrderName.URGENCY, OrderName.LIFO):
                yield fault("two_orders", f"{pointer}/order", order=entity.order.value)
        case ChannelAddress():
            yield from addresses.faults_of(entity, f"{pointer}/address")
        case Calendar():
            yield from _faults_of_calendar(entity, pointer)
        case Campaign():
            yield from _faults_of_dates(entity, pointer)
        case Status() if entity.id == "ready" and not entity.is_routable:
            yield fault("ready_not_routable", f"{pointer}/is_routable")
        case ApiKey():
            known = set(map(str, Act))
            yield from (fault("unknown_act", f"{pointer}/scopes/{n}", act=act) for n, act in enumerate(entity.scopes) if act not in known)
        case AgentProfile() | _:
            pass


def _faults_in(value: Any, pointer: str) -> Iterator[Fault]:
    """Ranges, zones, languages, levels and repeated list entries, wherever they occur."""
    for each in fields(value):
        yield from _faults_of_field(each.name, getattr(value, each.name), f"{pointer}/{each.name}")


def _faults_of_field(name: str, value: Any, pointer: str) -> Iterator[Fault]:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int):
        low, high = RANGES.get(name, (0, DURATION_MS_MAX) if name.endswith("_ms") else (-(2**53), 2**53))
        if not low <= value <= high:
            yield fault("out_of_range", pointer, value=value, range=f"{low}–{high}")
    elif isinstance(value, str):
        yield from _faults_of_string(name, value, pointer)
    elif isinstance(value, tuple):
        yield from _faults_of_list(cast("tuple[Any, ...]", value), name, pointer)
    elif isinstance(value, dict):
        for part, inner in cast("dict[str, Any]", value).items():
            if name in ("name", "notice") and not _LANGUAGE.fullmatch(str(part)):
                yield fault("bad_language", f"{pointer}/{part}", tag=part)
            if isinstance(inner, int) and name in RANGES:
                yield from _faults_of_field(name, inner, f"{pointer}/{part}")
    elif hasattr(value, "__dataclass_fields__"):
        yield from _faults_in(value, pointer)


def _faults_of_string(name: str, value: str, pointer: str) -> Iterator[Fault]:
    if name == "zone" and not is_zone(value):
        yield fault("unknown_zone", pointer, zone=value)
    elif name == "language" and not _LANGUAGE.fullmatch(value):
        yield fault("bad_language", pointer, tag=value)


def _faults_of_list(items: tuple[Any, ...], name: str, pointer: str) -> Iterator[Fault]:
    named = [str(each.skill) if isinstance(each, SkillNeed) else each for each in items]
    for index, each in enumerate(items):
        if isinstance(each, SkillNeed):
            if not LEVELS[0] <= each.level <= LEVELS[1]:
                yield fault("level_out_of_range", f"{pointer}/{each.skill}", level=each.level)
        elif hasattr(each, "__dataclass_fields__"):
            yield from _faults_in(each, f"{pointer}/{index}")
        if isinstance(named[index], str) and named[index] in named[:index] and name != "weekdays":
            yield fault("twice_in_list", f"{pointer}/{index}", value=named[index])


def _faults_of_text(text: str, pointer: str) -> Iterator[Fault]:
    if not text.strip():
        yield fault("empty", pointer)


def _faults_of_right(right: RightGrant, pointer: str) -> Iterator[Fault]:
    if right.role == "platform_administrator" or right.scope == "installation":
        yield fault("role_not_here", f"{pointer}/role")
    elif right.scope in ("tenant", "self"):
        if right.scope_id is not None:
            yield fault("scope_with_id", f"{pointer}/scope_id", scope=right.scope)
    elif right.scope_id is None:
        yield fault("scope_without_id", f"{pointer}/scope_id", scope=right.scope)


def _faults_of_relaxation(queue: Queue, pointer: str) -> Iterator[Fault]:
    ages = [step.at_age_ms for step in queue.relaxation]
    if len(ages) > STEPS_MAX:
        yield fault("too_many_steps", f"{pointer}/relaxation", most=STEPS_MAX)
    if any(later <= earlier for earlier, later in pairwise(ages)):
        yield fault("steps_out_of_order", f"{pointer}/relaxation")


def _faults_of_calendar(calendar: Calendar, pointer: str) -> Iterator[Fault]:
    if not knows_holidays(calendar.holidays):
        yield fault("unknown_holidays", f"{pointer}/holidays", code=calendar.holidays)
    for index, opening in enumerate(calendar.openings):
        yield from _faults_of_opening(opening, f"{pointer}/openings/{index}")
    for day, openings in calendar.exceptions.items():
        yield from _faults_of_date(day, f"{pointer}/exceptions/{day}")
        for index, opening in enumerate(openings):
            yield from _faults_of_opening(opening, f"{pointer}/exceptions/{day}/{index}")


def _faults_of_opening(opening: Opening, pointer: str) -> Iterator[Fault]:
    is_fine = _TIME.fullmatch(opening.opens) and _TIME.fullmatch(opening.closes) and opening.opens < opening.closes
    if not is_fine:
        yield fault("bad_opening", pointer, value=f"{opening.opens}–{opening.closes}")
    for day in opening.weekdays:
        if not 1 <= day <= 7:
            yield fault("out_of_range", f"{pointer}/weekdays", value=day, range="1–7")


def _faults_of_dates(campaign: Campaign, pointer: str) -> Iterator[Fault]:
    for name in ("begins_on", "ends_on"):
        value = getattr(campaign, name)
        if value is not None:
            yield from _faults_of_date(value, f"{pointer}/{name}")
    if campaign.begins_on is not None and campaign.ends_on is not None and campaign.ends_on < campaign.begins_on:
        yield fault("dates_reversed", f"{pointer}/ends_on")


def _faults_of_date(value: str, pointer: str) -> Iterator[Fault]:
    try:
        is_date = date.fromisoformat(value).isoformat() == value
    except ValueError:
        is_date = False
    if not is_date:
        yield fault("bad_date", pointer, value=value)


# ---- several


def _faults_of_rules(rules: RuleSet, live: Entities, pointer: str, check_rules: CheckRules) -> Iterator[Fault]:
    if rules.id != MAIN:
        yield fault("only_main_rules", pointer)
        return
    tenant = next((entity for entity in live.values() if isinstance(entity, Tenant)), None)
    zone = tenant.zone if tenant is not None and is_zone(tenant.zone) else "UTC"
    refused = check_rules(rules, zone, tenant.default_queue if tenant is not None else None)
    if refused is not None:
        yield fault("rules_refused", f"{pointer}/rules", reason=refused.reason, detail=refused.detail)


def is_zone(name: str) -> bool:
    """Whether an IANA zone of this name exists here."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found is a KeyError; a name that no path can have, a ValueError; a folder's, an OSError
        return False
    return True
