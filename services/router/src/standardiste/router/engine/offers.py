"""
Offers: made, taken, and ended; and the way back into the queue at the same age.

An offer ends once, for one reason. Whatever ends it, the interaction's age, priority and step clock stay as they were.
"""

from __future__ import annotations

from typing import Final, Literal

from standardiste.common.events import decisions as d
from standardiste.common.events.base import Instant
from standardiste.common.events.model import (
    AgentId,
    Author,
    AuthorKind,
    Channel,
    CloseReason,
    CustomerSummary,
    Direction,
    DispositionId,
    InteractionState,
    OfferId,
    QueuedBecause,
    ReceiptId,
    ToAgent,
    Why,
    Withdrawal,
    WrapUpMode,
)
from standardiste.common.events.outbound import (
    ConnectCall,
    HoldCall,
    PlaceCall,
    QueueCall,
    ReleaseCall,
    ResumeCall,
)
from standardiste.router.engine import agents, consults, invited, pairs, quickly, requirement, supervising, waiting
from standardiste.router.engine.state import Interaction, Offer
from standardiste.router.engine.step import Step, conversation_of, has_media, view_of

CONNECT_MS: Final = {Channel.VOICE: 30_000, Channel.CALLBACK: 30_000, Channel.CHAT: 10_000}
SHORT_ABANDON_MS: Final = 5_000


def make(
    step: Step,
    i: Interaction,
    agent: AgentId,
    why: Why,
    *,
    is_interrupting: bool = False,
    is_transfer: bool = False,
    is_consult: bool = False,
) -> None:
    """Offer the interaction to the agent; where the profile says so, it is accepted in the same breath."""
    live = step.live
    queue = live.queue_of(i)
    is_auto_accept = i.facts.channel in live.configuration.profile(agent).auto_accept
    offer = quickly.OfferView(
        id=OfferId(f"{i.id}-o{i.offer_count + 1}"),
        interaction=i.id,
        agent=agent,
        offered_at=step.at,
        expires_at=Instant(step.at + live.configuration.offer_timeout_ms(queue, i.facts.channel)),
        is_auto_accept=is_auto_accept,
        is_interrupting=is_interrupting,
        is_transfer=is_transfer,
        is_consult=is_consult,
    )
    customer = live.customers.get(i.id) or (CustomerSummary(id=i.customer) if i.customer else None)
    step.emit(
        quickly.OfferMade(
            offer=offer,
            interaction=view_of(i),
            customer=customer,
            version=i.version if is_transfer or is_consult else i.version + 1,
            why=why,
        ),
        i.id,
        (f"agent:{agent}",),
        i.facts.traceparent,
    )
    if is_auto_accept:
        made = step.now(i.id)
        accept(step, made, next(o for o in made.offers if o.id == offer.id), is_automatic=True)


def accept(step: Step, i: Interaction, offer: Offer, *, is_automatic: bool = False) -> None:
    """The agent takes it: every other offer of it is withdrawn, what must be interrupted is held, and media is set up where there is some."""
    others = [other for other in i.offers if other.id != offer.id]
    step.tell(quickly.OfferAccepted(offer=offer.id, interaction=i.id, agent=offer.agent, is_automatic=is_automatic), i)
    for other in others:
        step.tell(
            d.OfferWithdrawn(offer=other.id, interaction=i.id, agent=other.agent, because=Withdrawal.SUPERSEDED),
            step.now(i.id),
            f"agent:{other.agent}",
        )
    if offer.is_consult:
        consults.join(step, step.now(i.id), offer)
        return
    if offer.is_transfer:
        _hand_over(step, step.now(i.id), offer.agent)
    give(step, step.now(i.id), offer.agent, offer.id, may_interrupt=offer.is_interrupting)


def _hand_over(step: Step, i: Interaction, to: AgentId) -> None:
    assert i.transfer is not None, "a transfer offer belongs to a transfer"
    by = i.transfer.by
    step.tell(d.InteractionTransferred(interaction=i.id, version=i.version + 1, by=by, target=ToAgent(agent=to)), i, f"agent:{to}")
    if has_media(i):
        step.send(ReleaseCall(conversation=conversation_of(i), interaction=i.id, party="agent"), step.now(i.id))


