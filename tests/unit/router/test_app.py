"""The processor: records in, decisions, sends and state out; restored, it goes on; what it cannot take is dead-lettered or stops it by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from itertools import count

import pytest
from prometheus_client import REGISTRY

from standardiste.common.bus.port import Outgoing, Record
from standardiste.common.bus.topics import Topic, partition_of
from standardiste.common.errors import CorruptState
from standardiste.common.events import codec, inputs
from standardiste.common.events import commands as c
from standardiste.common.events.base import Data, Instant
from standardiste.common.events.decisions import CommandRefused, InteractionCreated
from standardiste.common.events.directory import ChangeSetCommitted
from standardiste.common.events.model import (
    AgentId,
    Channel,
    CloseReason,
    ContactId,
    ConversationId,
    InteractionId,
    LeftBecause,
    OfferId,
    SessionId,
    StatusId,
)
from standardiste.common.events.refusals import Refusal
from standardiste.common.testing.builders import AT, TENANT, configuration, contact, content, customer, event, person
from standardiste.common.testing.effort import calls_of
from standardiste.router.app import STEPS_MAX, TIDIED_EVERY_MS, Router
from standardiste.router.engine.memory import CLOSED_KEPT_MS, PACKED

ACTOR = c.Actor(agent=AgentId("anna"), session=SessionId("s1"))
SKIPPED = "standardiste_router_skipped_records_total"
SET_ASIDE = "standardiste_bus_dead_letters_total"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Log:
    """A partition's log around one processor: what goes in, what came out, and the compacted state."""

    def __init__(self) -> None:
        self.router = Router(0)
        self.offset = 0
        self.state: dict[str, Outgoing] = {}
        self.at = int(AT)

    def record(self, data: Data, *, tenant: str = TENANT, id: str = "", trace: str | None = None, at: int | None = None) -> Record:
        self.offset += 1
        out = codec.encode(event(data, id=id or f"x{self.offset}", tenant=tenant, traceparent=trace), Topic.INPUTS)
        return self.raw(out.value, out.headers, at=at)

    def raw(self, value: bytes | None, headers: dict[str, str] | object, *, at: int | None = None) -> Record:
        return Record(
            topic=Topic.INPUTS,
            partition=0,
            offset=self.offset,
            appended_at=Instant(self.at if at is None else at),
            key=TENANT,
            value=value,
            headers=dict(headers),  # type: ignore[call-overload]  # a test's own dict
        )

    def take(self, *records: Record) -> list[Outgoing]:
        """All of these, in as many transactions as the router makes of them."""
        out: list[Outgoing] = []
        while records:
            handled = self.router.handle(records)
            out += self.keep(handled.outputs)
            records = records[handled.taken :]
        return out

    def keep(self, outputs: Sequence[Outgoing]) -> list[Outgoing]:
        for out in outputs:
            if out.topic is Topic.ROUTER_STATE:
                if out.value is None:
                    self.state.pop(out.key, None)
                else:
                    self.state[out.key] = out
        return list(outputs)

    def open(self, tenant: str = TENANT) -> list[Outgoing]:
        entities = [self.record(entity, tenant=tenant) for entity in configuration(tenant_id=tenant)]
        commit = self.record(ChangeSetCommitted(number=1, members=len(entities), by="p", committed_at=AT), tenant=tenant)
        sign_in = self.record(inputs.SessionOpened(session=SessionId("s1"), agent=AgentId("anna"), gateway="g1"), tenant=tenant)
        return self.take(*entities, commit, sign_in, self.record(c.SetStatus(actor=ACTOR, status=StatusId("ready")), tenant=tenant))

    def chat(self, id: str = "m1", tenant: str = TENANT) -> list[Outgoing]:
        made = contact(
            id, channel=Channel.CHAT, conversation=ConversationId(f"c_{id}"), content=content("mon secret"), address="visitor-77"
        )
        identified = inputs.ContactIdentified(
            contact=made.id, receipt=made.receipt, conversation=ConversationId(f"c_{id}"), customer=customer(name="Anne Onyme")
        )
        return self.take(
            self.record(inputs.ContactReceived(contact=made), id=id, trace=TRACE, tenant=tenant), self.record(identified, tenant=tenant)
        )

    def restarted(self, into: Router | None = None) -> Router:
        self.router = into or Router(0)
        records = [self._state_record(out, number) for number, out in enumerate(self.state.values())]
        self.router.restore(records[:5])
        self.router.restore(records[5:])
        self.keep(self.router.resumed(Instant(self.at), 100))
        return self.router

    def _state_record(self, out: Outgoing, offset: int) -> Record:
        return Record(topic=out.topic, partition=0, offset=offset, appended_at=AT, key=out.key, value=out.value, headers=out.headers)


