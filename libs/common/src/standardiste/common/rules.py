"""
Routing rules in CEL: compiled, type-checked and tried on their examples when they are saved; asked at every contact.

`compile_rules` serves the directory (a faulty rule is refused with its name and fault) and the router (the same text, the same answer). A rule sees:

- `contact`: channel, channel_name, address, our_address, subject, text (its first 4,000 characters), language, name, attributes (a map), sponsor, campaign,
  site, queue, priority, assurance, is_machine_made, is_live, has_attachments
- `customer`: id, name, language, zone, is_known, labels (a list), attributes (a map), preferred_agent; empty until identified
- `address`: our address that was used: id, channel, address, language, sponsor, campaign, site, queue
- `calendars`: open, the ids of the calendars that are open now: `"support" in calendars.open`
- `now` (a timestamp), `local`: the same in the tenant's zone: date ("2026-01-31"), hour, minute, weekday (1 Monday – 7 Sunday)

Texts have each accent in its letter (NFC), the rule's own as the contact's, however they were written; `size` of a text counts its bytes in UTF-8, in
which é is two.

An attribute that is not there makes the rule err, and a rule that errs does not match: ask with `"vip" in contact.attributes && contact.attributes.vip`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from standardiste.common.events.base import Instant
from standardiste.common.events.contact_facts import composed
from standardiste.common.events.directory import Rule, RuleExample, RuleSet
from standardiste.common.events.model import QueueId
from standardiste.common.lean import without

with without("cel.cli"):  # its own command line
    import cel

RULES_MAX: Final = 500
WHEN_MAX: Final = 4_000
ANSWERS_MAX: Final = 1_000
"""Answers remembered of a rule set, before it begins anew."""

SHAPE: Final[Mapping[str, Mapping[str, object]]] = {
    "contact": {
        "channel": "email",
        "channel_name": "email",
        "address": "",
        "our_address": "",
        "subject": "",
        "text": "",
        "language": "",
        "name": "",
        "attributes": {},
        "sponsor": "",
        "campaign": "",
        "site": "",
        "queue": "",
        "priority": 0,
        "assurance": "asserted",
        "is_machine_made": False,
        "is_live": False,
        "has_attachments": False,
    },
    "customer": {
        "id": "",
        "name": "",
        "language": "",
        "zone": "",
        "is_known": False,
        "labels": [],
        "attributes": {},
        "preferred_agent": "",
    },
    "address": {
        "id": "",
        "channel": "email",
        "address": "",
        "language": "",
        "sponsor": "",
        "campaign": "",
        "site": "",
        "queue": "",
    },
    "calendars": {"open": []},
    "local": {"date": "2026-01-31", "hour": 12, "minute": 0, "weekday": 6},
}
"""Every fact with a value of its type. `attributes` may hold anything."""

_OWN: Final[Mapping[str, frozenset[str]]] = {
    "contact": frozenset({"address", "subject", "text", "name"}),
    "customer": frozenset({"id", "name"}),
    "address": frozenset(),
    "calendars": frozenset(),
}
"""What hardly two customers have alike. Nothing is remembered by it."""

FUNCTIONS: Final = frozenset(
    {
        *("size", "contains", "startsWith", "endsWith", "matches", "has", "in"),
        *("int", "uint", "double", "string", "bytes", "duration", "timestamp", "type", "dyn"),
        *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds"),
    }
)
"""Named functions a rule may call; macros (all, exists, exists_one, map, filter) and operators besides."""

LITERAL: Final = (
    r'(?:[bB]?[rR](?:"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|"[^"\r\n]*"|\'[^\'\r\n]*\')'
    r'|[bB]?(?:"""(?:\\[\s\S]|[^\\])*?"""|\'\'\'(?:\\[\s\S]|[^\\])*?\'\'\'|"(?:\\.|[^"\\\r\n])*"|\'(?:\\.|[^\'\\\r\n])*\'))'
)
"""A text as CEL reads it. In a raw one (r"\\") a backslash is a sign like any other."""
COMMENT: Final = r"//[^\n]*"
_STRINGS: Final = re.compile(rf"{COMMENT}|(?<!\w){LITERAL}")
_LISTS: Final = frozenset({"labels", "open"})
_FIELD: Final = re.compile(r"(?<![\w.])(contact|customer|address|calendars|local)\s*\.\s*(\w+)")
_CALENDAR: Final = re.compile(rf"{COMMENT}|({LITERAL})(\s+in\s+calendars\s*\.\s*open\b)?")
_ROOT_AT: Final = Instant(1_769_860_800_000)


@dataclass(frozen=True, slots=True)
class BadRules:
    """Why a rule set is refused: a stable name, and one sentence with the rule's or example's name."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Match:
    """The first rule that holds, None when none does; and those before it that erred (name, fault)."""

    rule: Rule | None
    failed: tuple[tuple[str, str], ...] = ()