def give(step: Step, i: Interaction, agent: AgentId, offer: OfferId, *, may_interrupt: bool = False, is_forced: bool = False) -> None:
    """Make the agent the owner, at once."""
    former = i.owner
    if may_interrupt:
        interrupt(step, i, agent)
        i = step.now(i.id)
    if i.promise is not None:
        waiting.score(step, i, i.promise)
        i = step.now(i.id)
    conversation = i.conversation
    if has_media(i) or i.callback is not None:
        deadline = Instant(step.at + CONNECT_MS[i.facts.channel])
        connecting = quickly.InteractionConnecting(
            interaction=i.id,
            version=i.version + 1,
            conversation=conversation,
            owner=agent,
            offer=offer,
            deadline=deadline,
            is_forced=is_forced,
        )
        step.tell(connecting, i)
        if i.callback is not None:
            _call_back(step, step.now(i.id), agent, offer)
        else:
            step.send(ConnectCall(conversation=conversation_of(i), interaction=i.id, offer=offer, agent=agent), i)
    else:
        activated = quickly.InteractionActivated(
            interaction=i.id, version=i.version + 1, conversation=conversation, owner=agent, offer=offer, is_forced=is_forced
        )
        step.tell(activated, i)
        announce(step, i, agent)
    if former is not None and former != agent:
        agents.work_ended(step, former)


def unoffered(i: Interaction) -> OfferId:
    """What stands for an offer where it is taken without one: of this taking alone, so that no word of a former try's media is taken for this one's."""
    return OfferId(f"{i.id}-p{i.version + 1}")


def _call_back(step: Step, i: Interaction, agent: AgentId, offer: OfferId) -> None:
    """An agent accepted: now the customer is called. The channel knows the number by the conversation."""
    call = PlaceCall(
        conversation=conversation_of(i),
        interaction=i.id,
        agent=agent,
        channel_address=i.facts.channel_address,
        is_agent_first=step.live.queue_of(i).callbacks.is_agent_first,
        offer=offer,
    )
    step.send(call, i)


def announce(step: Step, i: Interaction, agent: AgentId) -> None:
    """The chat window may say who is there."""
    if i.facts.channel is Channel.CHAT:
        step.send(quickly.AnnounceAgent(conversation=conversation_of(i), interaction=i.id, author=author_of(step, agent)), i)


def author_of(step: Step, agent: AgentId | None) -> Author:
    person = step.live.configuration.person(agent)
    kind = AuthorKind.BOT if person is not None and person.is_bot else AuthorKind.AGENT
    return quickly.Author(kind=kind, id=agent or "", name=person.name if person else "")


def interrupt(step: Step, i: Interaction, agent: AgentId) -> None:
    """Hold as much of what may be interrupted as this one needs: what was begun last goes first, for least is lost by it."""
    live = step.live
    room = live.configuration.room(agent)
    seat = live.seat(agent)
    is_counted = any(offer.agent == agent for offer in i.offers)
    missing = (0 if is_counted else room.cost_of(i.facts.channel, i.facts.cost)) - seat.free
    unders = room.interrupts.get(i.facts.channel, ())
    running = [work for work in live.owned_by(agent) if work.state is InteractionState.ACTIVE and work.facts.channel in unders]
    for work in sorted(running, key=lambda work: (-work.activated_at, work.id)):
        if missing <= 0:
            return
        step.tell(d.InteractionHeld(interaction=work.id, version=work.version + 1, owner=agent, is_interrupted=True), work)
        missing -= room.cost_of(work.facts.channel, work.facts.cost)


def resume_interrupted(step: Step, agent: AgentId) -> None:
    """What was interrupted goes on as soon as there is room again, first interrupted first, before anything new."""
    live = step.live
    held = [work for work in live.owned_by(agent) if work.is_interrupted and work.state is InteractionState.HELD]
    room = live.configuration.room(agent)
    for work in sorted(held, key=lambda work: (work.since, work.id)):
        if room.cost_of(work.facts.channel, work.facts.cost) <= live.seat(agent).free:
            step.tell(d.InteractionResumed(interaction=work.id, version=work.version + 1, owner=agent), work)