def types(outputs: Sequence[Outgoing], topic: Topic = Topic.DECISIONS) -> list[str]:
    return [out.headers["ce_type"].removeprefix("standardiste.").removesuffix(".v1") for out in outputs if out.topic is topic]


@pytest.fixture
def log() -> Log:
    made = Log()
    made.open()
    return made


def test_decisions_go_out_keyed_by_tenant_with_their_step_instant_and_change_set(log: Log) -> None:
    outputs = [out for out in log.chat() if out.topic is Topic.DECISIONS]
    first = outputs[0]
    assert (first.tenant, first.key) == (TENANT, TENANT)
    assert (first.headers["step"], first.headers["at"], first.headers["change-set"]) == (f"inputs:{log.offset - 1}", str(AT), "1")
    assert types(outputs) == [
        "interaction.created",
        "interaction.routed",
        "message.received",
        "customer.identified",
        "interaction.queued",
        "offer.made",
        "agent.state-changed",
    ]


def test_an_interactions_own_trace_is_on_each_of_its_events(log: Log) -> None:
    traced = {out.headers["ce_type"]: out.headers.get("traceparent") for out in log.chat() if out.headers.get("ce_subject") == "in_m1"}
    assert set(traced.values()) == {TRACE}


def test_readers_are_named_in_the_to_header(log: Log) -> None:
    to = {kind: out.headers.get("to") for out, kind in zip(log.chat(), types(log.chat("m2")), strict=False)}
    assert to["interaction.queued"] == "queue:main"
    assert to["offer.made"] == "agent:anna"
    assert to["interaction.created"] is None


def test_what_a_channel_must_do_goes_to_its_topic_keyed_by_conversation(log: Log) -> None:
    log.chat()
    accepted = log.take(log.record(c.AcceptOffer(actor=ACTOR, offer=OfferId("in_m1-o1"))))
    sent = log.take(log.record(c.SendMessage(actor=ACTOR, interaction=InteractionId("in_m1"), content=content("oui"))))
    assert types(accepted, Topic.OUTBOUND_CHAT) == ["conversation.joined"]
    assert types(sent, Topic.OUTBOUND_CHAT) == ["message.deliver"]
    assert [out.key for out in sent if out.topic is Topic.OUTBOUND_CHAT] == [f"{TENANT}/c_m1"]


def test_each_entity_is_written_once_a_batch_and_gone_is_a_tombstone(log: Log) -> None:
    log.chat()
    offer = OfferId("in_m1-o1")
    closing = log.take(
        log.record(c.AcceptOffer(actor=ACTOR, offer=offer)),
        log.record(c.CompleteInteraction(actor=ACTOR, interaction=InteractionId("in_m1"), version=4)),
        log.record(c.EndWrapUp(actor=ACTOR, interaction=InteractionId("in_m1"), version=5)),
    )
    keys = [out.key for out in closing if out.topic is Topic.ROUTER_STATE]
    assert len(keys) == len(set(keys))
    assert [out.key for out in closing if out.topic is Topic.ROUTER_STATE and out.value is None] == [f"{TENANT}/interaction/in_m1"]
    assert f"{TENANT}/closed/in_m1" in keys