class CompiledRules:
    """A rule set ready to be asked."""

    def __init__(self, rules: tuple[tuple[Rule, cel.Program], ...]) -> None:
        self._rules = rules
        self.asks_customer = any("customer" in program.variables() for _, program in rules)
        """Whether identification can change the answer."""
        self._asks_time = any({"now", "local"} & set(program.variables()) for _, program in rules)
        self.asked = {root: names for root in _OWN if (names := _asked(root, rules)) != frozenset()}
        """The names any rule asks for of the contact, the customer, our address and the calendars; None where one takes all of it."""
        self._attributes = {root: _attributes_asked(root, rules) for root, names in self.asked.items() if names and "attributes" in names}
        self._is_remembered = not self._asks_time and all(
            names is not None and names.isdisjoint(_OWN[root]) and self._attributes.get(root, ()) is not None
            for root, names in self.asked.items()
        )
        self._answers: dict[tuple[object, ...], Match] = {}

    def first_match(self, facts: Mapping[str, object], now: Instant, zone: str) -> Match:
        """
        The first rule that holds for these facts at this instant. Where rules ask only for what many contacts have alike (a topic, a channel), the answer is
        remembered by it: to ask ten rules takes 10 µs.
        """
        if not self._is_remembered:
            return self.ask(facts, now, zone)
        key = self._key_of(facts)
        known = self._answers.get(key)
        if known is None:
            if len(self._answers) >= ANSWERS_MAX:
                self._answers.clear()
            known = self._answers[key] = self.ask(facts, now, zone)
        return known

    def ask(self, facts: Mapping[str, object], now: Instant, zone: str) -> Match:
        """As `first_match`, every rule asked anew."""
        context = _context(self._pruned(facts) | (time_facts(now, zone) if self._asks_time else {}))
        failed: list[tuple[str, str]] = []
        for rule, program in self._rules:
            try:
                answer = program.execute(context)
            except Exception as error:  # whatever a rule does wrong, the contact goes on: it does not match, and is named
                failed.append((rule.name, _sentence(error)))
                continue
            if answer is True:
                return Match(rule, tuple(failed))
        return Match(None, tuple(failed))

    def _key_of(self, facts: Mapping[str, Any]) -> tuple[object, ...]:
        """What is asked of a contact, to remember the answer by. An attribute's type belongs to it: to a rule, 1 is neither true nor 1.0."""
        key: list[object] = []
        for root, names in self.asked.items():
            fields = facts[root]
            for name in names or ():
                value = fields[name]
                if name == "attributes":
                    key += [(value[each].__class__, value[each]) if each in value else None for each in self._attributes[root] or ()]
                else:
                    key.append(tuple(value) if name in _LISTS else value)
        return tuple(key)

    def _pruned(self, facts: Mapping[str, object]) -> dict[str, object]:
        """Only what some rule asks for: turning facts into CEL's values costs a hundred times what asking them does."""
        pruned: dict[str, object] = {}
        for root, names in self.asked.items():
            fields: Any = facts[root]
            pruned[root] = fields if names is None else {name: fields[name] for name in names}
        for root, asked in self._attributes.items():
            if asked is not None:
                some: Any = pruned[root]
                given = some["attributes"]
                some["attributes"] = {name: given[name] for name in asked if name in given}
        return pruned


