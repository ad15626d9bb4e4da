"""Rules that would hold up the router are refused when they are saved, without being tried."""

from __future__ import annotations

import pytest

from standardiste.common.errors import Refused
from standardiste.common.events.directory import Rule, RuleExample, RuleSet
from standardiste.common.events.model import QueueId
from standardiste.common.rule_cost import EXAMPLES_MAX
from standardiste.directory.core import check_rules

MAIN = QueueId("main")
TEN = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"


def refused(*whens: str, examples: int = 0) -> Refused | None:
    rules = tuple(Rule(name=f"r{number}", when=when, queue=MAIN) for number, when in enumerate(whens))
    given = (RuleExample(given={"text": "x"}, expect=MAIN),) * examples
    return check_rules(RuleSet(id="main", change_set=1, rules=rules, examples=given), "Europe/Paris", MAIN)


@pytest.mark.parametrize(
    ("reason", "when"),
    [
        ("rule_too_slow", f"{TEN}.all(a, " * 9 + "true" + ")" * 9),
        ("rule_too_slow", "[" + "1, " * 900 + "1].exists(a, [" + "2, " * 300 + "1].exists(b, a == b))"),
        ("rule_too_slow", "[[" + "1, " * 900 + "1]].all(a, a.all(b, a.all(c, c > 0)))"),
        ("rule_too_slow", '["a"]' + ".map(x, x + x)" * 40 + " == []"),
        ("rule_too_slow", "customer.labels.exists(a, customer.labels.exists(b, customer.labels.exists(c, a == b)))"),
        ("rule_too_slow", r'contact.text.matches("(\\w{200})")'),
        ("rule_too_slow", r"contact.text.matches(r'((\w{5}){5}){5}')"),
        ("rule_too_slow", r'contact.text.matches("\x5cw{200}")'),
        ("rule_too_slow", f"true // l'école\n && {TEN}.all(a, " + f"{TEN}.all(a, " * 9 + "true" + ")" * 10 + " // c'est tout"),
        ("rule_too_slow", f'r"\\" == "x" || {TEN}.all(a, ' + f"{TEN}.all(a, " * 9 + "true" + ")" * 10 + ' || r"\\" == ""'),
        ("rule_too_slow", '"""\\"""" == "x" || ' + f"{TEN}.all(a, " * 9 + "true" + ")" * 9 + ' || """\\"""" == ""'),
        ("pattern_not_literal", "contact.text.matches(contact.subject)"),
        ("pattern_not_literal", 'matches(contact.text, "a" + contact.name)'),
    ],
)
def test_a_rule_that_is_slow_on_purpose_is_refused_by_name(reason: str, when: str) -> None:
    found = refused("true", when)
    assert found is not None
    assert (found.reason, "'r1'" in found.detail) == (reason, True)


@pytest.mark.parametrize(
    "when",
    [
        'contact.channel == "email" && contact.text.contains("réclamation")',
        'contact.text.matches("(?i)\\\\b(réclamation|plainte|litige|remboursement)\\\\b")',
        r'contact.text.matches(r"\b\d{4} \d{4} \d{4} \d{4}\b") || contact.subject.matches(r"\w+@\w+")',
        'contact.attributes.exists(name, name.startsWith("vip") && contact.attributes[name] == true)',
        'customer.labels.map(l, l + "!").exists(m, m == "vip!")',
        'customer.labels.exists(l, ["or", "argent", "bronze"].exists(m, l == m))',
        "contact.address in [" + ", ".join(f'"+331000{number:05}"' for number in range(200)) + "]",
        " || ".join(f'contact.text.contains("mot{number}")' for number in range(100)),
    ],
)
def test_a_rule_of_every_day_is_not(when: str) -> None:
    assert refused(when) is None


def test_many_rules_may_take_as_long_as_few_and_no_longer() -> None:
    labels = "customer.labels.exists(l, l.startsWith('a') || l.startsWith('b') || l.startsWith('c'))"
    assert refused(*[labels] * 200) is None
    found = refused(*[labels] * 500)
    assert found is not None
    assert found.reason == "rules_too_slow"


def test_examples_are_so_many_and_no_more() -> None:
    assert refused("true", examples=EXAMPLES_MAX) is None
    found = refused("true", examples=EXAMPLES_MAX + 1)
    assert found is not None
    assert found.reason == "too_many_examples"


def test_a_rule_too_long_is_called_so() -> None:
    found = refused("(" * 1_000_000)
    assert found is not None
    assert found.reason == "rule_too_long"


@pytest.mark.parametrize(
    "when",
    [
        "",
        ")",
        "(",
        "]))",
        "a.",
        ".matches(",
        "x.matches()",
        "'",
        "[.all(a,",
        "matches(x",
        '"\\x"',
        "x.map(",
        "\n",
        "(" * 3_900,
        "[" * 3_900,
        "f(" * 1_900,
    ],
)
def test_what_is_no_rule_is_refused_as_such(when: str) -> None:
    found = refused(when)
    assert found is not None
    assert found.reason in {"bad_rule", "pattern_not_literal"}
