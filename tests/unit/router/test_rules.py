"""Routing rules: compiled, checked, tried on examples; asked of a contact."""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

import pytest

from standardiste.common.events.contact_facts import facts_of_contact
from standardiste.common.events.directory import Rule, RuleExample, RuleSet
from standardiste.common.events.model import Channel, QueueId
from standardiste.common.rules import BadRules, CompiledRules, calendars_in, compile_rules, example_facts
from standardiste.common.testing.builders import AT, contact, content, customer
from standardiste.router.engine.facts import customer_facts, facts_of


def rule_set(*whens: str, examples: tuple[RuleExample, ...] = ()) -> RuleSet:
    rules = tuple(Rule(name=f"r{number}", when=when, queue=QueueId(f"q{number}")) for number, when in enumerate(whens))
    return RuleSet(id="main", change_set=1, rules=rules, examples=examples)


def compiled(*whens: str) -> CompiledRules:
    rules = compile_rules(rule_set(*whens), "Europe/Paris")
    assert isinstance(rules, CompiledRules), rules
    return rules


def queue_for(rules: CompiledRules, **fields: Any) -> str | None:
    match = rules.first_match(facts_of(facts_of_contact(contact(**fields)), None), AT, "Europe/Paris")
    return match.rule.queue if match.rule else None


@pytest.mark.parametrize(
    ("expected", "when"),
    [
        ("q0", 'contact.channel == "email"'),
        (None, 'contact.channel == "voice"'),
        ("q0", 'contact.text.contains("facture")'),
        ("q0", "contact.attributes.amount > 100"),
        (None, '"vip" in contact.attributes && contact.attributes.vip'),
        ("q0", 'address.id == "email"'),
        ("q0", "!customer.is_known && size(customer.labels) == 0"),
        ("q0", "local.hour == 23 && local.weekday == 2"),
        ("q0", 'now < timestamp("2030-01-01T00:00:00Z")'),
        ("q0", 'contact["channel"] == "email" && contact.subject == "Bonjour"'),
        ("q0", "has(contact.attributes.amount)"),
    ],
)
def test_a_rule_sees_the_contact_the_customer_the_address_and_the_time(expected: str | None, when: str) -> None:
    given = {"content": content("ma facture", subject="Bonjour"), "attributes": {"amount": 120}}
    assert queue_for(compiled(when), **given) == expected


@pytest.mark.parametrize(
    "when",
    [
        "contact.attributes.vip == 1",
        "contact.attributes.vip == true",
        'contact.attributes["vip"] == 1',
        '"vip" in contact.attributes && contact.attributes.vip == 1',
        '"v" + "ip" in contact.attributes',
        'contact.attributes.exists(name, name == "vip")',
        "size(contact.attributes) == 1",
        "has(contact.attributes.vip) && !has(contact.attributes.other)",
        "has(contact.attributes.vip) && !has(customer.attributes.vip)",
        'contact.channel == "email" && contact.attributes.vip == 1 || "vip" in customer.labels',
    ],
)
def test_a_rule_set_that_was_asked_before_answers_as_one_that_was_not(when: str) -> None:
    old, no_customer = compiled("contact.attributes.none == 1", when), customer_facts(None)
    for attributes in ({}, {"vip": 1}, {"vip": True}, {"vip": 1.0}, {"vip": "1"}, {"other": 1}, {"vip": 1, "other": 1}):
        for known in (no_customer, {**no_customer, "labels": ["vip"]}, {**no_customer, "attributes": attributes}):
            facts = {**facts_of(facts_of_contact(contact(attributes=attributes)), None), "customer": known}
            for given in (facts, {**facts, "contact": {**example_facts({})["contact"], "channel": "email"}}):
                new = compiled("contact.attributes.none == 1", when)
                assert new.first_match(given, AT, "UTC") == old.first_match(given, AT, "UTC") == old.first_match(given, AT, "UTC")