@pytest.mark.parametrize("is_apart", [False, True], ids=["in one batch", "in two"])
@pytest.mark.parametrize(
    ("later_ms", "refusals"),
    [(CLOSED_KEPT_MS - 1, ["interaction_closed", "offer_ended"]), (CLOSED_KEPT_MS, ["unknown_interaction", "unknown_offer"])],
    ids=["within a day", "after it"],
)
def test_what_is_closed_is_known_for_a_day_wherever_a_batch_ended(log: Log, later_ms: int, refusals: list[str], is_apart: bool) -> None:
    log.chat()
    offer, interaction = OfferId("in_m1-o1"), InteractionId("in_m1")
    closing = [
        log.record(c.AcceptOffer(actor=ACTOR, offer=offer)),
        log.record(c.CompleteInteraction(actor=ACTOR, interaction=interaction, version=4)),
        log.record(c.EndWrapUp(actor=ACTOR, interaction=interaction, version=5)),
    ]
    log.at += later_ms
    back = c.Actor(agent=AgentId("anna"), session=SessionId("s2"))
    beat = log.record(inputs.GatewayBeat(gateway="g1", sessions=0))
    asking = [
        log.record(inputs.SessionOpened(session=SessionId("s2"), agent=AgentId("anna"), gateway="g1")),
        log.record(c.HoldInteraction(actor=back, interaction=interaction, version=6)),
        log.record(c.AcceptOffer(actor=back, offer=offer)),
    ]
    outputs = [*log.take(*closing, beat), *log.take(*asking)] if is_apart else log.take(*closing, beat, *asking)
    refused = [codec.load_data(CommandRefused, out.value or b"") for out in outputs if is_refusal(out)]
    assert [each.reason for each in refused] == refusals


def is_refusal(out: Outgoing) -> bool:
    return out.headers.get("ce_type") == "standardiste.command.refused.v1"


def test_router_state_holds_no_word_address_or_name_of_a_customer(log: Log) -> None:
    log.chat()
    whole = b"".join(out.value or b"" for out in log.state.values())
    assert [word for word in (b"secret", b"visitor-77", b"Onyme", b"help@example.com") if word in whole] == []


def test_restored_it_goes_on_mid_offer_with_the_same_decisions(log: Log) -> None:
    log.chat()
    before = log.router
    restored = log.restarted()
    log.keep(before.resumed(Instant(log.at), 100))
    accept = log.record(c.AcceptOffer(actor=ACTOR, offer=OfferId("in_m1-o1")))
    assert before.handle([accept]) == restored.handle([accept])
    assert before.fire(Instant(log.at + 60_000)) == restored.fire(Instant(log.at + 60_000))


def test_what_a_change_of_configuration_says_of_many_it_says_in_the_same_order_after_a_restart() -> None:
    def said(*, is_restarted: bool) -> list[str]:
        log = Log()
        log.open()
        log.take(log.record(c.SetStatus(actor=ACTOR, status=StatusId("away"))))
        log.take(*(log.record(inputs.ContactReceived(contact=contact(id, channel=Channel.CHAT)), id=id) for id in ("m9", "m3", "m5")))
        log.at += 1_000
        log.keep(log.router.fire(Instant(log.at)))
        if is_restarted:
            log.restarted()
        gone = [log.record(person(id, change_set=2, is_archived=True)) for id in ("anna", "ben")]
        decided = log.take(*gone, log.record(ChangeSetCommitted(number=2, members=2, by="p", committed_at=AT)))
        return [out.headers["ce_subject"] for out in decided if out.headers.get("ce_type") == "standardiste.skill.unstaffed.v1"]

    assert said(is_restarted=False) == said(is_restarted=True) == ["in_m3", "in_m5", "in_m9"]


