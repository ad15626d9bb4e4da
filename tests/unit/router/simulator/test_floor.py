"""What happens on a simulated floor: small scenarios without chance, so that every figure is known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from standardiste.common.events.directory import AgentProfile, ChannelAddress, Disposition, Limits, Queue, Rule, RuleSet
from standardiste.common.events.model import Channel, ChannelAddressId, DispositionId, ProfileId, QueueId, SponsorId, WrapUpMode
from standardiste.common.testing.builders import configuration, queue
from standardiste.router.simulator import ScenarioRefused, scenario_of, simulate
from standardiste.router.simulator.report import Measure
from standardiste.router.simulator.run import Replication, replicate

SHIFT = [{"from": "0s", "until": "10m"}]


def play(
    *trace: Any, agents: dict[str, Any] | None = None, contacts: dict[str, Any] | None = None, made: Queue | None = None, **fields: Any
) -> Replication:
    """One agent, calls of a minute at these instants, no wrap-up unless the queue says so."""
    said = {
        "length": "10m",
        "agents": {"desk": {"count": 1, **(agents or {})}},
        "contacts": {
            "calls": {"channel": "voice", "queue": "main", "handle": "1m", "arrivals": {"trace": list(trace)}, **(contacts or {})}
        },
        **fields,
    }
    main = made or queue(wrap_up=WrapUpMode.NONE)
    return replicate(scenario_of(said, configuration(main, Disposition(id=DispositionId("done"), change_set=1))), 0)


def figure(found: Replication, what: str, of: str = "stream", name: str = "calls") -> float | None:
    return found.figures[Measure(of, name, what)]


def test_one_call_after_the_other() -> None:
    found = play("0s", "10s", "20s")
    assert (figure(found, "offered"), figure(found, "answered")) == (3, 3)
    assert [figure(found, "wait_p50_s"), figure(found, "wait_p90_s")] == [50, 100]
    assert figure(found, "asa_s") == 50
    assert pytest.approx(1 / 3) == figure(found, "service_level")
    assert pytest.approx(0.3) == figure(found, "occupancy", "class", "desk")


def test_who_loses_patience_has_abandoned() -> None:
    found = play("0s", "10s", {"at": "20s", "patience": "3s"}, contacts={"patience": "30s"})
    assert (1, pytest.approx(2 / 3)) == (figure(found, "answered"), figure(found, "abandonment"))
    assert pytest.approx(0.5) == figure(found, "service_level"), "a short abandon leaves the denominator"


def test_who_has_no_patience_is_answered_where_somebody_is_free() -> None:
    """Erlang's loss system: a second call at the same instant finds nobody and is gone."""
    found = play("0s", "0s", "30s", "2m", contacts={"patience": "0s"})
    assert (2, pytest.approx(0.5)) == (figure(found, "answered"), figure(found, "abandonment"))


def test_answering_and_connecting_take_time() -> None:
    found = play("0s", agents={"answers_after": "3s"}, contacts={"connects_after": "500ms"})
    assert figure(found, "asa_s") == 3.5


def test_occupancy_is_handling_over_handling_and_ready() -> None:
    """An offer that waits 15 s for its answer is neither, but the agent is there."""
    found = play("0s", agents={"answers_after": "15s"}, contacts={"wrap_up": "20s"}, made=queue())
    assert pytest.approx(80 / 585) == figure(found, "occupancy", "class", "desk")
    assert pytest.approx(600 / 3600) == figure(found, "staffed_h", "class", "desk")


def test_wrap_up_ends_by_itself_or_when_the_agent_says_so() -> None:
    timed = queue(wrap_up=WrapUpMode.TIMED, wrap_up_ms=30_000)
    assert figure(play("0s", "10s", made=timed), "wait_p90_s") == 80
    assert figure(play("0s", "10s", made=timed, contacts={"wrap_up": "10s"}), "wait_p90_s") == 60


@pytest.mark.parametrize("length_s", [60, 1_500])
def test_who_needs_longer_than_a_timed_wrap_up_asks_for_more(length_s: int) -> None:
    timed = queue(wrap_up=WrapUpMode.TIMED, wrap_up_ms=30_000)
    found = play("0s", "10s", made=timed, contacts={"wrap_up": f"{length_s}s"}, length="1h")
    assert figure(found, "wait_p90_s") == 60 + length_s - 10
    assert pytest.approx(2 * (60 + length_s) / 3600) == figure(found, "occupancy", "class", "desk")


def test_mandatory_wrap_up_is_ended_with_a_disposition() -> None:
    asked = queue(wrap_up=WrapUpMode.MANDATORY, dispositions=(DispositionId("done"),))
    assert figure(play("0s", "10s", made=asked, contacts={"wrap_up": "20s"}), "wait_p90_s") == 70


def test_a_queue_without_dispositions_of_its_own_takes_any() -> None:
    asked = queue(wrap_up=WrapUpMode.MANDATORY)
    assert figure(play("0s", "10s", made=asked, contacts={"wrap_up": "20s"}), "wait_p90_s") == 70


def test_a_slow_class_takes_longer() -> None:
    assert figure(play("0s", "10s", agents={"pace": 2}), "wait_p90_s") == 110