def compile_rules(rule_set: RuleSet, zone: str, default_queue: QueueId | None = None) -> CompiledRules | BadRules:
    """
    The rules, checked, and tried on their examples; or the first fault.

    An example that no rule matches goes to the default queue; where that is not named, any such example holds.
    """
    if len(rule_set.rules) > RULES_MAX:
        return BadRules("too_many_rules", f"at most {RULES_MAX} rules")
    names = [rule.name for rule in rule_set.rules]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        return BadRules("rule_named_twice", f"two rules are called {twice!r}")
    compiled: list[tuple[Rule, cel.Program]] = []
    for given in rule_set.rules:
        rule = given if given.when.isascii() else replace(given, when=composed(given.when))
        program = _checked(rule)
        if isinstance(program, BadRules):
            return program
        compiled.append((rule, program))
    rules = CompiledRules(tuple(compiled))
    return next((fault for example in rule_set.examples if (fault := _failing(rules, example, zone, default_queue)) is not None), rules)


def time_facts(now: Instant, zone: str) -> dict[str, object]:
    """`now` and `local`."""
    moment = datetime.fromtimestamp(now / 1000, UTC)
    local = moment.astimezone(ZoneInfo(zone))
    return {
        "now": moment,
        "local": {"date": local.date().isoformat(), "hour": local.hour, "minute": local.minute, "weekday": local.isoweekday()},
    }


def calendars_in(when: str) -> tuple[str, ...]:
    """The calendars a rule asks for by name."""
    return tuple(text_of(literal) for literal, is_asked in _CALENDAR.findall(when) if is_asked)


def text_of(literal: str) -> str:
    """What a literal says. One that Python reads otherwise than CEL stays as it is written."""
    prefix = literal[: len(literal) - len(literal.lstrip("rRbB"))]
    quotes = 3 if literal[len(prefix) :].startswith(('"""', "'''")) else 1
    inner = literal[len(prefix) + quotes : -quotes]
    if "r" in prefix.lower():
        return inner
    try:
        return inner.encode("latin-1", "backslashreplace").decode("unicode_escape")
    except UnicodeDecodeError:
        return inner


def example_facts(given: Mapping[str, str | int | float | bool]) -> dict[str, Any]:
    """
    The facts an example gives, all others empty. Names are paths ("contact.channel", "customer.labels", "contact.attributes.vip"); a bare
    name is one of the contact's ("channel", "text").
    """
    facts: dict[str, Any] = {root: {name: _empty(value) for name, value in fields.items()} for root, fields in SHAPE.items()}
    for path, value in given.items():
        parts = path.split(".")
        root = parts.pop(0) if parts[0] in SHAPE else "contact"
        target = facts[root]
        for part in parts[:-1]:
            target = target.setdefault(part, {})
        known = SHAPE[root].get(parts[-1])
        said = composed(value) if isinstance(value, str) else value
        target[parts[-1]] = str(said).split(",") if isinstance(known, list) else said
    return facts


def _context(facts: dict[str, Any]) -> cel.Context:
    """The facts as CEL's values. A fact that is none there (an integer of 400 digits) is left out, so that rules which ask for it err and are named."""
    try:
        return cel.Context(facts)
    except Exception:  # the conversion's own errors have no common base
        return cel.Context(_without_unfit(facts))


def _without_unfit(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_unfit(cast("dict[str, Any]", value)) if isinstance(value, dict) else value
        for name, value in facts.items()
        if _is_fit({name: {} if isinstance(value, dict) else value})
    }


def _is_fit(value: object) -> bool:
    try:
        cel.Context({"value": value})
    except Exception:  # as above
        return False
    return True


def _checked(rule: Rule) -> cel.Program | BadRules:
    if len(rule.when) > WHEN_MAX:
        return BadRules("rule_too_long", f"rule {rule.name!r}: at most {WHEN_MAX} characters")
    try:
        program = cel.compile(rule.when)
    except Exception as error:  # the parser's own errors have no common base
        return BadRules("bad_rule", f"rule {rule.name!r}: {_sentence(error)}")
    unknown = sorted(set(program.variables()) - {*SHAPE, "now"} - _bound(rule.when))
    if unknown:
        return BadRules("unknown_fact", f"rule {rule.name!r}: there is no {unknown[0]!r}")
    strange = sorted(name for name in program.functions() if name.isidentifier() and name[0] != "_" and name not in FUNCTIONS)
    if strange:
        return BadRules("unknown_function", f"rule {rule.name!r}: there is no function {strange[0]!r}")
    for root, name in _FIELD.findall(_STRINGS.sub('""', rule.when)):
        if name not in SHAPE[root]:
            return BadRules("unknown_fact", f"rule {rule.name!r}: {root} has no {name!r}")
    return _tried(rule, program)