def test_deadlines_fire_before_a_later_record_each_as_its_own_step(log: Log) -> None:
    made = contact("m9")
    log.take(log.record(inputs.ContactReceived(contact=made), id="m9"))
    log.at += 2_000
    outputs = log.take(log.record(inputs.GatewayBeat(gateway="g1", sessions=1)))
    queued = next(out for out in outputs if out.headers["ce_type"] == "standardiste.interaction.queued.v1")
    assert (queued.headers["step"], queued.headers["at"]) == (f"identify:{AT + 500}:in_m9", str(AT + 500))


def test_after_a_pause_thousands_of_deadlines_fire_in_parts_in_the_order_of_one_go(log: Log) -> None:
    later = Instant(AT + 2_000)
    for n in range(2 * STEPS_MAX + 100):
        log.take(log.record(inputs.ContactReceived(contact=contact(f"c{n}")), id=f"c{n}"))
    log.restarted()
    in_one_go = log.restarted().engines[TENANT]
    log.restarted()
    beat = log.record(inputs.GatewayBeat(gateway="g1", sessions=1), at=later)
    expected: list[bytes] = []
    while (fired := in_one_go.fire_next(Instant(later - 1))) is not None:
        expected += [codec.dump_data(each.data) for each in fired.events]
    parts = [log.router.handle([beat])]
    while not parts[-1].taken:
        parts.append(log.router.handle([beat]))
    steps = [len({out.headers["step"] for out in part.outputs if "step" in out.headers}) for part in parts]
    assert (len(steps), max(steps)) == (3, STEPS_MAX)
    decided = [out for part in parts for out in part.outputs if out.topic is Topic.DECISIONS]
    assert expected == [out.value for out in decided if not out.headers["step"].startswith("inputs:")]
    assert decided[-1].headers["step"] == f"inputs:{beat.offset}"


def test_a_transaction_ends_after_a_while_whatever_is_left_but_does_one_step_at_least(log: Log) -> None:
    for n in range(3):
        log.take(log.record(inputs.ContactReceived(contact=contact(f"c{n}")), id=f"c{n}"))
    seconds = count(step=0.15)
    log.restarted(Router(0, seconds=lambda: next(seconds)))
    ends: list[int] = []
    while log.router.next_deadline() == AT + 500:
        ends.append(len({out.headers["step"] for out in log.router.fire(Instant(AT + 500)) if "step" in out.headers}))
    assert ends == [2, 1]


def test_fire_does_what_is_due_and_no_more(log: Log) -> None:
    log.take(log.record(inputs.ContactReceived(contact=contact("m9")), id="m9"))
    assert log.router.next_deadline() == AT + 500
    assert types(log.router.fire(Instant(AT + 499))) == []
    assert types(log.router.fire(Instant(AT + 500))) == ["interaction.queued", "offer.made", "agent.state-changed"]


def test_tenants_of_a_partition_do_not_touch_each_other() -> None:
    log = Log()
    log.open("t1")
    log.open("t2")
    log.chat("m1", tenant="t1")
    assert [set(log.router.engines[tenant].live.interactions) for tenant in ("t1", "t2")] == [{"in_m1"}, set()]


def cost_among(tenants: int) -> int:
    """Of one contact and its identification in a partition of so many tenants."""
    log = Log()
    for n in range(tenants):
        log.open(f"t{n}")
    return calls_of(lambda: log.chat("m1", tenant="t1"))


def test_a_batch_costs_the_same_however_many_tenants_it_does_not_touch() -> None:
    assert cost_among(60) == cost_among(3)


def test_what_is_over_leaves_the_state_in_its_time_though_nothing_is_said_of_its_tenant() -> None:
    log = Log()
    log.open("t1")
    log.open("t2")
    log.chat("m1", tenant="t1")
    left = inputs.ContactLeft(contact=ContactId("m1"), conversation=ConversationId("c_m1"), because=LeftBecause.SAID_GOODBYE)
    log.take(log.record(left, tenant="t1"))
    kept: list[bool] = []
    for later_ms in (CLOSED_KEPT_MS - 1, CLOSED_KEPT_MS + TIDIED_EVERY_MS):
        log.take(log.record(inputs.GatewayBeat(gateway="g1", sessions=1), tenant="t2", at=AT + later_ms))
        kept.append("t1/closed/in_m1" in log.state)
    assert kept == [True, False]