def test_missed_offers_expire_and_the_agent_comes_back() -> None:
    found = play("0s", agents={"misses": 1, "returns_after": "60s"}, contacts={"patience": "5m"})
    assert (figure(found, "answered"), figure(found, "abandonment")) == (0, 1)
    missed = figure(found, "missed", "class", "desk")
    assert missed is not None
    assert missed >= 3


def test_declined_offers_go_back_to_the_queue() -> None:
    found = play("0s", agents={"declines": 1}, contacts={"patience": "1m"})
    assert figure(found, "abandonment") == 1
    assert (figure(found, "declined", "class", "desk") or 0) >= 2


def test_a_shift_ends_when_its_work_is_done() -> None:
    found = play("550s", "560s", agents={"shifts": SHIFT}, contacts={"patience": "90s"}, length="20m")
    assert (figure(found, "answered"), figure(found, "abandonment")) == (1, 0.5)
    assert pytest.approx(610 / 3600) == figure(found, "staffed_h", "class", "desk")


def test_nobody_is_there_before_the_shift() -> None:
    assert figure(play("0s", agents={"shifts": [{"from": "30s", "until": "10m"}]}), "asa_s") == 30


def test_a_break_begins_after_the_call_and_has_its_length() -> None:
    shifts = [{"from": "0s", "until": "10m", "breaks": [{"at": "30s", "length": "2m"}]}]
    found = play("0s", "10s", agents={"shifts": shifts})
    assert figure(found, "wait_p90_s") == 170
    assert pytest.approx(480 / 3600) == figure(found, "staffed_h", "class", "desk")


@pytest.mark.parametrize("second", ["50s", "80s"])
def test_a_break_that_came_late_is_had_in_full_before_the_next(second: str) -> None:
    """The second falls into the same call, or into the first; either way the call ends at 60 s and 90 s of breaks follow."""
    shifts = [{"from": "0s", "until": "10m", "breaks": [{"at": "10s", "length": "30s"}, {"at": second, "length": "1m"}]}]
    found = play("0s", "20s", agents={"shifts": shifts})
    assert figure(found, "wait_p90_s") == 130
    assert pytest.approx(510 / 3600) == figure(found, "staffed_h", "class", "desk")


def overflowing(action: Any, **contacts: Any) -> Replication:
    """One is answered, one waits, and one is too many."""
    limits = Limits(length_max=1, action=action)
    return play("0s", "1s", "2s", made=queue(wrap_up=WrapUpMode.NONE, limits=limits), contacts=contacts)


def test_who_is_sent_to_a_voicemail_is_turned_away_and_leaves_work() -> None:
    found = overflowing("voicemail")
    assert (figure(found, "answered"), figure(found, "turned_away")) == (2, pytest.approx(1 / 3))
    assert (figure(found, "handled", "class", "desk"), figure(found, "unanswered")) == (3, 0)


def test_who_is_called_back_loses_no_patience() -> None:
    found = overflowing("callback", patience="90s")
    assert (figure(found, "answered"), figure(found, "abandonment"), figure(found, "called_back")) == (3, 0, pytest.approx(1 / 3))
    assert figure(found, "wait_p99_s") == 118


def test_who_is_closed_on_is_turned_away() -> None:
    found = overflowing("close")
    assert (figure(found, "answered"), figure(found, "turned_away"), figure(found, "unanswered")) == (2, pytest.approx(1 / 3), 0)


def test_skills_of_a_stream_are_asked_for() -> None:
    found = play("0s", "1s", contacts={"skills": {"billing": 2}, "patience": "1m"})
    assert figure(found, "answered") == 0
    assert figure(play("0s", "1s", agents={"skills": {"billing": 2}}, contacts={"skills": {"billing": 2}}), "answered") == 2


RULES = RuleSet(
    id="main",
    change_set=1,
    rules=(
        Rule(name="ours", when='contact.sponsor == "acme" && contact.language == "en"', queue=QueueId("acme")),
        Rule(name="others", when="true", queue=QueueId("triage")),
    ),
)
NUMBER = ChannelAddress(
    id=ChannelAddressId("number"), change_set=1, channel=Channel.VOICE, address="+33123456789", sponsor=SponsorId("acme"), language="en"
)


def by_rules(calls: dict[str, Any], *, staffed: str) -> Replication:
    """Two calls of a minute, an agent who serves this queue only, and rules for all that names no queue."""
    said = {
        "length": "10m",
        "agents": {"desk": {"count": 1, "queues": [staffed]}},
        "contacts": {"calls": {"channel": "voice", "handle": "1m", "arrivals": {"trace": ["0s", "10s"]}, **calls}},
    }
    queues = (queue(wrap_up=WrapUpMode.NONE), queue("acme", service_level_ms=90_000, wrap_up=WrapUpMode.NONE), queue("triage"))
    return replicate(scenario_of(said, configuration(*queues, RULES, NUMBER)), 0)


def test_the_queue_that_a_stream_names_goes_before_the_rules() -> None:
    assert figure(by_rules({"queue": "main"}, staffed="main"), "answered") == 2


