"""
Sessions and gateways: who is there, and what happens to the work of whoever is not.

A closed session has 10 s to come back anywhere; a gateway silent for 15 s closes what still belongs to it. Open work of a lost agent, by channel: voice,
the media decides; chat, SMS and social are queued again after 60 s at their age, with a word to the customer; e-mail and other are kept 8 h.
"""

from __future__ import annotations

from typing import Final

from standardiste.common.events import decisions as d
from standardiste.common.events import inputs
from standardiste.common.events.base import Instant
from standardiste.common.events.model import AgentId, Channel, CloseReason, InteractionState, QueuedBecause, Withdrawal
from standardiste.common.events.outbound import TellNotice
from standardiste.router.engine import consults, handing, limits, offers, supervising
from standardiste.router.engine.changes.people import GATEWAY_LEASE_MS, SESSION_GRACE_MS
from standardiste.router.engine.due import LOST_LONG_MS, LOST_SHORT_MS
from standardiste.router.engine.live import Live
from standardiste.router.engine.state import AWAY, Agent, Interaction
from standardiste.router.engine.step import Step, conversation_of, has_media, is_over

SILENT_MS: Final = 10_000
"""A gateway that missed two beats is silent; what expires meanwhile is nobody's fault."""

LOST_MS: Final = {
    Channel.CHAT: LOST_SHORT_MS,
    Channel.SMS: LOST_SHORT_MS,
    Channel.SOCIAL: LOST_SHORT_MS,
    Channel.EMAIL: LOST_LONG_MS,
    Channel.OTHER: LOST_LONG_MS,
    Channel.VOICE: LOST_LONG_MS,
    Channel.CALLBACK: LOST_LONG_MS,
}
"""How long open work waits for its lost agent. A live call does not: the media decides. What is left of one, as a voicemail, waits as mail does."""


def opened(step: Step, data: inputs.SessionOpened) -> None:
    """A desk connected. The same session moves; a new one supersedes the older; a desk that has the tail itself wants no snapshot."""
    live = step.live
    former = live.agents.get(data.agent)
    is_same = former is not None and former.session == data.session
    superseded = None
    if former is not None and former.session is not None and not is_same:
        superseded = former.session
        ended = d.SessionEnded(session=superseded, agent=data.agent, because="superseded")
        step.tell_agent(ended, data.agent, f"session:{superseded}")
    started = d.SessionStarted(session=data.session, agent=data.agent, gateway=data.gateway, superseded=superseded, is_back=is_same)
    step.tell_agent(started, data.agent, f"session:{data.session}", *((f"session:{superseded}",) if superseded else ()))
    if former is None or former.session is None:
        step.tell_agent(d.AgentIdleReset(agent=data.agent, idle_since=step.at), data.agent)
    if not (is_same and data.is_resuming):
        step.snapshots[data.session] = data.agent


def closed(step: Step, data: inputs.SessionClosed) -> None:
    """The socket is gone. A report on a session that moved elsewhere, or was superseded, says nothing."""
    agent = step.live.agents.get(data.agent)
    if agent is None or agent.session != data.session or agent.gateway != data.gateway:
        return
    if data.is_sign_out:
        end(step, agent, "signed_out")
    elif agent.grace_until is None:
        lose(step, agent)


def lose(step: Step, agent: Agent) -> None:
    """Ten seconds to come back; nothing new meanwhile."""
    assert agent.session is not None, "only an open session is lost"
    step.tell_agent(d.SessionLost(session=agent.session, agent=agent.id, until=Instant(step.at + SESSION_GRACE_MS)), agent.id)


def end(step: Step, agent: Agent, because: str) -> None:
    """Over. Open offers go back; owned work waits for its own deadline; the next session begins not ready."""
    assert agent.session is not None, "only an open session ends"
    reason = Withdrawal.AGENT_UNAVAILABLE if because == "signed_out" else Withdrawal.AGENT_LOST
    step.tell_agent(d.SessionEnded(session=agent.session, agent=agent.id, because=because), agent.id, f"session:{agent.session}")
    offers.withdraw_all(step, agent.id, reason)
    drop_transfers_to(step, agent.id)
    consults.leave_all(step, agent.id, "agent_lost")
    _stop_supervising(step, agent.id)
    changed = step.live.agents[agent.id]
    if changed.status != AWAY or changed.next_status is not None:
        step.tell_agent(d.AgentStatusChanged(agent=agent.id, status=AWAY, next_status=None, because=because), agent.id)


def _stop_supervising(step: Step, agent: AgentId) -> None:
    """Who is gone no longer listens."""
    for id in sorted(step.live.supervised_by.get(agent, ())):
        supervising.end(step, step.now(id), agent)


def drop_transfers_to(step: Step, agent: AgentId) -> None:
    """Who waits for an agent that is gone gets the work back."""
    for id in sorted(step.live.handed_to.get(agent, ())):
        i = step.now(id)
        assert i.transfer is not None, "indexed by its transfer"
        step.tell(d.TransferCancelled(interaction=id, version=i.version + 1, by=i.transfer.by, because="agent_away"), i)


def beat(step: Step, data: inputs.GatewayBeat) -> None:
    """This gateway is alive."""
    step.emit(d.GatewaySeen(gateway=data.gateway, until=Instant(step.at + GATEWAY_LEASE_MS)), data.gateway)


def gateway_lost(step: Step, name: str) -> None:
    """Silent for 15 s: its sessions have their grace."""
    step.emit(d.GatewayLost(gateway=name), name)
    for agent in sorted(step.live.agents.values(), key=lambda agent: agent.id):
        if agent.gateway == name and agent.session is not None and agent.grace_until is None:
            lose(step, agent)


def is_silent(live: Live, agent: Agent, at: Instant) -> bool:
    """Whether what an agent does could not reach us now: in its grace, or its gateway silent."""
    if agent.session is None or agent.grace_until is not None:
        return True
    gateway = live.gateways.get(agent.gateway)
    return gateway is None or at - gateway.seen_at > SILENT_MS


def lost_for_long(step: Step, agent: Agent) -> None:
    """Whoever is still away: work whose patience is over goes to who confers about it, or back to its queue, or is closed where only notes were missing."""
    assert agent.lost_at is not None, "a lost agent"
    for work in sorted(step.live.owned_by(agent.id), key=lambda work: work.id):
        give_back(step, step.now(work.id))


def give_back(step: Step, work: Interaction) -> None:
    """What its lost agent owns, once its patience is over. A call waits for its media, and a chat whose customer is away for his return: nobody could talk to him."""
    agent = step.live.agents.get(work.owner) if work.owner is not None else None
    if agent is None or agent.lost_at is None or (has_media(work) and not is_over(work)) or work.away_since is not None:
        return
    patience_ms = LOST_SHORT_MS if work.state is InteractionState.WRAPPING else LOST_MS[work.facts.channel]
    if step.at - agent.lost_at >= patience_ms:
        _give_back(step, work)


def _give_back(step: Step, i: Interaction) -> None:
    if i.state is InteractionState.WRAPPING or is_over(i):
        offers.close(step, i, CloseReason.HANDLED, "agent_lost")
        return
    conference = handing.conference_of(i)
    if conference is not None:
        handing.leave(step, i, conference)
        return
    offers.requeue(step, i, QueuedBecause.AGENT_LOST)
    if i.facts.channel in (Channel.CHAT, Channel.SMS, Channel.SOCIAL):
        step.send(TellNotice(conversation=conversation_of(i), notice="agent_lost.requeued"), step.now(i.id))
    limits.check_back(step, step.now(i.id))
