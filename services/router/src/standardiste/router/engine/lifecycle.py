"""
The legal transitions of everything that has a life: interaction, offer, agent, session. Tables; `apply` refuses what they do not hold.

docs/lifecycles.md is generated from these rows. A row is (state, event, next state, meaning); the event is the decision's short name. States are the
catalogue's; "-" is before the beginning, and a closed interaction is gone from the tables. Where an event may leave more than one state behind, one row
stands for each.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from standardiste.common.events.model import InteractionState


class Row(NamedTuple):
    """One legal transition."""

    state: str
    event: str
    next: str
    meaning: str


NOWHERE: Final = "-"

INTERACTION: Final[tuple[Row, ...]] = (
    Row(NOWHERE, "interaction.created", "identifying", "a contact arrived; who it is may be known within 500 ms"),
    Row(NOWHERE, "interaction.opened", "active", "an agent or the API began it"),
    Row("identifying", "interaction.queued", "queued", "identified, or the 500 ms are over"),
    Row("identifying", "interaction.closed", "closed", "a repeat, blocked, merged, or the customer left"),
    Row("active", "interaction.queued", "queued", "opened without an owner, or handed back"),
    Row("queued", "interaction.queued", "queued", "moved to another queue, merged at an earlier age, or the date of a callback has come"),
    Row("queued", "offer.made", "offered", "offered to the best agent"),
    Row("queued", "interaction.activated", "active", "pulled or assigned at once"),
    Row("queued", "interaction.connecting", "connecting", "pulled or assigned at once; media is being set up"),
    Row("queued", "interaction.closed", "closed", "abandoned, merged, overflowed, or closed by a supervisor"),
    Row("offered", "offer.made", "offered", "offered to one more agent (broadcast)"),
    Row("offered", "interaction.queued", "queued", "the last open offer ended without an owner"),
    Row("offered", "interaction.connecting", "connecting", "accepted; media is being set up"),
    Row("offered", "interaction.activated", "active", "accepted"),
    Row("offered", "interaction.closed", "closed", "the customer left while it was offered"),
    Row("connecting", "interaction.activated", "active", "customer and agent hear each other"),
    Row("connecting", "interaction.queued", "queued", "media failed, the agent was lost, or a callback was not reached; the age is kept"),
    Row("connecting", "interaction.wrapping", "wrapping", "an outbound call was not answered; its outcome is noted"),
    Row("connecting", "interaction.closed", "closed", "the customer left, or a callback is given up"),
    Row("active", "interaction.held", "held", "put on hold, or interrupted by more urgent work"),
    Row("active", "interaction.parked", "parked", "an e-mail waits for the customer or a date"),
    Row("active", "interaction.wrapping", "wrapping", "the conversation is done"),
    Row("active", "interaction.activated", "active", "another agent took it over (transfer, forced assignment)"),
    Row("active", "interaction.connecting", "connecting", "handed to another agent; media is being set up"),
    Row("active", "interaction.closed", "closed", "done, without wrap-up"),
    Row("held", "interaction.resumed", "active", "back from hold"),
    Row("held", "interaction.parked", "parked", "an e-mail waits for the customer or a date"),
    Row("held", "interaction.wrapping", "wrapping", "the conversation is done"),
    Row("held", "interaction.queued", "queued", "handed back"),
    Row("held", "interaction.activated", "active", "another agent took it over"),
    Row("held", "interaction.connecting", "connecting", "handed to another agent; media is being set up"),
    Row("held", "interaction.closed", "closed", "done, without wrap-up"),
    Row("parked", "interaction.queued", "queued", "the customer wrote, or the date has come: the last owner first"),
    Row("parked", "interaction.activated", "active", "its agent took it back"),
    Row("parked", "interaction.closed", "closed", "merged, or closed by a supervisor"),
    Row("wrapping", "interaction.reopened", "active", "the customer wrote again"),
    Row("wrapping", "interaction.wrapping", "wrapping", "more time for the wrap-up"),
    Row("wrapping", "interaction.queued", "queued", "handed back"),
    Row("wrapping", "interaction.closed", "closed", "the wrap-up ended"),
)

OFFER: Final[tuple[Row, ...]] = (
    Row(NOWHERE, "offer.made", "open", "the agent may take it until its deadline"),
    Row("open", "offer.accepted", "accepted", "the agent took it"),
    Row("open", "offer.declined", "declined", "the agent passed"),
    Row("open", "offer.expired", "expired", "no answer in time"),
    Row("open", "offer.withdrawn", "withdrawn", "customer left, agent lost or unavailable, superseded, configuration, supervisor"),
    Row("accepted", "offer.media-failed", "media_failed", "accepted, but the media could not be set up"),
)

CONSULT: Final[tuple[Row, ...]] = (
    Row(
        NOWHERE,
        "interaction.consulting",
        "asked",
        "a second agent is offered it (of a queue one after the other), or a number outside is called; the owner stays",
    ),
    Row("asked", "interaction.consult-joined", "joined", "the agent accepted, or the number answered; on a call the customer is held"),
    Row(
        "asked",
        "interaction.consult-ended",
        "ended",
        "cancelled, declined, expired, withdrawn, not reached, or the interaction went on without",
    ),
    Row("joined", "interaction.conference-started", "conference", "customer, owner and guest together"),
    Row("joined", "interaction.consult-ended", "ended", "cancelled, left, completed (the guest owns it now), or the interaction ended"),
    Row("conference", "interaction.conference-left", "conference", "one leaves; the end follows, and the one who stays owns it"),
    Row("conference", "interaction.consult-ended", "ended", "only one is left with the customer, or nobody"),
    Row("joined", "interaction.conference-left", "joined", "the guest leaves; the end follows"),
)

AGENT: Final[tuple[Row, ...]] = tuple(
    Row(state, "agent.state-changed", next_state, meaning)
    for next_state, meaning in (
        ("offline", "no session"),
        ("not_ready", "a status that is not routable, and no work"),
        ("ready", "routable, free"),
        ("offered", "an offer is open"),
        ("busy", "works on something"),
        ("wrapping", "notes outcomes"),
        ("resting", "a pause that ends by itself"),
    )
    for state in ("offline", "not_ready", "ready", "offered", "busy", "wrapping", "resting")
)

SESSION: Final[tuple[Row, ...]] = (
    Row(NOWHERE, "session.started", "open", "a desk connected; an older session of the agent is superseded"),
    Row("open", "session.started", "open", "the same session moved to another socket"),
    Row("open", "session.lost", "grace", "its socket is gone, or its gateway silent: 10 s to come back"),
    Row("grace", "session.started", "open", "it came back"),
    Row("open", "session.ended", "ended", "signed out, or superseded"),
    Row("grace", "session.ended", "ended", "the grace ran out, or superseded"),
)

LIFECYCLES: Final[dict[str, tuple[Row, ...]]] = {
    "interaction": INTERACTION,
    "offer": OFFER,
    "consult": CONSULT,
    "agent": AGENT,
    "session": SESSION,
}
"""Every life by its noun."""


def _next_states(rows: tuple[Row, ...]) -> dict[tuple[str, str], str]:
    table = {(row.state, row.event): row.next for row in rows}
    assert len(table) == len(rows), "one next state for each state and event"
    return table


NEXT_INTERACTION: Final = {key: InteractionState(state) for key, state in _next_states(INTERACTION).items()}
NEXT_OFFER: Final = _next_states(OFFER)
NEXT_SESSION: Final = _next_states(SESSION)
