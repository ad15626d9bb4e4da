"""
How much work a rule can be at most, reckoned from its text when it is saved: the router asks rules within a step, where nothing may be slow and no clock may stop it.

Theory. A rule has no loops but macros (`all`, `exists`, `exists_one`, `filter`, `map`), and each goes over a list whose size its text bounds: a literal's parts, or a fact's.
So a walk over the text gives two numbers for every expression: the steps to evaluate it, and how large its value can be. A macro takes the steps of its body once for
each part of what it goes over; `map` makes a value as large as both together, which is how `x + x` mapped again and again fills the memory. A pattern is
compiled at every asking, and Unicode's classes are large: it costs by its parts, times its repetitions. It is written in the rule, never taken from a fact, for then customers would write it.

A step is about 0.2 µs. Judged when rules are saved, not when the router compiles what was saved before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from standardiste.common.events.directory import RuleSet
from standardiste.common.rules import COMMENT, LITERAL, WHEN_MAX, text_of

RULE_STEPS_MAX: Final = 50_000
"""About 10 ms."""
SET_STEPS_MAX: Final = 250_000
"""Of all rules together: about 50 ms, when none of them holds."""
EXAMPLES_MAX: Final = 500
FACT_SIZE: Final = 50
"""A customer has up to 20 labels, a contact up to 50 attributes; a text counts as so much."""

_NESTED_MAX: Final = 100
"""Brackets within brackets. The compiler's parser takes fewer."""
_MACROS: Final = frozenset({"all", "exists", "exists_one", "filter", "map"})
_TOKENS: Final = re.compile(rf"{COMMENT}|{LITERAL}|[A-Za-z_]\w*|[0-9][\w.]*|[()\[\]{{}}.,]|[^\s\w]")
_CLOSERS: Final = {"(": ")", "[": "]", "{": "}"}
_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_COUNTED: Final = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_PROPERTY: Final = re.compile(r"\{[^}]*\}|.")
_PATTERN_STEPS: Final = {"w": 1_300, "W": 1_300, "p": 900, "P": 900, "d": 130, "D": 130, "s": 130, "S": 130}
_LETTER_STEPS: Final = 25
_STEPS_ENOUGH: Final = 10**12
"""Numbers stay small: more is as much as this."""


@dataclass(frozen=True, slots=True)
class TooMuch:
    """Why rules are too much work: a stable name, and one sentence with the rule's name."""

    reason: str
    detail: str


def too_much(rule_set: RuleSet) -> TooMuch | None:
    """Why these rules would hold up the router; None when they would not. Reads the text alone and evaluates nothing."""
    if len(rule_set.examples) > EXAMPLES_MAX:
        return TooMuch("too_many_examples", f"at most {EXAMPLES_MAX} examples")
    total = 0
    for rule in rule_set.rules:
        if len(rule.when) > WHEN_MAX:
            continue  # the compiler refuses it by name
        steps, is_literal = reckon(rule.when)
        if not is_literal:
            return TooMuch("pattern_not_literal", f"rule {rule.name!r}: what `matches` looks for is written in the rule, as one text")
        if steps > RULE_STEPS_MAX:
            return TooMuch("rule_too_slow", f"rule {rule.name!r} could take {steps} steps, at most {RULE_STEPS_MAX}")
        total += steps
    if total > SET_STEPS_MAX:
        return TooMuch("rules_too_slow", f"the rules together could take {total} steps, at most {SET_STEPS_MAX}")
    return None


def reckon(when: str) -> tuple[int, bool]:
    """The steps a rule can take at most, and whether every pattern in it is a literal. Of what does not parse the answer means nothing."""
    walk = _Walk([token for token in _TOKENS.findall(when) if not token.startswith("//")])
    steps = 0
    while walk.at < len(walk.tokens):
        steps += walk.expressions({})[0]
        walk.at += 1  # a closer that nothing opened
    return min(steps, _STEPS_ENOUGH), walk.are_patterns_literal


