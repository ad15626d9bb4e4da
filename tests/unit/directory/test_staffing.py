"""Warnings of what nobody could take name the cell; a configuration that leaves nobody waiting has none."""

from __future__ import annotations

import pytest

from standardiste.common.testing.builders import TENANT
from standardiste.directory.core import check_rules
from standardiste.directory.document import parse
from standardiste.directory.validation import faults_of, warnings_of

FLOOR = """skill: {billing: {}, german: {}, chess: {}}
channel-address:
  call: {channel: voice, address: "+33199000002", language: fr, queue: calls}
  mail: {channel: email, address: us@shop.example}
  chat: {channel: chat, address: shop}
agent-profile:
  main: {}
  writer: {cap: {voice: 0, chat: 0, callback: 0}}
  speaker: {cap: {email: 0}}
"""
PEOPLE = """person:
  anna: {name: Anna, profile: main, skills: {billing: 3}}
  will: {name: Will, profile: writer, skills: {german: 3}, queues: [main, letters]}
  sam: {name: Sam, profile: speaker, skills: {billing: 5}, queues: [calls]}
"""
QUEUES = "queue:\n  calls: {}\n  letters: {}\n"


def warnings(text: str) -> list[str]:
    document = parse(text, TENANT)
    assert faults_of(document.wanted, check_rules) == []
    return [each.text("en") for each in warnings_of(document.wanted)]


def rule(when: str, more: str) -> str:
    return f"rule-set: {{main: {{rules: [{{name: r, when: '{when}', {more}}}]}}}}\n"


def only_writers(queue: str) -> str:
    return f"""queue: {{calls: {{}}, letters: {queue}}}
person:
  will: {{name: Will, profile: writer, skills: {{german: 3}}}}
  anna: {{name: Anna, profile: main, queues: [main, calls]}}
"""


