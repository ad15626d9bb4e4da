"""What a configuration may not be, and what is only worth a word."""

from __future__ import annotations

import pytest

from standardiste.common.testing.builders import TENANT
from standardiste.directory.core import check_rules
from standardiste.directory.document import parse
from standardiste.directory.kinds import Key
from standardiste.directory.validation import faults_of, warnings_of

GOOD = "skill: {billing: {}, french: {}}\n"


def faults(text: str) -> list[str]:
    document = parse(GOOD + text, TENANT)
    return [f"{each.name} {each.pointer}".strip() for each in faults_of(document.wanted, check_rules)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("queue: {a: {skills: {nothing: 1}}}", ["unknown_reference /queue/a/skills/0/skill"]),
        ("queue: {a: {dispositions: [x]}}", ["unknown_reference /queue/a/dispositions/0"]),
        ("queue: {a: {limits: {action: queue, to_queue: b}}}", ["unknown_reference /queue/a/limits/to_queue"]),
        ("queue: {a: {at_close: {action: queue, to_queue: b}}}", ["unknown_reference /queue/a/at_close/to_queue"]),
        (
            """rule-set: {main: {rules: [{name: r, when: '!("day" in calendars.open)', queue: main}]}}""",
            ["unknown_reference /rule-set/main/rules/0/when"],
        ),
        ("person: {x: {name: X, profile: other}}", ["unknown_reference /person/x/profile"]),
        ("team: {t: {supervisors: [x]}}", ["unknown_reference /team/t/supervisors/0"]),
        ("tenant: {default_queue: gone}", ["unknown_reference /tenant/default_queue"]),
        ("queue: {main: {is_archived: true}}", ["unknown_reference /tenant/default_queue"]),
        ("status: {ready: {is_archived: true}}", ["required_entity"]),
        ("status: {ready: {is_routable: false}}", ["ready_not_routable /status/ready/is_routable"]),
        ("person: {x: {name: X, skills: {billing: 6}}}", ["level_out_of_range /person/x/skills/billing"]),
        ("person: {x: {name: X, skills: {billing: 0}}}", ["level_out_of_range /person/x/skills/billing"]),
        ("person: {x: {name: '  '}}", ["empty /person/x/name"]),
        ("person: {'a/b': {name: X}}", ["bad_id /person/a/b"]),
        ("person: {x: {name: X, zone: Mars/Olympus}}", ["unknown_zone /person/x/zone"]),
        ("tenant: {zone: ../../etc/passwd}", ["unknown_zone /tenant/zone"]),
        ("person: {x: {name: X, language: français}}", ["bad_language /person/x/language"]),
        ("queue: {a: {name: {'not a tag': x}}}", ["bad_language /queue/a/name/not a tag"]),
        ("queue: {a: {target_ms: -1}}", ["out_of_range /queue/a/target_ms"]),
        ("queue: {a: {strict_class: 0}}", ["out_of_range /queue/a/strict_class"]),
        ("queue: {a: {broadcast_to: 0}}", ["out_of_range /queue/a/broadcast_to"]),
        ("agent-profile: {p: {cost: {voice: -5}}}", ["out_of_range /agent-profile/p/cost/voice"]),
        ("queue: {a: {dispositions: [x, x]}}\ndisposition: {x: {}}", ["twice_in_list /queue/a/dispositions/1"]),
        ("queue: {a: {relaxation: [{at_age_ms: 5}, {at_age_ms: 5}]}}", ["steps_out_of_order /queue/a/relaxation"]),
        (
            f"queue: {{a: {{relaxation: [{', '.join(f'{{at_age_ms: {n}}}' for n in range(1, 12))}]}}}}",
            ["too_many_steps /queue/a/relaxation"],
        ),
        ("attribute: {vip: {type: flag, default: true}, plan: {type: choice, choices: [a, b], default: a, seen_by: [supervisor]}}", []),
        ("attribute: {vip: {type: flag, default: 'yes'}}", ["default_unfit /attribute/vip/default"]),
        ("attribute: {plan: {type: choice}}", ["choices_unfit /attribute/plan/choices"]),
        ("attribute: {born: {type: date, default: 31.12.1999}}", ["default_unfit /attribute/born/default"]),
        ("attribute: {health: {category: special, edited_by: [king]}}", ["unknown_role /attribute/health/edited_by"]),
        ("retention: {mail: {days: 0}}", ["out_of_range /retention/mail/days"]),
        ("retention: {mail: {days: 365, sponsor: nobody}}", ["unknown_reference /retention/mail/sponsor"]),
        ("crm: {main: {hook_url: 'ftp://x'}}", ["bad_url /crm/main/hook_url"]),
        ("crm: {main: {hook_url: 'https://crm.example/a', hook_timeout_ms: 900}}", ["out_of_range /crm/main/hook_timeout_ms"]),
        ("purpose: {marketing: {name: {en: Offers, fr: Offres}}}", []),
        ("channel-address: {m: {channel: email, address: nobody}}", ["bad_mail_address /channel-address/m/address"]),
        ("channel-address: {p: {channel: voice, address: '0102030405'}}", ["bad_number /channel-address/p/address"]),
        ("channel-address: {p: {channel: sms, address: '38000'}}", []),
        ("channel-address: {p: {channel: chat, address: ''}}", ["empty /channel-address/p/address"]),
        (
            "channel-address: {a: {channel: email, address: x@y.example}, b: {channel: email, address: X@y.example}}",
            ["address_taken /channel-address/b/address"],
        ),
        ("channel-address: {a: {channel: sms, address: '+33100000001'}, b: {channel: voice, address: '+33100000001'}}", []),
        ("calendar: {c: {zone: Europe/Paris, openings: [{weekdays: [1], opens: '09:00', closes: '18:00'}]}}", []),
        (
            "calendar: {c: {zone: Europe/Paris, openings: [{weekdays: [8], opens: '18:00', closes: '09:00'}]}}",
            ["bad_opening /calendar/c/openings/0", "out_of_range /calendar/c/openings/0/weekdays"],
        ),
        ("calendar: {c: {zone: Europe/Paris, holidays: FR-57}}", []),
        ("calendar: {c: {zone: Europe/Paris, holidays: XX}}", ["unknown_holidays /calendar/c/holidays"]),
        ("calendar: {c: {zone: Europe/Paris, holidays: FR-Nowhere}}", ["unknown_holidays /calendar/c/holidays"]),
        ("calendar: {c: {zone: Europe/Paris, exceptions: {2026-02-30: []}}}", ["bad_date /calendar/c/exceptions/2026-02-30"]),
        ("campaign: {c: {begins_on: 2026-02-01, ends_on: 2026-01-01}}", ["dates_reversed /campaign/c/ends_on"]),
        ("person: {x: {name: X, rights: [{role: platform_administrator}]}}", ["role_not_here /person/x/rights/0/role"]),
        ("person: {x: {name: X, rights: [{role: administrator, scope: installation}]}}", ["role_not_here /person/x/rights/0/role"]),
        ("person: {x: {name: X, rights: [{role: supervisor, scope: team}]}}", ["scope_without_id /person/x/rights/0/scope_id"]),
        ("person: {x: {name: X, rights: [{role: agent, scope: self, scope_id: x}]}}", ["scope_with_id /person/x/rights/0/scope_id"]),
        ("queue: {a: {filters: [nonsense]}}", ["unknown_filter /queue/a/filters"]),
        ("queue: {a: {filters: [no_bots, fresh_eyes], order: lifo, ranking: round_robin}}", []),
        ("queue: {a: {is_lifo: true, order: lifo}}", []),
        ("rule-set: {other: {}}", ["only_main_rules /rule-set/other"]),
        ("rule-set: {main: {rules: [{name: r, when: 'contact.', queue: main}]}}", ["rules_refused /rule-set/main/rules"]),
        ("rule-set: {main: {rules: [{name: r, when: 'contact.nothing == 1', queue: main}]}}", ["rules_refused /rule-set/main/rules"]),
        ("rule-set: {main: {rules: [{name: r, when: 'true', queue: gone}]}}", ["unknown_reference /rule-set/main/rules/0/queue"]),
        (
            "rule-set: {main: {rules: [{name: r, when: 'true', queue: a}], examples: [{given: {text: x}, expect: main}]}}\nqueue: {a: {}}",
            ["rules_refused /rule-set/main/rules"],
        ),
    ],
)
def test_fault(text: str, expected: list[str]) -> None:
    assert faults(text) == expected