def withdraw_pointless(step: Step, agent: AgentId) -> None:
    """Take back an offer that was to interrupt, when what it would have interrupted cannot be any more (it is in wrap-up, or over)."""
    live = step.live
    found = [(work, offer) for work in live.works_of(agent) for offer in work.offers if offer.agent == agent and offer.is_interrupting]
    for work, offer in sorted(found, key=lambda pair: pair[1].id):
        seat = live.seat(agent)
        if seat.used - seat.freeable.get(work.facts.channel, 0) > seat.total:
            withdraw(step, step.now(work.id), offer, Withdrawal.AGENT_UNAVAILABLE)


def withdraw(step: Step, i: Interaction, offer: Offer, because: Withdrawal) -> None:
    """Take an offer back; its agent is not punished."""
    step.tell(
        d.OfferWithdrawn(offer=offer.id, interaction=i.id, agent=offer.agent, because=because),
        i,
        f"agent:{offer.agent}",
    )
    after_offer(step, step.now(i.id), offer, QueuedBecause.WITHDRAWN, because.value)


def after_offer(step: Step, i: Interaction, offer: Offer, because: QueuedBecause, why: str) -> None:
    """An offer ended without an owner: back to the queue when it was the last, or the transfer is over and the sender keeps it."""
    if offer.is_consult:
        if not _ask_next(step, i):
            consults.end(step, i, why)
        return
    if offer.is_transfer:
        if i.transfer is not None:
            cancelled = d.TransferCancelled(interaction=i.id, version=i.version + 1, by=i.transfer.by, because=why)
            step.tell(cancelled, i, f"agent:{offer.agent}")
        return
    is_passed = because in (QueuedBecause.DECLINED, QueuedBecause.EXPIRED)
    if is_passed and i.requirement.preferred_agent == offer.agent:
        step.tell(d.PreferenceEnded(interaction=i.id, version=i.version), i)
        i = step.now(i.id)
    if not i.offers and i.state is InteractionState.OFFERED:
        queue(step, i, because, excluded=offer.agent if is_passed else None)
        if because is not QueuedBecause.EXPIRED:  # then whoever missed it is taken out first
            requirement.relax_early(step, step.now(i.id))


def _ask_next(step: Step, i: Interaction) -> bool:
    """Whether another agent of the queue that was asked is there; he is offered it."""
    consult = i.consult
    queue = step.live.configuration.queue(consult.queue) if consult is not None else None
    if consult is None or queue is None or i.owner is None:
        return False
    found = invited.find(step.live, i, queue, (i.owner, *consult.asked))
    if found is None:
        return False
    make(step, i, found[0], found[1], is_consult=True)
    return True


def queue(
    step: Step,
    i: Interaction,
    because: QueuedBecause,
    *,
    excluded: AgentId | None = None,
    prefer: bool = True,
    enqueued_at: Instant | None = None,
) -> None:
    """
    Let it wait, at its age. A reachable preferred agent is tried alone for a while.

    What was with an agent while its queue was removed waits in the default queue.
    """
    live = step.live
    hold_for: AgentId | None = None
    hold_until: Instant | None = None
    settings = live.configuration.queue(i.requirement.queue)
    if settings is None:
        settings = live.configuration.default_queue
        requirement.move(step, i, settings, "queue_removed")
        i = step.now(i.id)
    preferred = i.requirement.preferred_agent
    is_held = preferred is not None and prefer and preferred != excluded and settings.preferred_hold_ms > 0
    if preferred is not None and is_held and i.not_before <= step.at and suits(step, i, preferred):  # before its date nobody is tried
        hold_for, hold_until = preferred, Instant(step.at + settings.preferred_hold_ms)
    tried = next((t for t in i.tried if t.agent == excluded), None) if i.tried else None
    step.tell(
        quickly.InteractionQueued(
            interaction=i.id,
            version=i.version + 1,
            conversation=i.conversation,
            queue=i.requirement.queue,
            because=because,
            enqueued_at=i.enqueued_at if enqueued_at is None else enqueued_at,
            excluded=excluded,
            excluded_until=tried.ends_at if tried else None,
            hold_for=hold_for,
            hold_until=hold_until,
        ),
        i,
    )