def closing(log: Log, ids: Sequence[str]) -> list[Outgoing]:
    """Contacts that are closed as they come, each in a batch of its own."""
    spam = (contact(id, close_as=CloseReason.SPAM) for id in ids)
    return [out for each in spam for out in log.take(log.record(inputs.ContactReceived(contact=each), id=each.id))]


def of_kind(log: Log, kind: str) -> list[str]:
    return [key for key in log.state if key.startswith(f"{TENANT}/{kind}/")]


def test_the_oldest_closed_are_written_once_more_together_and_their_own_records_end_with_that(log: Log) -> None:
    closing(log, [f"s{n}" for n in range(2 * PACKED)])
    assert (len(of_kind(log, "closed")), of_kind(log, "closed-pack")) == (2 * PACKED, [])
    last = [out for out in closing(log, ["last"]) if out.topic is Topic.ROUTER_STATE]
    tombstones = [out.key for out in last if out.value is None and "/closed/" in out.key]
    (pack,) = [out for out in last if "/closed-pack/" in out.key]
    assert ([f"{TENANT}/closed/in_s{n}" for n in range(PACKED)], "2") == (tombstones, pack.headers["format"])
    assert (len(of_kind(log, "closed")), of_kind(log, "closed-pack")) == (PACKED + 1, [pack.key])


def test_a_restart_knows_what_is_packed_as_it_knew_it_before_and_forgets_it_after_its_day(log: Log) -> None:
    closing(log, [f"s{n}" for n in range(2 * PACKED + 1)])
    before = log.router
    restored = log.restarted()
    log.keep(before.resumed(Instant(log.at), 100))
    repeats = [log.record(inputs.ContactReceived(contact=contact(id)), id=f"again {id}") for id in ("s0", f"s{PACKED - 1}", "s300")]
    handled = restored.handle(repeats)
    assert before.handle(repeats) == handled
    assert types(handled.outputs) == ["contact.repeated"] * 3
    log.keep(handled.outputs)
    log.take(log.record(inputs.GatewayBeat(gateway="g1", sessions=1), at=log.at + CLOSED_KEPT_MS))
    assert of_kind(log, "closed") + of_kind(log, "closed-pack") == []


def test_a_customer_who_hung_up_a_moment_ago_keeps_his_age_though_he_is_packed_and_the_router_restarted(log: Log) -> None:
    def calls(id: str) -> Record:
        made = contact(id, channel=Channel.VOICE, conversation=ConversationId("c_v"), is_live=True)
        return log.record(inputs.ContactReceived(contact=made), id=id)

    log.take(calls("v1"))
    log.at += 10_000
    log.take(log.record(inputs.ContactLeft(contact=ContactId("v1"), conversation=ConversationId("c_v"), because=LeftBecause.HUNG_UP)))
    assert f"{TENANT}/closed/in_v1" in log.state
    closing(log, [f"s{n}" for n in range(2 * PACKED)])
    assert f"{TENANT}/closed/in_v1" not in log.state
    log.restarted()
    log.at += 10_000
    created = codec.load_data(InteractionCreated, log.take(calls("v2"))[0].value or b"")
    assert (created.linked_to, created.enqueued_at) == ("in_v1", AT)


def test_a_contact_of_an_unknown_tenant_is_dead_lettered_and_its_receipt_says_so() -> None:
    log = Log()
    outputs = log.take(log.record(inputs.ContactReceived(contact=contact()), tenant="nobody"))
    assert types(outputs) == ["contact.undeliverable"]
    dead = [out for out in outputs if out.topic is Topic.DEAD_LETTERS]
    assert [(out.tenant, out.headers["dl-reason"].split(":")[0]) for out in dead] == [("nobody", "unknown_tenant")]


