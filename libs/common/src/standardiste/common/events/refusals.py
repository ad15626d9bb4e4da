"""Every no that a command can get, by name. The names are public; docs/events.md lists them with their sentences."""

from __future__ import annotations

from standardiste.common.events.base import Word


class Refusal(Word):
    """The stable name of a no. Its sentence says what the person can do."""

    UNKNOWN_TYPE = "unknown_type"
    MALFORMED = "malformed"
    NOT_ALLOWED = "not_allowed"
    UNKNOWN_AGENT = "unknown_agent"
    UNKNOWN_INTERACTION = "unknown_interaction"
    UNKNOWN_OFFER = "unknown_offer"
    UNKNOWN_QUEUE = "unknown_queue"
    UNKNOWN_STATUS = "unknown_status"
    UNKNOWN_DISPOSITION = "unknown_disposition"
    UNKNOWN_CHANNEL_ADDRESS = "unknown_channel_address"
    UNKNOWN_CUSTOMER = "unknown_customer"
    UNKNOWN_MESSAGE = "unknown_message"
    NO_SESSION = "no_session"
    SESSION_SUPERSEDED = "session_superseded"
    STALE_VERSION = "stale_version"
    WRONG_STATE = "wrong_state"
    NOT_OWNER = "not_owner"
    ALREADY_OWNED = "already_owned"
    OFFER_ENDED = "offer_ended"
    NEW_MESSAGE = "new_message"
    INTERACTION_CLOSED = "interaction_closed"
    DISPOSITION_REQUIRED = "disposition_required"
    EMPTY_MESSAGE = "empty_message"
    MESSAGE_TOO_LONG = "message_too_long"
    AGENT_FULL = "agent_full"
    AGENT_AWAY = "agent_away"
    LACKS_SKILL = "lacks_skill"
    OVER_CAPACITY = "over_capacity"
    OPTED_OUT = "opted_out"
    BLOCKED = "blocked"
    NOT_PERMITTED_NOW = "not_permitted_now"
    PERMISSION_UNKNOWN = "permission_unknown"
    CUSTOMER_LEFT = "customer_left"
    NOT_OFFERED_HERE = "not_offered_here"
    NOT_HANDLED = "not_handled"
    BUS_AWAY = "bus_away"
    TOO_MANY_COMMANDS = "too_many_commands"


SENTENCES: dict[Refusal, str] = {
    Refusal.UNKNOWN_TYPE: "No command of this type exists.",
    Refusal.MALFORMED: "The command's fields are not as the catalogue says.",
    Refusal.NOT_ALLOWED: "The rights of this person do not cover it.",
    Refusal.UNKNOWN_AGENT: "No agent of this id is known.",
    Refusal.UNKNOWN_INTERACTION: "No live interaction of this id is known.",
    Refusal.UNKNOWN_OFFER: "No offer of this id is known.",
    Refusal.UNKNOWN_QUEUE: "No queue of this id is known.",
    Refusal.UNKNOWN_STATUS: "No status of this id is known.",
    Refusal.UNKNOWN_DISPOSITION: "No disposition of this id is known.",
    Refusal.UNKNOWN_CHANNEL_ADDRESS: "No channel address of this id is known.",
    Refusal.UNKNOWN_CUSTOMER: "No customer of this id is known.",
    Refusal.UNKNOWN_MESSAGE: "No message of this id is known.",
    Refusal.NO_SESSION: "The agent has no open session.",
    Refusal.SESSION_SUPERSEDED: "A newer session of the same agent has taken over.",
    Refusal.STALE_VERSION: "The thing has changed since; look again.",
    Refusal.WRONG_STATE: "Not possible in its present state.",
    Refusal.NOT_OWNER: "Another agent, or nobody, owns the interaction.",
    Refusal.ALREADY_OWNED: "Somebody else was first.",
    Refusal.OFFER_ENDED: "The offer has ended.",
    Refusal.NEW_MESSAGE: "The customer wrote again; the interaction is active.",
    Refusal.INTERACTION_CLOSED: "The interaction is closed.",
    Refusal.DISPOSITION_REQUIRED: "This queue asks for a disposition first.",
    Refusal.EMPTY_MESSAGE: "There is nothing to send.",
    Refusal.MESSAGE_TOO_LONG: "The text is longer than the channel takes.",
    Refusal.AGENT_FULL: "The agent is at capacity.",
    Refusal.AGENT_AWAY: "The agent is not routable.",
    Refusal.LACKS_SKILL: "A required skill is missing.",
    Refusal.OVER_CAPACITY: "It would put you above your capacity.",
    Refusal.OPTED_OUT: "The customer has opted out of this channel.",
    Refusal.BLOCKED: "The sender is blocked.",
    Refusal.NOT_PERMITTED_NOW: "This customer may not be contacted for this purpose now.",
    Refusal.PERMISSION_UNKNOWN: "Whether this customer may be contacted could not be found out in time; try again.",
    Refusal.CUSTOMER_LEFT: "The customer has left.",
    Refusal.NOT_OFFERED_HERE: "This installation or channel does not offer it.",
    Refusal.NOT_HANDLED: "It met a fault of ours and was not carried out; the fault is known to who operates this.",
    Refusal.BUS_AWAY: "The message bus does not answer; try again in a moment.",
    Refusal.TOO_MANY_COMMANDS: "Too many commands at once; slow down.",
}
assert set(SENTENCES) == set(Refusal), "every refusal has its sentence"