def test_rules_are_judged_again_when_the_tenant_changes() -> None:
    rules = "rule-set: {main: {rules: [{name: r, when: 'contact.text == \"x\"', queue: a}], examples: [{given: {text: y}, expect: main}]}}"
    document = parse(f"{rules}\nqueue: {{a: {{}}}}\ntenant: {{default_queue: a}}", TENANT)
    assert [each.name for each in faults_of(document.wanted, check_rules, {Key("tenant", TENANT)})] == ["rules_refused"]


AT_A_PHONE = """person: {x: {name: X, profile: main}}
queue: {a: {}}
channel-address: {v: {channel: voice, address: "+33199000002", language: fr, queue: a}}"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("person: {x: {name: X, profile: main}}", []),
        ("person: {x: {name: X}}", ["nobody_serves /queue/main"]),
        ("person: {x: {name: X, profile: main}}\nqueue: {a: {skills: {billing: 2}}}", ["nobody_can /queue/a/skills"]),
        ("person: {x: {name: X, rights: [{role: agent, scope: self}]}}\nqueue: {a: {}}", []),
        (f"agent-profile: {{main: {{cap: {{voice: 0}}}}}}\n{AT_A_PHONE}", ["nobody_on /channel-address/v"]),
        (f"agent-profile: {{main: {{units: 50}}}}\n{AT_A_PHONE}", ["nobody_on /channel-address/v"]),
        (f"agent-profile: {{main: {{}}}}\n{AT_A_PHONE}", []),
        ("person: {x: {name: X, profile: main, skills: {billing: 1}}}\nqueue: {a: {skills: {billing: 2}}}", ["nobody_can /queue/a/skills"]),
        ("person: {x: {name: X, profile: main, skills: {billing: 2}}}\nqueue: {a: {skills: {billing: 2}}}", []),
        ("person: {x: {name: X, profile: main, queues: [main]}}\nqueue: {a: {}}", ["nobody_serves /queue/a"]),
        (
            "person: {x: {name: X, profile: main}}\nrule-set: {main: {rules: [{name: r, when: 'true', queue: main, skills: {french: 1}}]}}",
            ["nobody_can /rule-set/main/rules/0/skills"],
        ),
        ("person: {x: {name: X, profile: main}}\nqueue: {hot: {is_lifo: true}}", ["lifo_shares_class /queue/hot/strict_class"]),
        ("person: {x: {name: X, profile: main}}\nqueue: {hot: {order: lifo}}", ["lifo_shares_class /queue/hot/strict_class"]),
        (
            "person: {x: {name: X, profile: main}}\nqueue: {hot: {order: lifo, strict_class: 4}, warm: {is_lifo: true, strict_class: 4}}",
            [],
        ),
        (
            "person: {x: {name: X, profile: main}}\nchannel-address: {m: {channel: email, address: a@b.example, settings: {smtp_secret: s}}}",
            ["secret_missing /channel-address/m/settings"],
        ),
    ],
)
def test_warning(text: str, expected: list[str]) -> None:
    document = parse(GOOD + text, TENANT)
    assert faults_of(document.wanted, check_rules) == []
    assert [f"{each.name} {each.pointer}" for each in warnings_of(document.wanted, secrets=["other"])] == expected


def test_a_cell_without_anybody_is_named_whole() -> None:
    text = f"queue: {{a: {{skills: {{billing: 2}}}}}}\nperson: {{x: {{name: X, profile: main, skills: {{billing: 3}}}}}}\n{AT_A_PHONE.splitlines()[2]}"
    document = parse(f"{GOOD}agent-profile: {{main: {{cap: {{voice: 0}}}}}}\n{text}", TENANT)
    (found,) = warnings_of(document.wanted, secrets=[])
    assert (
        found.text("en") == "/channel-address/v: Nobody can take voice in “fr” that comes in at channel-address/v for queue a: billing ≥ 2."
    )