def test_the_receipt_of_a_contact_that_is_set_aside_says_so_but_not_of_a_repeat_nor_of_another_fact(log: Log) -> None:
    log.chat()
    new, known = (log.record(inputs.ContactReceived(contact=contact(id, channel=Channel.SMS)), id=id) for id in ("m7", "m1"))
    told = log.keep(log.router.buried(new, "KeyError at offers.py:7"))
    assert types(told) == ["contact.undeliverable"]
    said = json.loads(told[0].value or b"")
    assert (said["receipt"], said["reason"], said["detail"]) == ("r_m7", "not_handled", "KeyError at offers.py:7")
    assert told[0].headers["step"] == f"inputs:{new.offset}"
    others = (known, log.record(inputs.GatewayBeat(gateway="g1", sessions=1)), log.raw(b"no json", new.headers), log.raw(b"", {}))
    assert [types(log.router.buried(other, "")) for other in others] == [[], [], [], []]
    log.restarted()
    assert types(log.take(new))[0] == "interaction.created", "re-driven it is taken after all"


def refusal(outputs: Sequence[Outgoing]) -> CommandRefused:
    (answer,) = [out for out in outputs if out.headers.get("ce_type") == "standardiste.command.refused.v1"]
    return codec.load_data(CommandRefused, answer.value or b"")


def test_who_gave_a_command_that_is_set_aside_is_refused_by_name_and_again_when_it_is_repeated(log: Log) -> None:
    asked = log.record(c.SetStatus(actor=ACTOR, status=StatusId("ready")), id="cmd1", trace=TRACE)
    told = log.keep(log.router.buried(asked, "KeyError at desk.py:7"))
    assert types(told) == ["command.refused"]
    assert (told[0].headers["to"], told[0].headers["traceparent"]) == ("agent:anna session:s1", TRACE)
    said = refusal(told)
    assert (said.command, said.command_type, said.reason) == ("cmd1", "standardiste.status.set.v1", Refusal.NOT_HANDLED)
    assert "desk.py" not in said.detail
    log.restarted()
    assert refusal(log.take(asked)) == said


def test_a_command_that_was_answered_before_it_was_set_aside_keeps_its_answer(log: Log) -> None:
    asked = log.record(c.SetStatus(actor=ACTOR, status=StatusId("ready")), id="cmd1")
    log.take(asked)
    assert types(log.router.buried(asked, "")) == ["command.done"]


def test_a_command_that_cannot_be_read_is_set_aside_at_once_and_its_asker_told(log: Log) -> None:
    before = REGISTRY.get_sample_value(SET_ASIDE, {"topic": "inputs"}) or 0
    good = log.record(c.SetStatus(actor=ACTOR, status=StatusId("ready")), id="cmd1")
    bad = log.raw(b'{"actor":{"agent":"anna","session":"s1"},"status":7}', good.headers)
    outputs = log.take(bad, log.record(inputs.GatewayBeat(gateway="g1", sessions=1)))
    said = refusal(outputs)
    assert (said.command, said.command_type, said.reason) == ("cmd1", "standardiste.status.set.v1", Refusal.MALFORMED)
    (dead,) = [out for out in outputs if out.topic is Topic.DEAD_LETTERS]
    assert (dead.value, dead.headers["dl-reason"].split(":")[0]) == (bad.value, "invalid_field")
    assert REGISTRY.get_sample_value(SET_ASIDE, {"topic": "inputs"}) == before + 1


@pytest.mark.parametrize("value", [b"no json", b"{}", b'{"actor":{}}', b'{"actor":{"agent":7}}'])
def test_what_cannot_be_read_at_all_is_set_aside_and_the_rest_of_the_batch_goes_on(log: Log, value: bytes) -> None:
    headers = log.record(c.SetStatus(actor=ACTOR, status=StatusId("ready"))).headers
    outputs = log.take(log.raw(value, headers), log.record(inputs.ContactReceived(contact=contact("m1", channel=Channel.SMS))))
    assert types(outputs)[0] == "interaction.created"
    assert [out.value for out in outputs if out.topic is Topic.DEAD_LETTERS] == [value]