def suits(step: Step, i: Interaction, agent: AgentId) -> bool:
    """Whether a preferred agent is reachable and nothing lasting speaks against it: only then is it worth waiting for."""
    live = step.live
    group = live.configuration.group(agent)
    if group is None or not live.is_reachable(agent) or any(tried.agent == agent and step.at < tried.ends_at for tried in i.tried):
        return False
    line = live.floor.probe(requirement.plain_need(step, i))
    return live.floor.fit(group, line) is not None and pairs.refusing(live, line, i, agent) is None


def disown(step: Step, i: Interaction, because: QueuedBecause) -> Interaction:
    """Take it from its owner, with any pending transfer."""
    owner = i.owner
    assert owner is not None, "only an owned interaction can be taken from its owner"
    i = drop_offers(step, consults.end(step, i, "disowned"), Withdrawal.SUPERSEDED)
    if i.supervisors:
        i = supervising.end_all(step, i)
    step.tell(d.InteractionDisowned(interaction=i.id, version=i.version + 1, former_owner=owner, because=because), i)
    agents.work_ended(step, owner, is_reset=because is not QueuedBecause.MEDIA_FAILED)
    return step.now(i.id)


def drop_offers(step: Step, i: Interaction, because: Withdrawal) -> Interaction:
    """Withdraw whatever is open, because what it was offered for is over."""
    for offer in i.offers:
        step.tell(
            d.OfferWithdrawn(offer=offer.id, interaction=i.id, agent=offer.agent, because=because),
            step.now(i.id),
            f"agent:{offer.agent}",
        )
    return step.now(i.id)


def end_transfer(step: Step, i: Interaction, because: str, withdrawal: Withdrawal = Withdrawal.SUPERSEDED) -> Interaction:
    """A pending transfer is over without hand-over; the sender keeps the interaction."""
    if i.transfer is None:
        return i
    asked = i.transfer
    i = drop_offers(step, i, withdrawal)
    step.tell(d.TransferCancelled(interaction=i.id, version=i.version + 1, by=asked.by, because=because), i, f"agent:{asked.agent}")
    return step.now(i.id)


def requeue(step: Step, i: Interaction, because: QueuedBecause) -> None:
    """From its owner back to the queue, at its age; a caller hears the music again."""
    has_call = has_media(i)
    i = disown(step, i, because)
    queue(step, i, because, prefer=because is not QueuedBecause.REQUEUED)
    if has_call:
        conversation = conversation_of(i)
        step.send(ReleaseCall(conversation=conversation, interaction=i.id, party="agent"), i)
        step.send(QueueCall(conversation=conversation, interaction=i.id, queue=step.now(i.id).requirement.queue), i)


def wrap_up(step: Step, i: Interaction, disposition: DispositionId | None, *, party: Literal["all", "agent"] = "all") -> None:
    """The conversation is done: wrap-up, or the end where the queue has none. A call is hung up, or (`agent`) only our part in it."""
    i = end_transfer(step, consults.end(step, i, "completed"), "completed")
    mode, length_ms = step.live.configuration.wrap_up(step.live.queue_of(i), i.facts.channel)
    if has_media(i) and not i.has_left:
        step.send(ReleaseCall(conversation=conversation_of(i), interaction=i.id, party=party), i)
    if mode is WrapUpMode.NONE or not _is_here(step, i.owner):
        if disposition is not None:
            step.tell(d.InteractionDispositioned(interaction=i.id, version=i.version, disposition=disposition), i)
        close(step, step.now(i.id), CloseReason.HANDLED)
        return
    assert i.owner is not None, "somebody wraps up"
    ends_at = Instant(step.at + length_ms) if mode is WrapUpMode.TIMED else None
    step.tell(
        quickly.InteractionWrapping(
            interaction=i.id, version=i.version + 1, owner=i.owner, mode=mode, ends_at=ends_at, disposition=disposition
        ),
        i,
    )