def test_what_comes_on_an_address_has_its_sponsor_and_its_language() -> None:
    assert figure(by_rules({"channel_address": "number"}, staffed="acme"), "answered") == 2


def test_the_service_level_is_that_of_the_queue_the_rules_chose() -> None:
    assert figure(by_rules({"channel_address": "number"}, staffed="acme"), "service_level") == 1


def test_an_overflow_leaves_the_service_level_as_it_was() -> None:
    """Two wait at once; the second goes on to a queue with another target, of which nothing is owed to it."""
    short = queue(
        "acme", service_level_ms=90_000, wrap_up=WrapUpMode.NONE, limits=Limits(age_max_ms=5_000, action="queue", to_queue=QueueId("main"))
    )
    said = {
        "length": "10m",
        "agents": {"desk": {"count": 1}},
        "contacts": {"calls": {"channel": "voice", "channel_address": "number", "handle": "1m", "arrivals": {"trace": ["0s", "10s"]}}},
    }
    found = replicate(scenario_of(said, configuration(queue(wrap_up=WrapUpMode.NONE), short, RULES, NUMBER)), 0)
    assert (figure(found, "wait_p90_s"), figure(found, "service_level")) == (50, 1)


def test_interrupted_mail_goes_on_where_it_was() -> None:
    said = {
        "length": "10m",
        "agents": {"desk": {"count": 1, "profile": "both"}},
        "contacts": {
            "calls": {"channel": "voice", "handle": "1m", "arrivals": {"trace": ["30s"]}},
            "mails": {"channel": "email", "handle": "2m", "arrivals": {"trace": ["0s", "10s"]}},
        },
    }
    profile = AgentProfile(id=ProfileId("both"), change_set=1, cost={Channel.EMAIL: 100}, auto_accept=(Channel.VOICE, Channel.EMAIL))
    found = replicate(scenario_of(said, configuration(queue(wrap_up=WrapUpMode.NONE), profile)), 0)
    assert figure(found, "asa_s") == 0
    assert figure(found, "wait_p90_s", name="mails") == 170, "two minutes of the first, one of the call"


def test_only_what_arrives_after_the_warm_up_is_measured() -> None:
    found = play("0s", "70s", "80s", warm_up="1m", length="5m")
    assert (figure(found, "offered"), figure(found, "answered")) == (2, 2)
    assert pytest.approx(2 / 5) == figure(found, "occupancy", "class", "desk")


def test_the_world_goes_on_until_the_measured_are_answered() -> None:
    assert figure(play("0s", "10s", length="40s"), "answered") == 2
    assert figure(play("0s", "10s", length="20s"), "unanswered") == 1


def chancy(replications: int = 4) -> dict[str, Any]:
    return {
        "length": "1h",
        "replications": replications,
        "agents": {"desk": {"count": 2, "declines": 0.1, "answers_after": {"exponential": "3s"}}},
        "contacts": {
            "calls": {
                "channel": "chat",
                "arrivals": {"per_hour": 60},
                "handle": {"exponential": "2m"},
                "patience": {"exponential": "2m"},
            }
        },
    }


def test_the_same_seed_says_the_same_over_any_number_of_processes() -> None:
    scenario = scenario_of(chancy(), configuration())
    done: list[int] = []
    one, two = simulate(scenario, processes=1, done=done.append), simulate(scenario, processes=2)
    assert one.estimates == two.estimates
    assert done == [1, 2, 3, 4]
    other = simulate(scenario_of({**chancy(), "seed": 2}, configuration()), processes=1)
    assert one.estimates != other.estimates


def test_two_staffings_meet_the_same_customers() -> None:
    """So that their difference is not chance's."""
    more = chancy(1)
    more["agents"] = {"desk": {"count": 5}}
    offered = [figure(replicate(scenario_of(said, configuration()), 3), "offered") for said in (chancy(1), more)]
    assert offered[0] == offered[1]


def test_a_configuration_that_the_router_refuses_is_refused_here() -> None:
    scenario = scenario_of(chancy(), configuration(queue(filters=("none",))))
    with pytest.raises(ScenarioRefused, match="unknown_filter"):
        replicate(scenario, 0)


def test_a_report_is_plain_for_json() -> None:
    plain = json.loads(json.dumps(simulate(scenario_of(chancy(2), configuration()), processes=1).plain()))
    assert plain["stream"]["calls"]["asa_s"].keys() == {"mean", "low", "high", "replications"}
    assert plain["run"]["interactions"] > 80


def test_json_has_every_measure_also_where_there_was_nothing_to_measure() -> None:
    nobody = {**chancy(1), "agents": {"desk": {"count": 1, "shifts": [{"from": "2h", "until": "3h"}]}}}
    plain = simulate(scenario_of(nobody, configuration()), processes=1).plain()
    assert plain["all"].keys() == simulate(scenario_of(chancy(1), configuration()), processes=1).plain()["all"].keys()
    assert plain["stream"]["calls"]["asa_s"] == {"mean": None, "low": None, "high": None, "replications": 0}
    assert plain["class"]["desk"]["occupancy"]["mean"] is None