def test_a_command_of_a_type_that_is_not_known_is_refused_by_name(log: Log) -> None:
    headers = log.record(c.SetStatus(actor=ACTOR, status=StatusId("ready")), id="cmd1").headers
    newer = log.raw(b'{"actor":{"api_key":"k1"},"thing":1}', {**headers, "ce_type": "standardiste.future.do.v1"})
    outputs = log.take(newer)
    said = refusal(outputs)
    assert (said.command, said.command_type, said.reason) == ("cmd1", "standardiste.future.do.v1", Refusal.UNKNOWN_TYPE)
    assert [out for out in outputs if out.topic is Topic.DEAD_LETTERS] == []


def test_a_router_that_left_its_partition_shows_nobody_waiting_there(log: Log) -> None:
    waiting = partial(REGISTRY.get_sample_value, "standardiste_router_waiting", {"partition": "0"})
    log.router.left()
    log.restarted()
    assert waiting() == 0
    log.take(*(log.record(inputs.ContactReceived(contact=contact(f"w{n}", channel=Channel.VOICE, is_live=True))) for n in range(4)))
    log.take(log.record(inputs.GatewayBeat(gateway="g1", sessions=1), at=log.at + 1_000))
    assert waiting() == 4
    log.router.left()
    assert waiting() is None


def test_an_unknown_type_is_skipped_and_counted() -> None:
    log = Log()
    before = REGISTRY.get_sample_value(SKIPPED)
    headers = {
        "ce_type": "standardiste.future.thing.v1",
        "ce_id": "1",
        "ce_tenant": TENANT,
        "ce_time": "2026-01-01T00:00:00Z",
        "ce_source": "x",
    }
    assert (log.take(log.raw(b"{}", headers)), REGISTRY.get_sample_value(SKIPPED)) == ([], (before or 0) + 1)


def test_a_tombstone_of_the_directory_says_nothing(log: Log) -> None:
    assert log.take(log.raw(None, {})) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (f"{TENANT}/interaction/in_x", b'{"id":"in_x"}'),
        (f"{TENANT}/interaction/in_x", b"not json"),
        (f"{TENANT}/nonsense/x", b"{}"),
        (f"{TENANT}/entity/nonsense/x", b"{}"),
    ],
)
def test_corrupt_state_stops_the_partition_by_name(key: str, value: bytes) -> None:
    router = Router(0)
    router.restore([Record(topic=Topic.ROUTER_STATE, partition=0, offset=7, appended_at=AT, key=key, value=value, headers={})])
    with pytest.raises(CorruptState, match="offset 7"):
        router.resumed(AT, 100)


def test_a_corrupt_record_that_a_later_one_replaces_stops_nothing() -> None:
    router, key = Router(0), f"{TENANT}/interaction/in_x"
    for offset, value in enumerate((b"not json", None)):
        router.restore([Record(topic=Topic.ROUTER_STATE, partition=0, offset=offset, appended_at=AT, key=key, value=value, headers={})])
    router.resumed(AT, 100)
    assert router.engines[TENANT].live.interactions == {}


def test_state_that_does_not_add_up_stops_the_partition_by_name(log: Log) -> None:
    log.chat()
    del log.state[f"{TENANT}/interaction/in_m1"]
    with pytest.raises(CorruptState, match="1 came, 0 closed, but 0 are live"):
        log.restarted()


def test_a_tenant_of_another_partition_stops_this_one_by_name(log: Log) -> None:
    count = next(n for n in range(2, 99) if partition_of(TENANT, n) != 0)
    with pytest.raises(CorruptState, match=f"tenant {TENANT} belongs to partition {partition_of(TENANT, count)} of {count}"):
        log.restarted(Router(0, partitions=count))
    assert log.restarted(Router(0, partitions=1)).engines.keys() == {TENANT}