def _is_here(step: Step, agent: AgentId | None) -> bool:
    """Whether somebody is there to wrap up; what ends while its agent is lost is closed."""
    record = step.live.agents.get(agent) if agent is not None else None
    return record is not None and record.session is not None


def close(step: Step, i: Interaction, reason: CloseReason, detail: str = "", because: Withdrawal = Withdrawal.SUPERSEDED) -> None:
    """The end, once, with the history record."""
    i = drop_offers(step, consults.end(step, i, "closed"), because)
    owner = i.owner
    receipts: tuple[ReceiptId, ...] = i.receipts
    person = step.live.configuration.person(owner or i.last_owner)
    segments = [
        quickly.Segment(state=s.state, began_at=s.began_at, ended_at=s.ended_at, cause=s.cause, queue=s.queue, agent=s.agent)
        for s in i.stretches
    ]
    last = quickly.Segment(state=i.state, began_at=i.since, ended_at=step.at, cause=i.cause, queue=i.requirement.queue, agent=owner)
    closed = quickly.InteractionClosed(
        interaction=i.id,
        version=i.version + 1,
        conversation=i.conversation,
        receipts=receipts,
        reason=reason,
        enqueued_at=i.enqueued_at,
        closed_at=step.at,
        channel=i.facts.channel,
        channel_name=i.facts.channel_name,
        direction=i.facts.direction,
        scope=i.facts.scope,
        segments=(*segments, last),
        change_set=i.change_set,
        queue=i.requirement.queue,
        owner=owner or i.last_owner,
        team=person.team if person else None,
        customer=i.customer,
        disposition=i.disposition,
        accepted_at=i.accepted_at,
        is_answered=i.accepted_at is not None,
        detail=detail,
        labels=i.requirement.labels,
    )
    step.tell(closed, i)
    if i.facts.channel is Channel.CHAT and reason is not CloseReason.MERGED:
        step.send(quickly.AnnounceEnd(conversation=conversation_of(i), interaction=i.id), i)
    if owner is not None:
        profile = step.live.configuration.profile(owner)
        is_work = i.state is not InteractionState.CONNECTING and (
            i.facts.direction is Direction.INBOUND or profile.does_outbound_reset_idle
        )
        agents.work_ended(step, owner, is_reset=is_work)
        if is_work and agents.rest_after(step, i, owner):
            withdraw_all(step, owner, Withdrawal.AGENT_UNAVAILABLE)


def abandon(step: Step, i: Interaction) -> None:
    """The customer left while nobody had it: final. Under 5 s it is a short abandon."""
    waited_ms = step.at - i.enqueued_at
    reason = CloseReason.SHORT_ABANDONED if waited_ms < SHORT_ABANDON_MS else CloseReason.ABANDONED
    if i.state is InteractionState.CONNECTING and has_media(i):
        step.send(ReleaseCall(conversation=conversation_of(i), interaction=i.id), i)
    if i.promise is not None:
        waiting.score(step, i, i.promise, is_abandoned=True)
    close(step, step.now(i.id), reason, because=Withdrawal.CUSTOMER_LEFT)


def withdraw_all(step: Step, agent: AgentId, because: Withdrawal) -> None:
    """Take back every open offer of an agent."""
    for work in sorted(step.live.works_of(agent), key=lambda work: work.id):
        i = step.now(work.id)
        for offer in i.offers:
            if offer.agent == agent:
                withdraw(step, step.now(i.id), offer, because)


def hold(step: Step, i: Interaction, owner: AgentId) -> None:
    """On hold, by the owner."""
    step.tell(d.InteractionHeld(interaction=i.id, version=i.version + 1, owner=owner), i)
    if has_media(i):
        step.send(HoldCall(conversation=conversation_of(i), interaction=i.id), i)


def resume(step: Step, i: Interaction, owner: AgentId) -> None:
    """Back from hold."""
    step.tell(d.InteractionResumed(interaction=i.id, version=i.version + 1, owner=owner), i)
    if has_media(i):
        step.send(ResumeCall(conversation=conversation_of(i), interaction=i.id), i)