def test_facts_are_gathered_as_far_as_a_rule_asks_for_them() -> None:
    made = facts_of_contact(contact(attributes={"vip": True}))
    everything: Any = facts_of(made, None)
    rules = compiled("contact.channel == 'email' && has(contact.attributes.vip)", "address.queue == ''")
    asked: Any = facts_of(made, None, asked=rules.asked)
    assert asked == {
        "contact": {name: everything["contact"][name] for name in ("channel", "attributes")},
        "address": everything["address"],
    }
    assert rules.first_match(asked, AT, "UTC") == rules.first_match(everything, AT, "UTC")
    assert facts_of(made, None, asked=compiled('contact["text"] == ""').asked) == {"contact": everything["contact"]}


@pytest.mark.parametrize("path", ["customer.attributes.labels", "contact.attributes.vip.since"])
def test_an_example_may_give_what_no_contact_has(path: str) -> None:
    given = rule_set(
        "has(customer.attributes.labels) || has(contact.attributes.vip)", examples=(RuleExample(given={path: "x"}, expect=QueueId("q0")),)
    )
    assert isinstance(compile_rules(given, "UTC"), CompiledRules)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("written", ["NFC", "NFD"])
def test_an_accent_is_found_however_it_was_written(form: Any, written: Any) -> None:
    said = normalize(form, "Réclamation : la fenêtre est cassée, à l’école")
    when = normalize(written, 'contact.text.contains("fenêtre") && contact.subject.matches("(?i)^RÉCL") && contact.name == "Zoë"')
    example = RuleExample(given={"text": said, "subject": said, "name": normalize(form, "Zoë")}, expect=QueueId("q0"))
    rules = compile_rules(rule_set(when, examples=(example,)), "Europe/Paris", QueueId("main"))
    assert isinstance(rules, CompiledRules)
    assert queue_for(rules, content=content(said, subject=said), name=normalize(form, "Zoë")) == "q0"


def test_the_first_match_wins() -> None:
    assert queue_for(compiled("false", "true", "true")) == "q1"


def test_a_rule_that_errs_does_not_match_and_is_named() -> None:
    rules = compiled("contact.attributes.missing == 1", "true")
    match = rules.first_match(facts_of(facts_of_contact(contact()), None), AT, "UTC")
    assert (match.rule.name if match.rule else None, match.failed) == ("r1", (("r0", "there is no 'missing'"),))


@pytest.mark.parametrize("attributes", [{"n": 10**400}, {"n": "\ud800"}, {"\ud800": 1}])
def test_a_fact_that_no_rule_can_hold_stops_none_that_does_not_ask_for_it(attributes: dict[str, Any]) -> None:
    rules = compiled("contact.attributes.n == 3", 'contact.attributes.exists(name, name == "kept")')
    facts = facts_of(facts_of_contact(contact(attributes={"kept": 1, **attributes})), None)
    match = rules.first_match(facts, AT, "UTC")
    assert (match.rule.name if match.rule else None, match.failed) == ("r1", (("r0", "there is no 'n'"),))


def test_identification_can_change_the_answer_only_where_a_rule_asks_for_the_customer() -> None:
    assert [compiled(when).asks_customer for when in ("true", 'contact.text == "customer"', "customer.is_known")] == [False, False, True]


def test_the_customer_is_seen_once_identified() -> None:
    facts = {**facts_of(facts_of_contact(contact()), None), "customer": customer_facts(customer(labels=("gold",)))}
    match = compiled('"gold" in customer.labels').first_match(facts, AT, "UTC")
    assert match.rule is not None


@pytest.mark.parametrize(
    ("reason", "when"),
    [
        ("bad_rule", "contact.channel =="),
        ("unknown_fact", "contact.chanel == 1"),
        ("unknown_fact", "kontakt.channel == 1"),
        ("unknown_fact", "customer . adress == 1"),
        ("unknown_function", "contact.channel.lower() == 'email'"),
        ("not_a_condition", "contact.channel"),
        ("bad_rule", "contact.priority > 'high'"),
        ("rule_too_long", "true || " * 1_000 + "true"),
        ("bad_rule", "contact.text.matches('(')"),
    ],
)
def test_a_faulty_rule_is_refused_when_saved(reason: str, when: str) -> None:
    refused = compile_rules(rule_set(when), "UTC")
    assert isinstance(refused, BadRules), refused
    assert (refused.reason, "r0" in refused.detail) == (reason, True)