def test_a_tenant_without_its_counters_does_not_count_anew(log: Log) -> None:
    del log.state[f"{TENANT}/meta/"]
    with pytest.raises(CorruptState, match=f"tenant {TENANT}: its counters are missing"):
        log.restarted()


def test_what_another_tenant_left_does_not_make_a_tenant(log: Log) -> None:
    value = log.state[f"{TENANT}/agent/anna"].value
    log.state["t9/agent/anna"] = Outgoing(topic=Topic.ROUTER_STATE, tenant="t9", key="t9/agent/anna", value=value)
    with pytest.raises(CorruptState, match="tenant t9: its counters are missing"):
        log.restarted()


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("entity/queue/main", "13 entities where 14 were written"),
        ("agent/anna", "0 agents where 1 were written"),
    ],
)
def test_a_record_that_is_missing_is_missed(log: Log, gone: str, said: str) -> None:
    del log.state[f"{TENANT}/{gone}"]
    with pytest.raises(CorruptState, match=said):
        log.restarted()


def test_work_of_an_agent_of_whom_there_is_no_record_stops_the_partition_by_name(log: Log) -> None:
    log.chat()
    del log.state[f"{TENANT}/agent/anna"]
    with pytest.raises(CorruptState, match="in_m1 is with anna, an agent of whom there is no record"):
        log.restarted()


@pytest.mark.parametrize(
    ("kind", "id", "changed", "said"),
    [
        ("interaction", "in_m1", {"id": "in_m2"}, "it holds 'in_m2'"),
        ("agent", "anna", {"id": "ben"}, "it holds 'ben'"),
        ("gateway", "g1", {"name": "g2"}, "it holds 'g2'"),
        ("meta", "", {"tenant": "t2"}, "it holds None"),
        ("entity", "queue/main", {"id": "sales"}, "it holds 'queue/sales'"),
        ("meta", "", {"dated": {"soon": 1}}, "a record says what cannot be"),
        ("interaction", "in_m1", {"step": -9, "state": "queued", "offers": []}, "a record says what cannot be"),
    ],
)
def test_a_record_that_is_not_what_its_key_says_or_cannot_be_stops_the_partition_by_name(
    log: Log, kind: str, id: str, changed: dict[str, object], said: str
) -> None:
    log.chat()
    key = f"{TENANT}/{kind}/{id}"
    value = json.dumps({**json.loads(log.state[key].value or b""), **changed}).encode()
    log.state[key] = Outgoing(topic=Topic.ROUTER_STATE, tenant=TENANT, key=key, value=value)
    with pytest.raises(CorruptState, match=said):
        log.restarted()


@pytest.mark.parametrize("value", [b"{}", None])
def test_a_format_that_is_no_number_is_a_corrupt_record_like_any_other(value: bytes | None) -> None:
    router, key = Router(0), f"{TENANT}/interaction/in_x"
    of = {"topic": Topic.ROUTER_STATE, "partition": 0, "offset": 7, "appended_at": AT, "key": key, "value": value}
    router.restore([Record(**of, headers={"format": "1\N{LATIN SMALL LETTER E}"})])  # type: ignore[arg-type]  # the fields of a record
    with pytest.raises(CorruptState, match="a format is a number"):
        router.resumed(AT, 100)


def test_a_change_set_that_can_no_longer_be_put_in_force_stops_the_partition_by_name(log: Log) -> None:
    key = f"{TENANT}/entity/queue/main"
    broken = {**json.loads(log.state[key].value or b""), "filters": ["unheard_of"]}
    log.state[key] = Outgoing(topic=Topic.ROUTER_STATE, tenant=TENANT, key=key, value=json.dumps(broken).encode())
    with pytest.raises(CorruptState, match="unknown_filter"):
        log.restarted()
