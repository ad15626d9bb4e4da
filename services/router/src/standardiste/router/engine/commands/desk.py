"""Commands about the agent: take or pass an offer, status, rest, snapshot."""

from __future__ import annotations

from standardiste.common.events import commands as c
from standardiste.common.events import decisions as d
from standardiste.common.events.base import Instant
from standardiste.common.events.model import InteractionId, OfferId, QueuedBecause, Withdrawal
from standardiste.common.events.refusals import Refusal
from standardiste.router.engine import agents, offers, sessions
from standardiste.router.engine.commands.answers import Asker, Done, Refused, done
from standardiste.router.engine.state import Interaction, Offer
from standardiste.router.engine.step import Step


def accept(step: Step, asker: Asker, data: c.AcceptOffer) -> Done | Refused:
    """The first accept wins."""
    found = _find(step, asker, data.offer)
    if isinstance(found, Refused):
        return found
    i, offer = found
    offers.accept(step, i, offer)
    return done(i.id)


def decline(step: Step, asker: Asker, data: c.DeclineOffer) -> Done | Refused:
    """Pass: same age for the interaction; a preference for this agent is over."""
    found = _find(step, asker, data.offer)
    if isinstance(found, Refused):
        return found
    i, offer = found
    declined = d.OfferDeclined(offer=offer.id, interaction=i.id, agent=offer.agent, reason=data.reason)
    step.tell(declined, i, f"agent:{offer.agent}")
    offers.after_offer(step, step.now(i.id), offer, QueuedBecause.DECLINED, "declined")
    return Done(i.id)


def _find(step: Step, asker: Asker, id: OfferId) -> tuple[Interaction, Offer] | Refused:
    live = step.live
    interaction = live.by_offer.get(id)
    if interaction is not None:
        i = step.now(interaction)
        [offer] = [offer for offer in i.offers if offer.id == id]
        return (i, offer) if offer.agent == asker.agent else Refused(Refusal.UNKNOWN_OFFER)
    return _ended(step, asker, id)


def _ended(step: Step, asker: Asker, id: OfferId) -> Refused:
    """An offer that is gone: taken by another, ended, or never was."""
    name, _, number = id.rpartition("-o")
    i = step.live.interactions.get(InteractionId(name))
    if i is not None and number.isdigit() and int(number) <= i.offer_count:
        is_taken = i.owner is not None and i.owner != asker.agent
        return Refused(Refusal.ALREADY_OWNED if is_taken else Refusal.OFFER_ENDED, interaction=i.id)
    if step.live.memory.closed_of(InteractionId(name), step.at) is not None:
        return Refused(Refusal.OFFER_ENDED)
    return Refused(Refusal.UNKNOWN_OFFER)


def set_status(step: Step, asker: Asker, data: c.SetStatus) -> Done | Refused:
    """
    A routable status counts at once. One that is not stops new offers at once, takes back open ones, and applies when work ends.
    """
    live = step.live
    target = data.agent or asker.agent
    if target is None:
        return Refused(Refusal.UNKNOWN_AGENT)
    if target != asker.agent and not asker.supervises:
        return Refused(Refusal.NOT_ALLOWED)
    agent = live.agents.get(target)
    if agent is None or agent.session is None:
        return Refused(Refusal.NO_SESSION if agent else Refusal.UNKNOWN_AGENT)
    if not live.configuration.knows_status(data.status):
        return Refused(Refusal.UNKNOWN_STATUS)
    is_routable = live.configuration.is_routable(data.status)
    was_routable = live.configuration.is_routable(agent.status) and agent.next_status is None
    waits = not is_routable and live.has_work(target)
    step.tell_agent(
        d.AgentStatusChanged(
            agent=target,
            status=agent.status if waits else data.status,
            next_status=data.status if waits else None,
            by=asker.agent,
            because="chosen",
        ),
        target,
    )
    if not is_routable:
        offers.withdraw_all(step, target, Withdrawal.AGENT_UNAVAILABLE)
        sessions.drop_transfers_to(step, target)
    elif not was_routable:
        step.tell_agent(d.AgentIdleReset(agent=target, idle_since=step.at), target)
    return Done()


def ask_rest(step: Step, asker: Asker, data: c.AskRest) -> Done | Refused:
    """A pause after hard work, where the profile gives one."""
    assert asker.agent is not None, "proven"
    live = step.live
    agent = live.agents[asker.agent]
    length_ms = live.configuration.profile(agent.id).rest.may_ask_ms
    if length_ms <= 0:
        return Refused(Refusal.NOT_OFFERED_HERE)
    if agent.rest_until is not None:
        return Refused(Refusal.WRONG_STATE)
    agents.rest(step, agent, Instant(step.at + length_ms))
    offers.withdraw_all(step, agent.id, Withdrawal.AGENT_UNAVAILABLE)
    return Done()


def ask_snapshot(step: Step, asker: Asker, data: c.AskSnapshot) -> Done | Refused:
    """Send it again, at the end of this step."""
    assert asker.agent is not None, "proven"
    assert asker.session is not None, "proven"
    step.snapshots[asker.session] = asker.agent
    return Done()
