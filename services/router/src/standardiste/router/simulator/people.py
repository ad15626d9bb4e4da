"""
Agents at work: they sign in and out, pause, answer, pass, talk and wrap up, each in the time that was drawn for it.

Who has work when a break or the end of the shift comes finishes it first: the status is chosen at once, and what was planned begins when the agent is not
ready. A missed offer leaves an agent not ready; after a while he comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from standardiste.common.events import commands as c
from standardiste.common.events import decisions as d
from standardiste.common.events import inputs
from standardiste.common.events.base import Event, Instant
from standardiste.common.events.model import AgentId, AgentState, InteractionId, OfferId, SessionId, StatusId, WrapUpMode
from standardiste.router.engine.state import AWAY, READY
from standardiste.router.simulator.clockwork import TENANT, Clockwork
from standardiste.router.simulator.customers import Case, Customers
from standardiste.router.simulator.scenario import AgentClass, Break, Scenario, Shift
from standardiste.router.simulator.tally import Tally

GATEWAY: Final = "g"
EXTENSION_MS_MAX: Final = 600_000
"""More time for a wrap-up, asked for at once."""


@dataclass(slots=True)
class Worker:
    """
    An agent as the simulation sees him. `pause_ms` is a break that begins as soon as he is not ready, `is_pausing` one that ends at `back_at`; `is_leaving`
    says that he goes as soon as he is not ready.
    `presence` counts what made him present or absent, so that an earlier plan to come back is known as stale.
    """

    id: AgentId
    crew: AgentClass
    dice: Random
    actor: c.Actor | None = None
    presence: int = 0
    pause_ms: int | None = None
    is_leaving: bool = False
    is_pausing: bool = False
    back_at: int = 0


class People:
    """Everybody who works."""

    def __init__(self, scenario: Scenario, replication: int, clockwork: Clockwork, customers: Customers, tally: Tally) -> None:
        self._scenario, self._clockwork, self._customers, self._tally = scenario, clockwork, customers, tally
        self._workers: dict[AgentId, Worker] = {}
        for crew in scenario.classes:
            for id in crew.agents:
                worker = self._workers[id] = Worker(id, crew, Random(f"{scenario.seed}/{replication}/agent/{id}"))
                self._plan_day(worker)
        clockwork.plan(scenario.begins, self._see_gateway)
        clockwork.reactions.update(
            {
                d.OfferMade: self._offered,
                d.OfferDeclined: self._declined,
                d.OfferExpired: self._expired,
                d.InteractionConnecting: self._connecting,
                d.InteractionActivated: self._activated,
                d.InteractionHeld: self._held,
                d.InteractionResumed: self._resumed,
                d.InteractionDisowned: self._disowned,
                d.InteractionWrapping: self._wrapping,
                d.InteractionClosed: self._closed,
                d.AgentStateChanged: self._changed,
                d.AgentStatusChanged: self._status_changed,
            }
        )

    def finish(self, at: int) -> None:
        """Count the time of everybody up to now."""
        for id, agent in self._clockwork.engine.live.agents.items():
            self._tally.spent(self._workers[id].crew.name, agent.view.state, agent.view.since, at)

    # ---- presence

    def _plan_day(self, worker: Worker) -> None:
        begins, plan = self._scenario.begins, self._clockwork.plan
        if not worker.crew.shifts:
            plan(begins, self._come, worker)
        for shift in worker.crew.shifts:
            self._plan_shift(worker, shift, begins, plan)

    def _plan_shift(self, worker: Worker, shift: Shift, begins: int, plan: Callable[[float, Callable[[Any], None], Any], None]) -> None:
        plan(begins + shift.from_ms, self._come, worker)
        for pause in shift.breaks:
            plan(begins + pause.at_ms, self._pause, (worker, pause))
        plan(begins + shift.until_ms, self._leave, worker)

    def _come(self, worker: Worker) -> None:
        worker.presence += 1
        worker.is_leaving, worker.is_pausing, worker.pause_ms = False, False, None
        if worker.actor is None:
            session = SessionId(f"s_{worker.id}_{worker.presence}")
            worker.actor = c.Actor(agent=worker.id, session=session)
            self._clockwork.send(inputs.SessionOpened(session=session, agent=worker.id, gateway=GATEWAY), worker.id)
        self._choose(worker, READY)

    def _choose(self, worker: Worker, status: StatusId) -> None:
        if worker.actor is not None:
            self._clockwork.send(c.SetStatus(actor=worker.actor, status=status), worker.id)

    def _pause(self, what: tuple[Worker, Break]) -> None:
        worker, pause = what
        if worker.actor is None or worker.is_leaving:
            return
        worker.presence += 1
        left_ms = max(0, worker.back_at - self._clockwork.at) if worker.is_pausing else worker.pause_ms or 0
        worker.pause_ms = left_ms + pause.length_ms  # one that came late is had in full before the next
        self._choose(worker, AWAY)
        self._when_not_ready(worker)

    def _leave(self, worker: Worker) -> None:
        if worker.actor is None:
            return
        worker.presence += 1
        worker.is_leaving = True
        self._choose(worker, AWAY)
        self._when_not_ready(worker)

    def _when_not_ready(self, worker: Worker) -> None:
        """Begin what was put off until work was done."""
        if self._clockwork.engine.live.agents[worker.id].view.state is not AgentState.NOT_READY:
            return
        if worker.is_leaving:
            self._clockwork.plan(self._clockwork.at, self._sign_out, (worker, worker.presence))
        elif worker.pause_ms is not None:
            self._plan_return(worker, worker.pause_ms)
            worker.back_at = self._clockwork.at + worker.pause_ms
            worker.pause_ms, worker.is_pausing = None, True

    def _sign_out(self, what: tuple[Worker, int]) -> None:
        worker, presence = what
        if worker.presence != presence or worker.actor is None or worker.actor.session is None:
            return
        closed = inputs.SessionClosed(session=worker.actor.session, agent=worker.id, gateway=GATEWAY, is_sign_out=True)
        worker.actor, worker.is_leaving = None, False
        self._clockwork.send(closed, worker.id)

    def _plan_return(self, worker: Worker, after_ms: int) -> None:
        self._clockwork.plan(self._clockwork.at + after_ms, self._return, (worker, worker.presence))

    def _return(self, what: tuple[Worker, int]) -> None:
        worker, presence = what
        if worker.presence == presence and not worker.is_leaving:
            worker.is_pausing = False
            self._choose(worker, READY)

    def _see_gateway(self, _: object = None) -> None:
        """
        The gateway is alive, and known to be for the whole run: once at the beginning, and again where an offer is about to expire, for only then the
        engine asks when it was last seen. Beats every 5 s would say nothing else and be most of what a quiet site does.
        """
        at, ends = self._clockwork.at, self._scenario.until_ms + self._scenario.length_ms
        seen = d.GatewaySeen(gateway=GATEWAY, until=Instant(ends + 1))
        self._clockwork.engine.apply(Event(id="lease", source=GATEWAY, subject=GATEWAY, tenant=TENANT, time=at, data=seen))

    def _status_changed(self, event: Event) -> None:
        data: d.AgentStatusChanged = event.data
        worker = self._workers[data.agent]
        if data.because == "missed" and worker.pause_ms is None and not worker.is_leaving and not worker.is_pausing:
            self._plan_return(worker, worker.crew.returns_after_ms)

    def _changed(self, event: Event) -> None:
        data: d.AgentStateChanged = event.data
        state = data.view.state
        if state is data.former:
            return
        worker = self._workers[data.view.id]
        self._tally.spent(worker.crew.name, data.former, data.former_since, self._clockwork.at)
        if state is AgentState.NOT_READY and (worker.is_leaving or worker.pause_ms is not None):
            self._when_not_ready(worker)

    # ---- offers

    def _offered(self, event: Event) -> None:
        offer = event.data.offer
        if offer.is_auto_accept:
            return
        worker = self._workers[offer.agent]
        crew = worker.crew
        chance = worker.dice.random()
        if chance < crew.misses:
            self._clockwork.plan(offer.expires_at, self._see_gateway)
            return
        answer = self._decline if chance < crew.misses + crew.declines else self._accept
        answers_at = self._clockwork.at + crew.answers_after.draw(worker.dice)
        self._clockwork.plan(answers_at, answer, (worker, offer.id))
        if round(answers_at) >= offer.expires_at:
            self._clockwork.plan(offer.expires_at, self._see_gateway)

    def _accept(self, what: tuple[Worker, OfferId]) -> None:
        self._answer(what, c.AcceptOffer)

    def _decline(self, what: tuple[Worker, OfferId]) -> None:
        self._answer(what, c.DeclineOffer)

    def _answer(self, what: tuple[Worker, OfferId], command: type[c.AcceptOffer] | type[c.DeclineOffer]) -> None:
        worker, offer = what
        if worker.actor is not None and offer in self._clockwork.engine.live.by_offer:
            self._clockwork.send(command(actor=worker.actor, offer=offer), worker.id)

    def _declined(self, event: Event) -> None:
        if self._tally.is_measured(self._clockwork.at):
            self._tally.crews[self._workers[event.data.agent].crew.name].declined += 1

    def _expired(self, event: Event) -> None:
        if self._tally.is_measured(self._clockwork.at):
            self._tally.crews[self._workers[event.data.agent].crew.name].missed += 1

    # ---- work

    def _connecting(self, event: Event) -> None:
        data: d.InteractionConnecting = event.data
        case = self._customers.cases[data.interaction]
        case.offer = data.offer
        self._clockwork.plan(self._clockwork.at + case.connect_ms, self._connect, (case, data.offer))

    def _connect(self, what: tuple[Case, OfferId]) -> None:
        case, offer = what
        if case.offer == offer and case.id in self._customers.cases:
            self._clockwork.send(inputs.MediaConnected(interaction=case.id, offer=offer), case.conversation)

    def _activated(self, event: Event) -> None:
        data: d.InteractionActivated = event.data
        case = self._customers.cases[data.interaction]
        if not case.is_settled:
            self._customers.answered(case)
        self._work(case, self._workers[data.owner], case.handle_ms * self._workers[data.owner].crew.pace)

    def _work(self, case: Case, worker: Worker, length_ms: float) -> None:
        case.work += 1
        case.done_at = self._clockwork.at + length_ms
        self._clockwork.plan(case.done_at, self._complete, (case, worker, case.work))

    def _complete(self, what: tuple[Case, Worker, int]) -> None:
        case, worker, work = what
        i = self._clockwork.engine.live.interactions.get(case.id)
        if i is not None and case.work == work and worker.actor is not None:
            completed = c.CompleteInteraction(actor=worker.actor, interaction=i.id, version=i.version)
            self._clockwork.send(completed, worker.id)

    def _held(self, event: Event) -> None:
        case = self._customers.cases[event.data.interaction]
        case.work += 1
        case.left_ms = max(0.0, case.done_at - self._clockwork.at)

    def _resumed(self, event: Event) -> None:
        case = self._customers.cases[event.data.interaction]
        self._work(case, self._workers[event.data.owner], case.left_ms)

    def _disowned(self, event: Event) -> None:
        self._customers.cases[event.data.interaction].work += 1

    def _wrapping(self, event: Event) -> None:
        data: d.InteractionWrapping = event.data
        case = self._customers.cases[data.interaction]
        if case.wraps_until is not None:
            return  # told again, of the more time that was asked for
        at, worker, length_ms = self._clockwork.at, self._workers[data.owner], case.wrap_up_ms
        case.work += 1
        if length_ms is None and data.ends_at is None:
            length_ms = 0.0  # without a length of its own, what has no deadline ends at once
        if length_ms is None:
            return
        case.wraps_until = round(at + length_ms)
        self._clockwork.plan(case.wraps_until, self._end_wrap_up, (case.id, worker, data.mode))
        if data.ends_at is not None and case.wraps_until > data.ends_at:
            self._clockwork.plan(at, self._extend_wrap_up, (case, worker))

    def _extend_wrap_up(self, what: tuple[Case, Worker]) -> None:
        """Ask for more time, as often as it takes, where a timed wrap-up would end before the agent is done."""
        case, worker = what
        i = self._clockwork.engine.live.interactions.get(case.id)
        if i is None or worker.actor is None or i.wrap_up_ends_at is None or case.wraps_until is None:
            return
        by_ms = min(EXTENSION_MS_MAX, case.wraps_until - i.wrap_up_ends_at)
        if by_ms > 0:
            extended = c.ExtendWrapUp(actor=worker.actor, interaction=case.id, version=i.version, by_ms=by_ms)
            self._clockwork.send(extended, worker.id)
            self._clockwork.plan(self._clockwork.at, self._extend_wrap_up, what)

    def _end_wrap_up(self, what: tuple[InteractionId, Worker, WrapUpMode]) -> None:
        id, worker, mode = what
        i = self._clockwork.engine.live.interactions.get(id)
        if i is None or worker.actor is None:
            return
        disposition = self._scenario.dispositions.get(i.requirement.queue) if mode is WrapUpMode.MANDATORY else None
        ended = c.EndWrapUp(actor=worker.actor, interaction=id, version=i.version, disposition=disposition)
        self._clockwork.send(ended, worker.id)

    def _closed(self, event: Event) -> None:
        data: d.InteractionClosed = event.data
        case = self._customers.cases.pop(data.interaction)
        if case.is_settled:
            if data.owner is not None:
                self._tally.handled(self._workers[data.owner].crew.name, data.owner, self._clockwork.at)
        elif case.is_measured:
            self._customers.open_measured -= 1
            self._tally.lost(case.stream.name, self._clockwork.at - case.arrived_at, data.reason)