def test_words_inside_texts_are_no_facts() -> None:
    assert queue_for(compiled("contact.text != 'contact.nonsense and kontakt()'")) == "q0"


@pytest.mark.parametrize(
    "when",
    [
        "// l'objet d'abord\ncontact.subject == 'x' || contact.text == 'ma facture' // c'est tout",
        'contact.subject.contains(r"\\") || contact.text == "ma facture"',
        '"""\\"""" == contact.subject || contact.text == "ma facture"',
    ],
)
def test_what_stands_beside_a_comment_or_a_raw_text_is_asked_for(when: str) -> None:
    assert queue_for(compiled(when), content=content("ma facture", subject="Bonjour")) == "q0"


def test_names_bound_by_a_macro_are_no_facts() -> None:
    assert queue_for(compiled("!customer.labels.exists(label, label == 'vip')")) == "q0"


def test_two_rules_of_one_name_are_refused() -> None:
    twice = (Rule(name="x", when="true", queue=QueueId("a")), Rule(name="x", when="true", queue=QueueId("b")))
    refused = compile_rules(RuleSet(id="main", change_set=1, rules=twice), "UTC")
    assert isinstance(refused, BadRules)
    assert refused.reason == "rule_named_twice"


def test_examples_are_run_and_a_failing_one_refuses_the_set() -> None:
    good = RuleExample(given={"channel": "voice", "contact.attributes.vip": True}, expect=QueueId("q0"))
    bad = RuleExample(given={"channel": "email"}, expect=QueueId("q0"), name="mail")
    when = 'contact.channel == "voice" && contact.attributes.vip'
    assert isinstance(compile_rules(rule_set(when, examples=(good,)), "UTC", QueueId("main")), CompiledRules)
    refused = compile_rules(rule_set(when, examples=(good, bad)), "UTC", QueueId("main"))
    assert isinstance(refused, BadRules)
    assert (refused.reason, "'mail'" in refused.detail) == ("example_failed", True)


def test_an_answer_is_remembered_for_the_calendars_that_are_open() -> None:
    rules = compiled('"day" in calendars.open && contact.channel == "email"')
    made = facts_of_contact(contact(channel=Channel.EMAIL))
    matches = [
        rules.first_match(facts_of(made, None, asked=rules.asked, open_calendars=open), AT, "UTC").rule for open in (["day"], [], ["day"])
    ]
    assert [match is not None for match in matches] == [True, False, True]


def test_an_example_says_which_calendars_are_open() -> None:
    open = RuleExample(given={"calendars.open": "night,day"}, expect=QueueId("q0"))
    shut = RuleExample(given={}, expect=QueueId("main"))
    assert isinstance(compile_rules(rule_set('"day" in calendars.open', examples=(open, shut)), "UTC", QueueId("main")), CompiledRules)


def test_the_calendars_that_a_rule_names_are_known() -> None:
    assert calendars_in("""!("day" in calendars.open) || 'night' in calendars . open // "old" in calendars.open""") == ("day", "night")
    assert calendars_in('"day" in contact.attributes') == ()
    assert calendars_in("""contact.text.contains("http://x") && r"day" in calendars.open""") == ("day",)


def test_example_facts_have_the_shape_of_a_contacts() -> None:
    given = example_facts({"text": "hello", "customer.labels": "a,b", "contact.attributes.n": 3})
    real = facts_of(facts_of_contact(contact(channel=Channel.CHAT)), None)
    assert {root: set(given[root]) for root in real} == {root: set(fields) for root, fields in real.items() if isinstance(fields, dict)}
    assert (given["customer"]["labels"], given["contact"]["attributes"]) == (["a", "b"], {"n": 3})
