"""A scenario is read whole or refused with every fault and where it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from standardiste.common.events.directory import AgentProfile, ChannelAddress, Person, RightGrant, Rule, RuleSet
from standardiste.common.events.model import Channel, ChannelAddressId, ProfileId, QueueId, WrapUpMode
from standardiste.common.testing.builders import configuration, needs, person, queue
from standardiste.router.simulator import Scenario, ScenarioRefused, scenario_of
from standardiste.router.simulator.draws import Arrival, Deterministic, Empirical, Exponential, Lognormal, Poisson, PoissonByInterval, Trace

GOOD: dict[str, Any] = {
    "length": "8h",
    "agents": {"desk": {"count": 2, "skills": {"billing": 3}}},
    "contacts": {"calls": {"channel": "voice", "queue": "main", "arrivals": {"per_hour": 60}, "handle": {"exponential": "3m"}}},
}


def read(*, agents: Any = None, contacts: Any = None, files: dict[str, str] | None = None, **fields: Any) -> Scenario:
    """The good scenario with these fields of its one class, its one stream, or itself."""
    said = {
        **GOOD,
        "agents": {"desk": {**GOOD["agents"]["desk"], **(agents or {})}},
        "contacts": {"calls": {**GOOD["contacts"]["calls"], **(contacts or {})}},
        **fields,
    }

    def read_file(name: str) -> str:
        if name not in (files or {}):
            raise FileNotFoundError(2, "No such file")
        return (files or {})[name]

    return scenario_of(said, configuration(), read_file)


def faults(**fields: Any) -> list[tuple[str, str]]:
    with pytest.raises(ScenarioRefused) as refused:
        read(**fields)
    for fault in refused.value.faults:
        assert fault.text("fr") != fault.text("en")
    return [(fault.name, fault.pointer) for fault in refused.value.faults]


def test_a_small_scenario_has_sensible_defaults() -> None:
    scenario = read()
    assert (scenario.length_ms, scenario.warm_up_ms, scenario.replications, scenario.confidence) == (8 * 3_600_000, 0, 10, 0.95)
    assert scenario.classes[0].agents == ("desk-1", "desk-2")
    assert (
        scenario.streams[0].channel,
        scenario.streams[0].service_level_ms,
        scenario.streams[0].patience,
    ) == (Channel.VOICE, 20_000, None)


def test_agents_with_a_count_become_people_of_the_configuration() -> None:
    people = [entity for entity in read().entities if isinstance(entity, Person) and entity.id.startswith("desk-")]
    assert [needs(billing=3)] * 2 == [person.skills for person in people]
    assert [ProfileId("main")] * 2 == [person.profile for person in people]


def test_people_of_the_configuration_may_work() -> None:
    scenario = read(agents={"count": None, "skills": None, "people": ["ben"]})
    assert scenario.classes[0].agents == ("ben",)
    everybody = read(agents={"count": None, "skills": None, "people": "all"})
    assert everybody.classes[0].agents == ("anna", "ben")


def test_everybody_is_whom_the_router_gives_work() -> None:
    """A profile, or the role of an agent without one; an administrator is neither, and is refused by name."""
    agent = replace(person("carl"), profile=None, rights=(RightGrant(role="agent"),))
    boss = replace(person("boss"), profile=None, rights=(RightGrant(role="administrator"),))
    house = configuration(agent, boss)
    assert scenario_of({**GOOD, "agents": {"desk": {"people": "all"}}}, house).classes[0].agents == ("anna", "ben", "carl")
    with pytest.raises(ScenarioRefused) as refused:
        scenario_of({**GOOD, "agents": {"desk": {"people": ["carl", "boss"]}}}, house)
    assert [(fault.name, fault.pointer) for fault in refused.value.faults] == [("takes_no_work", "/agents/desk/people/1")]


def test_everybody_of_a_configuration_without_people_is_nobody() -> None:
    said = {**GOOD, "agents": {"desk": {"people": "all"}}}
    with pytest.raises(ScenarioRefused, match="nobody with a profile"):
        scenario_of(said, [])


def test_a_stream_with_skills_becomes_a_rule_ahead_of_all() -> None:
    rules = next(entity for entity in read(contacts={"skills": {"french": 2}}).entities if isinstance(entity, RuleSet)).rules
    assert (needs(french=2), "main") == (rules[0].skills, rules[0].queue)


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("90s", Deterministic(90_000)),
        ({"deterministic": "1.5m"}, Deterministic(90_000)),
        ("1h30m", Deterministic(5_400_000)),
        ("1d2h3m4s5ms", Deterministic(93_784_005)),
        ({"exponential": "500ms"}, Exponential(500)),
        ({"lognormal": {"mean": "3m", "sd": "1m"}}, Lognormal(180_000, 60_000)),
        ({"empirical": ["1s", "2s"]}, Empirical((1_000, 2_000))),
    ],
)
def test_lengths_of_time(written: Any, read_as: object) -> None:
    assert read_as == read(contacts={"handle": written}).streams[0].handle


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ({"per_hour": 36}, Poisson(1e-5)),
        ({"by_interval": [{"from": "0s", "per_hour": 36}, {"from": "1h", "per_hour": 0}]}, PoissonByInterval((0, 3_600_000), (1e-5, 0))),
        ({"trace": ["1s", {"at": "2s", "handle": "30s"}]}, Trace((Arrival(1_000), Arrival(2_000, 30_000)))),
        ({"trace_file": "day.csv"}, Trace((Arrival(1_500, 60_000, None), Arrival(2_000, None, 5_000)))),
    ],
)
def test_arrivals(written: Any, read_as: object) -> None:
    files = {"day.csv": "at_s,handle_s,patience_s\n1.5,60,\n2,,5\n"}
    assert read_as == read(contacts={"arrivals": written}, files=files).streams[0].arrivals


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"typo": 1}, [("unknown_field", "/typo")]),
        ({"format": 2}, [("format_too_new", "/format")]),
        ({"length": 8}, [("not_a_duration", "/length")]),
        ({"length": "0s"}, [("not_a_duration", "/length")]),
        ({"length": "8 h"}, [("not_a_duration", "/length")]),
        ({"length": "30m1h"}, [("not_a_duration", "/length")]),
        ({"length": "8"}, [("not_a_duration", "/length")]),
        ({"length": ""}, [("not_a_duration", "/length")]),
        ({"length": None}, [("missing_field", "")]),
        ({"begins": "monday"}, [("not_an_instant", "/begins")]),
        ({"begins": "0001-01-01T00:00:00+05:00"}, [("not_an_instant", "/begins")]),
        ({"begins": "1969-12-31T23:59:59Z"}, [("instant_out_of_range", "/begins")]),
        ({"begins": "9999-12-31T08:00:00Z"}, [("instant_out_of_range", "/begins")]),
        ({"seed": True}, [("not_a_number", "/seed")]),
        ({"seed": 1.5}, [("not_a_number", "/seed")]),
        ({"replications": 0}, [("not_a_number", "/replications")]),
        ({"confidence": 1}, [("not_a_number", "/confidence")]),
        ({"agents": {"count": 0}}, [("not_a_number", "/agents/desk/count")]),
        ({"agents": {"people": ["ben"]}}, [("count_or_people", "/agents/desk")]),
        ({"agents": {"count": None, "people": ["ben"]}}, [("people_have_their_own", "/agents/desk/skills")]),
        ({"agents": {"count": None, "skills": None, "people": ["zoe"]}}, [("unknown_reference", "/agents/desk/people/0")]),
        ({"agents": {"count": None, "skills": None, "people": []}}, [("nobody", "/agents/desk/people")]),
        ({"agents": {"shifts": []}}, [("empty", "/agents/desk/shifts")]),
        ({"agents": {"count": None, "skills": None, "people": ["ben", "ben"]}}, [("twice", "/agents")]),
        ({"agents": {"skills": {"chinese": 1}}}, [("unknown_reference", "/agents/desk/skills/chinese")]),
        ({"agents": {"skills": {"french": 6}}}, [("level_out_of_range", "/agents/desk/skills/french")]),
        ({"agents": {"profile": "none"}}, [("unknown_reference", "/agents/desk/profile")]),
        ({"agents": {"declines": 0.6, "misses": 0.6}}, [("more_than_all", "/agents/desk")]),
        ({"agents": {"shifts": [{"from": "2h", "until": "1h"}]}}, [("not_in_order", "/agents/desk/shifts/0")]),
        (
            {"agents": {"shifts": [{"from": "0s", "until": "2h"}, {"from": "1h", "until": "3h"}]}},
            [("not_in_order", "/agents/desk/shifts")],
        ),
        (
            {"agents": {"shifts": [{"from": "0s", "until": "2h", "breaks": [{"at": "110m", "length": "20m"}]}]}},
            [("not_in_order", "/agents/desk/shifts/0")],
        ),
        ({"contacts": {"channel": "phone"}}, [("unknown_channel", "/contacts/calls/channel")]),
        ({"contacts": {"queue": "none"}}, [("unknown_reference", "/contacts/calls/queue")]),
        ({"contacts": {"handle": "fast"}}, [("not_a_distribution", "/contacts/calls/handle")]),
        ({"contacts": {"handle": {"exponential": "1m", "empirical": []}}}, [("not_a_distribution", "/contacts/calls/handle")]),
        ({"contacts": {"handle": {"empirical": []}}}, [("empty", "/contacts/calls/handle/empirical")]),
        (
            {"contacts": {"handle": {"lognormal": {"mean": "0s", "sd": "1s"}}}},
            [("not_a_duration", "/contacts/calls/handle/lognormal/mean")],
        ),
        ({"contacts": {"arrivals": {}}}, [("not_arrivals", "/contacts/calls/arrivals")]),
        ({"contacts": {"arrivals": {"per_hour": -1}}}, [("not_a_number", "/contacts/calls/arrivals/per_hour")]),
        ({"contacts": {"arrivals": {"trace": ["2s", "1s"]}}}, [("not_in_order", "/contacts/calls/arrivals/trace/1")]),
        (
            {"contacts": {"arrivals": {"by_interval": [{"from": "1h", "per_hour": 1}, {"from": "1h", "per_hour": 2}]}}},
            [("not_in_order", "/contacts/calls/arrivals/by_interval/1")],
        ),
        ({"contacts": {"arrivals": {"trace_file": "gone.csv"}}}, [("bad_file", "/contacts/calls/arrivals/trace_file")]),
        ({"contacts": {"channel": "email", "patience": "1m"}}, [("patience_of_no_use", "/contacts/calls/patience")]),
        ({"contacts": {"channel": "callback", "patience": "1m"}}, [("patience_of_no_use", "/contacts/calls/patience")]),
        ({"contacts": {"channel": "email", "wrap_up": "1m"}}, [("queue_without_wrap_up", "/contacts/calls/wrap_up")]),
        ({"contacts": {"channel": "email", "queue": None, "wrap_up": "1m"}}, [("queue_without_wrap_up", "/contacts/calls/wrap_up")]),
        ({"contacts": {"attributes": {"vip": ["x"]}}}, [("not_a_text", "/contacts/calls/attributes/vip")]),
    ],
)
def test_what_is_wrong_is_named_with_its_place(fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert expected == faults(**fields)


@pytest.mark.parametrize(
    ("text", "fault", "words"),
    [
        ("", "no_column", "at_s"),
        ("handle_s\n1\n", "no_column", "at_s"),
        ("1,2\n3,2\n", "no_column", "at_s"),
        ("at_s\nsoon\n", "not_in_seconds", "Line 2 of day.csv: “soon” in the column at_s"),
        ("at_s\n-1\n", "not_in_seconds", "Line 2"),
        ("at_s\ninf\n", "not_in_seconds", "Line 2"),
        ("at_s\nnan\n", "not_in_seconds", "Line 2"),
        ("at_s\n1e12\n", "not_in_seconds", "Line 2"),
        ("at_s,handle_s\n,60\n", "not_in_seconds", "Line 2"),
        ("at_s, handle_s\n1, 60\n2, long\n", "not_in_seconds", "Line 3 of day.csv: “long” in the column handle_s"),
        ("at_s\n1\n\n\nsoon\n", "not_in_seconds", "Line 5"),
        ("at_s\n1\n5\n\n3\n", "line_not_in_order", "Line 5"),
    ],
)
def test_a_trace_that_is_none_is_refused(text: str, fault: str, words: str) -> None:
    contacts = {"arrivals": {"trace_file": "day.csv"}}
    assert faults(contacts=contacts, files={"day.csv": text}) == [(fault, "/contacts/calls/arrivals/trace_file")]
    with pytest.raises(ScenarioRefused, match=words):
        read(contacts=contacts, files={"day.csv": text})


@pytest.mark.parametrize(
    "text",
    [
        "at_s,handle_s,patience_s\n1.5,60,\n2,,5\n",
        "call, at_s , handle_s, patience_s\r\na, 1.5, 60,\r\n\r\nb, 2, , 5\r\n",
        "at_s;handle_s;patience_s\n1,5;60;\n2;;5\n",
        'patience_s,at_s,handle_s\n,"1.5","60"\n5,2,\n',
    ],
)
def test_a_trace_is_read_as_spreadsheets_write_it(text: str) -> None:
    found = read(contacts={"arrivals": {"trace_file": "day.csv"}}, files={"day.csv": text}).streams[0].arrivals
    assert Trace((Arrival(1_500, 60_000, None), Arrival(2_000, None, 5_000))) == found


@pytest.mark.parametrize(
    "written", [None, [], "text", 3, {"agents": 1, "contacts": 2, "length": 3}, {"agents": {}, "contacts": {}, "length": "1h"}]
)
def test_what_is_no_scenario_is_refused(written: Any) -> None:
    with pytest.raises(ScenarioRefused):
        scenario_of(written, configuration(AgentProfile(id=ProfileId("main"), change_set=1)))


def test_agents_made_here_take_nobodys_id_of_the_configuration() -> None:
    house = configuration(person("desk-1"), person("desk-2"))
    with pytest.raises(ScenarioRefused) as refused:
        scenario_of(GOOD, house)
    assert [(fault.name, fault.pointer, fault.parameters["value"]) for fault in refused.value.faults] == [
        ("twice", "/agents/desk", "desk-1"),
        ("twice", "/agents/desk", "desk-2"),
    ]


def test_skills_of_a_stream_need_its_queue_where_there_are_rules() -> None:
    """The rules are not asked of it, so that nothing else would name one."""
    rules = RuleSet(id="main", change_set=0, rules=(Rule(name="all", when="true", queue=QueueId("main")),))
    said = {**GOOD, "contacts": {"calls": {**GOOD["contacts"]["calls"], "queue": None, "skills": {"french": 1}}}}
    with pytest.raises(ScenarioRefused, match="name their queue") as refused:
        scenario_of(said, configuration(rules))
    assert [(fault.name, fault.pointer) for fault in refused.value.faults] == [("queue_needed", "/contacts/calls")]
    assert scenario_of(said, configuration()).streams[0].queue is None


def test_a_mandatory_disposition_that_nobody_could_note_is_refused() -> None:
    with pytest.raises(ScenarioRefused) as refused:
        scenario_of(GOOD, configuration(queue(wrap_up=WrapUpMode.MANDATORY)))
    assert [(fault.name, fault.pointer) for fault in refused.value.faults] == [("no_disposition", "/configuration/queue/main")]


def test_an_address_of_another_channel_is_refused() -> None:
    mailbox = ChannelAddress(id=ChannelAddressId("mailbox"), change_set=0, channel=Channel.EMAIL, address="a@example.org")
    said = {**GOOD, "contacts": {"calls": {**GOOD["contacts"]["calls"], "channel_address": "mailbox"}}}
    with pytest.raises(ScenarioRefused) as refused:
        scenario_of(said, configuration(mailbox))
    assert [(fault.name, fault.pointer) for fault in refused.value.faults] == [
        ("address_of_another_channel", "/contacts/calls/channel_address")
    ]


def test_every_fault_is_found_at_once() -> None:
    assert len(faults(typo=1, agents={"count": 0}, contacts={"channel": "phone"})) == 3