class _Walk:
    """One pass over a rule's tokens."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0
        self.are_patterns_literal = True

    def expressions(self, sizes: Mapping[str, int]) -> tuple[int, int]:
        """Steps and size of everything up to the next closer. `sizes`: of the variables that macros around it bind."""
        steps = size = 0
        while self.at < len(self.tokens) and self.tokens[self.at] not in (")", "]", "}"):
            more, larger = self._operand(sizes)
            steps, size = min(steps + more, _STEPS_ENOUGH), min(size + larger, _STEPS_ENOUGH)
        return steps, size

    def _operand(self, sizes: Mapping[str, int]) -> tuple[int, int]:
        """One literal, name, bracket or operator, with the fields, calls and macros that follow it."""
        token = self._next()
        if token in _CLOSERS:
            steps, size = self._rest(sizes)
            steps, size = steps + 1, size + 1
        elif _WORD.fullmatch(token):
            steps, size = 1, sizes.get(token, FACT_SIZE)
            if self._peek() == "(":
                steps, size = self._call(token, steps, 1, sizes)
        elif token[-1] in "\"'" or token[0].isdigit():
            steps, size = 1, 1
        else:  # an operator or a comma: what follows is an operand of its own
            return 1, 1
        while self._peek() in (".", "["):
            if self._next() == "[":
                steps += self._rest(sizes)[0] + 1
                continue
            name = self._next()
            if self._peek() == "(":
                steps, size = self._call(name, steps, size, sizes)
            else:
                steps += 1
        return min(steps, _STEPS_ENOUGH), min(size, _STEPS_ENOUGH)

    def _call(self, name: str, steps: int, size: int, sizes: Mapping[str, int]) -> tuple[int, int]:
        """A function, or a macro over what stands before it."""
        self.at += 1
        begins = self.at
        if name in _MACROS and _WORD.fullmatch(self._peek()):
            more, larger = self._rest({**sizes, self._peek(): size})
            return steps + size * (more + 1), size * larger if name == "map" else size
        more, larger = self._rest(sizes)
        if name == "matches":
            more += self._pattern(begins)
        return steps + more + 1, size + larger

    def _rest(self, sizes: Mapping[str, int]) -> tuple[int, int]:
        """Up to the closer, and past it. What no parser takes is not read to its end."""
        if self.depth >= _NESTED_MAX:
            self.at = len(self.tokens)
        self.depth += 1
        found = self.expressions(sizes)
        self.depth -= 1
        self.at += 1
        return found

    def _pattern(self, begins: int) -> int:
        """Steps of the pattern that a call which has just been read was given: its last argument."""
        given = self.tokens[begins : self.at - 1]
        if not given or given[-1][-1] not in "\"'" or (len(given) > 1 and given[-2] != ","):
            self.are_patterns_literal = False
            return 0
        return pattern_steps(text_of(given[-1]))

    def _next(self) -> str:
        token = self._peek()
        self.at += 1
        return token

    def _peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""


def pattern_steps(pattern: str) -> int:
    """What it takes to compile a pattern: its parts by how large they are, times how often they are repeated by count."""
    open_groups: list[list[int]] = [[]]
    at = 0
    while at < len(pattern):
        letter, parts = pattern[at], open_groups[-1]
        counted = _COUNTED.match(pattern, at)
        if letter == "(":
            open_groups.append([])
        elif letter == ")" and len(open_groups) > 1:
            open_groups[-2].append(sum(open_groups.pop()))
        elif counted is not None and parts:
            parts[-1] = min(parts[-1] * max(1, *(int(number) for number in counted.groups() if number)), _STEPS_ENOUGH)
            at = counted.end() - 1
        elif letter == "\\" and at + 1 < len(pattern):
            at += 1
            parts.append(_PATTERN_STEPS.get(pattern[at], _LETTER_STEPS))
            named = _PROPERTY.match(pattern, at + 1) if pattern[at] in "pP" else None
            at = named.end() - 1 if named is not None else at
        else:
            parts.append(_LETTER_STEPS)
        at += 1
    return min(sum(map(sum, open_groups)), _STEPS_ENOUGH)