def _tried(rule: Rule, program: cel.Program) -> cel.Program | BadRules:
    """Evaluate it on contacts of every shape: the answer must be true or false; only a missing attribute may make it err."""
    for facts in _samples():
        try:
            answer = program.execute(facts)
        except Exception as error:  # as above
            if _is_missing_attribute(error):
                continue
            return BadRules("bad_rule", f"rule {rule.name!r}: {_sentence(error)}")
        if not isinstance(answer, bool):
            return BadRules("not_a_condition", f"rule {rule.name!r} gives {type(answer).__name__}, not true or false")
    return program


def _samples() -> Iterator[dict[str, Any]]:
    empty = example_facts({})
    full: dict[str, Any] = {root: dict(fields) for root, fields in SHAPE.items()}
    full["customer"]["labels"] = ["vip"]
    full["customer"]["is_known"] = True
    full["contact"]["text"] = full["contact"]["subject"] = "text"
    full["contact"]["language"] = full["customer"]["language"] = "fr"
    for facts in (empty, full):
        yield {**facts, **time_facts(_ROOT_AT, "UTC")}


def _is_missing_attribute(error: Exception) -> bool:
    """Every other name was checked before, so a missing key can only be an attribute's."""
    return isinstance(error, KeyError)


def _asked(root: str, rules: tuple[tuple[Rule, cel.Program], ...]) -> frozenset[str] | None:
    """The fields of a root that any rule names; None when one takes the root whole (`contact["text"]`)."""
    found: set[str] = set()
    for rule, _ in rules:
        plain = _STRINGS.sub('""', rule.when)
        named = re.findall(rf"(?<![\w.]){root}\s*\.\s*(\w+)", plain)
        if len(named) != len(re.findall(rf"(?<![\w.]){root}\b", plain)):
            return None
        found.update(named)
    return frozenset(found)


def _attributes_asked(root: str, rules: tuple[tuple[Rule, cel.Program], ...]) -> tuple[str, ...] | None:
    """
    The attributes that any rule names: `root.attributes.vip`, `root.attributes["vip"]`, `"vip" in root.attributes`; None when one asks for them otherwise.
    """
    path = rf"(?<![\w.]){root}\s*\.\s*attributes\b"
    forms = rf'{path}\s*\.\s*(\w+)\b(?!\s*\()|{path}\s*\[\s*"(\w+)"\s*\]|(?:^|[(!&|?:,])\s*"(\w+)"\s+in\s+{path}(?!\s*[.\[])'
    found: set[str] = set()
    for rule, _ in rules:
        named = re.findall(forms, rule.when)
        if len(named) != len(re.findall(path, rule.when)):
            return None
        found.update(name for names in named for name in names if name)
    return tuple(sorted(found))


_MACRO: Final = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*(\w+)\s*,")


def _bound(when: str) -> set[str]:
    return set(_MACRO.findall(_STRINGS.sub('""', when)))


def _failing(rules: CompiledRules, example: RuleExample, zone: str, default_queue: QueueId | None) -> BadRules | None:
    match = rules.ask(example_facts(example.given), _ROOT_AT, zone)
    found = match.rule.queue if match.rule else default_queue
    if found is None or found == example.expect:
        return None
    said = found if match.rule else f"no rule, so the default queue {found}"
    return BadRules("example_failed", f"example {example.name or dict(example.given)!r}: expected {example.expect}, got {said}")


def _empty(value: object) -> object:
    match value:
        case list() | dict():
            return value.copy()  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # only its emptiness matters
        case bool():
            return False
        case int():
            return 0
        case _:
            return ""


def _sentence(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"there is no {error.args[0]!r}" if error.args else "something is missing"
    return str(error).strip().split("\n")[0][:300] or type(error).__name__