@pytest.mark.parametrize(
    "text",
    [
        QUEUES + PEOPLE,
        # relaxation widens to somebody: it drops the skill, lowers it, adds a queue, names an agent
        PEOPLE + "queue: {calls: {}, letters: {skills: {chess: 1}, relaxation: [{at_age_ms: 60000, drop: [chess]}]}}",
        PEOPLE + "queue: {calls: {}, letters: {skills: {billing: 5}, relaxation: [{at_age_ms: 60000, skills: {billing: 3}}]}}",
        PEOPLE + "queue: {calls: {}, letters: {skills: {billing: 5}, relaxation: [{at_age_ms: 60000, queues: [calls]}]}}",
        PEOPLE + "queue: {calls: {}, letters: {skills: {billing: 5}, relaxation: [{at_age_ms: 60000, agents: [sam]}]}}",
        PEOPLE
        + "queue: {calls: {}, letters: {skills: {chess: 1}, relaxation: [{at_age_ms: 1, skills: {billing: 5}}, {at_age_ms: 2, agents: [sam]}]}}",
        # who pulls, is rung with others, or is preferred, can take it
        PEOPLE + "queue: {calls: {is_pull_only: true, broadcast_to: 9}, letters: {filters: [no_bots, fresh_eyes]}}",
        QUEUES + PEOPLE + rule("customer.is_known", "queue: letters, preferred_agent: sam"),
        # a rule takes what it asks for and nothing else
        QUEUES + PEOPLE + rule('contact.channel == "email"', "queue: letters, skills: {german: 2}"),
        QUEUES + PEOPLE + rule('contact.channel in ["email"] && local.hour < 8', "queue: letters, skills: {german: 2}"),
        QUEUES + PEOPLE + rule('address.id == "mail"', "queue: letters, skills: {german: 2}"),
        QUEUES + PEOPLE + rule('contact.channel != "voice" && contact.channel != "chat"', "queue: letters, skills: {german: 2}"),
        QUEUES + PEOPLE + rule('contact.text.contains("Rechnung")', "queue: letters, skills: {german: 2}"),
        QUEUES + PEOPLE + rule('contact.channel == "email" || contact.subject == "x"', "queue: letters, skills: {german: 2}"),
        QUEUES + PEOPLE + rule('(contact.channel == "voice") == false', "queue: letters, skills: {german: 2}"),
        # closed at times, or for good with somewhere to go
        PEOPLE + "calendar: {c: {zone: Europe/Paris, holidays: FR}}\nqueue: {calls: {calendar: c}, letters: {}}",
        PEOPLE
        + "calendar: {c: {zone: Europe/Paris, exceptions: {2026-12-24: [{weekdays: [], opens: '09:00', closes: '12:00'}]}}}\nqueue: {calls: {calendar: c}, letters: {}}",
        PEOPLE
        + "calendar: {c: {zone: Europe/Paris, exceptions: {2026-12-25: []}}}\nqueue: {calls: {calendar: c, at_close: {action: queue, to_queue: main}}, letters: {}}",
        PEOPLE + "queue: {calls: {limits: {length_max: 3, action: callback}}, letters: {}}",
        # a bot has the room of its seats
        QUEUES + "agent-profile: {small: {units: 20}}\nperson: {b: {name: B, is_bot: true, seats: 5, profile: small}}\n",
        # what every contact is ruled to, nothing else is asked of
        only_writers("{}") + rule("true", "queue: calls"),
    ],
)
def test_no_false_warning(text: str) -> None:
    assert warnings(merged(text)) == []


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (
            "/queue/calls/skills: Nobody can take what queue/calls asks for: chess ≥ 1 × voice “fr”.",
            PEOPLE + "queue: {calls: {skills: {chess: 1}}, letters: {}}",
        ),
        (
            "/queue/letters/skills: Nobody can take what queue/letters asks for: billing ≥ 5.",
            PEOPLE + "queue: {calls: {}, letters: {skills: {billing: 5}, relaxation: [{at_age_ms: 1, priority: 3}]}}",
        ),
        (
            "/rule-set/main/rules/0/skills: Nobody can take what rule-set/main “r” asks for: german ≥ 5 × email “de”.",
            QUEUES + PEOPLE + rule('contact.channel == "email" && contact.language == "de"', "queue: letters, skills: {german: 5}"),
        ),
        (
            "/rule-set/main/rules/0: Nobody can take chat in “de” that comes in at rule-set/main “r” for queue letters: german ≥ 2.",
            QUEUES + PEOPLE + rule('contact.channel == "chat" && contact.language == "de"', "queue: letters, skills: {german: 2}"),
        ),
        (
            "/rule-set/main/rules/0: Nobody can take chat in “fr” that comes in at rule-set/main “r” for queue letters: –.",
            only_writers("{}") + rule('contact.channel == "chat"', "queue: letters"),
        ),
        (
            "/rule-set/main/rules/0: Nobody can take email in “fr” that comes in at rule-set/main “r” for queue letters: –.",
            QUEUES
            + "agent-profile: {main: {label_cap: {vip: 0}}, writer: {label_cap: {vip: 0}}, speaker: {}}\n"
            + PEOPLE
            + rule('contact.channel == "email"', "queue: letters, labels: [vip]"),
        ),
        (
            "/queue/calls/limits/to_queue: Nobody can take voice in “fr” that comes in at queue/calls for queue letters: –.",
            only_writers("{}").replace("calls: {}", "calls: {limits: {length_max: 3, action: queue, to_queue: letters}}"),
        ),
        (
            "/queue/calls/at_close/to_queue: What queue/calls should send to another queue stays where it is: no other queue is named.",
            PEOPLE + "queue: {calls: {at_close: {action: queue}}, letters: {}}",
        ),
        (
            "/queue/calls/limits/action: Nobody can take callback in “fr” that comes in at queue/calls for queue calls: –.",
            "agent-profile: {main: {cap: {callback: 0}}, speaker: {cap: {callback: 0}}, writer: {cap: {callback: 0, voice: 0}}}\n"
            + PEOPLE
            + "queue: {calls: {limits: {length_max: 3, action: callback}}, letters: {}}",
        ),
        (
            "/queue/calls/calendar: queue/calls waits for calendar/c, which never opens: nothing in it is offered to anybody.",
            PEOPLE + "calendar: {c: {zone: Europe/Paris, exceptions: {2026-12-25: []}}}\nqueue: {calls: {calendar: c}, letters: {}}",
        ),
        (
            "/queue/letters: No agent serves queue/letters.",
            "person: {b: {name: B, is_bot: true, profile: main}}\nqueue: {calls: {}, letters: {filters: [no_bots]}}",
        ),
    ],
)
def test_a_cell_nobody_can_take_is_named(expected: str, text: str) -> None:
    assert warnings(merged(text)) == [expected]


def merged(text: str) -> str:
    """The floor with what a test says; a test's own profiles stand for the floor's."""
    floor = FLOOR.partition("agent-profile:")[0] if "agent-profile:" in text else FLOOR
    return floor + text
