"""
By which channels and in which languages contacts come to a rule and to a queue, as far as the configuration says.

A rule is read only where its text leaves no doubt: conditions that must all hold (no `||`, no `?`, no `!` before a bracket or a fact) of the form `contact.channel == "chat"`,
`contact.channel in ["chat", "sms"]`, `address.id == "hotline"`, `contact.language == "de"`. Of a rule that asks anything else of the contact nothing is known: a call has no text, a mail no
form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from standardiste.common.events.directory import ChannelAddress, Queue, Rule, RuleSet, Tenant
from standardiste.common.events.model import Channel, QueueId
from standardiste.directory.kinds import Entities

_TEXT: Final = r"[\"']([^\"'\\]*)[\"']"
_STRINGS: Final = re.compile(_TEXT)
_DOUBTFUL: Final = re.compile(r"\|\||\?|!(?!=)|\bfalse\b")
_CHANNEL: Final = re.compile(rf"\b(?:contact|address)\.channel\s*==\s*{_TEXT}")
_CHANNELS: Final = re.compile(r"\b(?:contact|address)\.channel\s+in\s+\[([^\]]*)\]")
_ADDRESS: Final = re.compile(rf"\baddress\.id\s*==\s*{_TEXT}")
_LANGUAGE: Final = re.compile(rf"\b(contact|customer)\.language\s*==\s*{_TEXT}")
_OF_THE_CONTACT: Final = re.compile(r"\b(?:contact|address)\b")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One way in: the channel, the language its address says (or the tenant's), and the address's own cost."""

    channel: Channel
    language: str
    cost: int | None
    address: str
    is_language_own: bool = False
    """Whether the address says the language."""


class Reach:
    """Where the contacts of one configuration go."""

    def __init__(self, live: Entities) -> None:
        self._tenant = next((entity for entity in live.values() if isinstance(entity, Tenant)), None)
        self._addresses = [entity for _, entity in sorted(live.items()) if isinstance(entity, ChannelAddress)]
        self._arrivals = tuple(self.arrival(address) for address in self._addresses)
        rules = [rule for entity in live.values() if isinstance(entity, RuleSet) for rule in entity.rules]
        last = next((number for number, rule in enumerate(rules) if rule.when.strip() == "true"), None)
        self.is_every_contact_ruled = last is not None
        """Whether a rule takes whatever those before it left: then those after it and the addresses' own queues are never asked."""
        self.rules = rules if last is None else rules[: last + 1]
        """Those that are asked."""
        self._into: dict[QueueId, dict[Arrival, None]] = {}
        for rule in self.rules:
            self._lead(rule.queue, self.of_rule(rule))
        for address, arrival in zip(self._addresses, self._arrivals, strict=True):
            if not self.is_every_contact_ruled and (queue := self._queue_of(address)) is not None:
                self._lead(queue, (arrival,))
        self._overflow([entity for entity in live.values() if isinstance(entity, Queue)])

    def arrival(self, address: ChannelAddress) -> Arrival:
        """How a contact comes in by this address."""
        language = address.language or (self._tenant.language if self._tenant is not None else "")
        return Arrival(address.channel, language, address.cost, address.id, address.language is not None)

    def of_rule(self, rule: Rule) -> tuple[Arrival, ...]:
        """The ways in of which this rule may take something; none where that is not known."""
        rest = rule.when
        if not _DOUBTFUL.search(_STRINGS.sub("", rest)):
            for form in (_CHANNEL, _CHANNELS, _ADDRESS, _LANGUAGE):
                rest = form.sub("", rest)
        if _OF_THE_CONTACT.search(_STRINGS.sub("", rest)):
            return ()
        return tuple(taken for arrival in self._arrivals if (taken := _taken(rule.when, arrival)) is not None)

    def into(self, queue: QueueId) -> tuple[Arrival, ...]:
        """The ways in whose contacts may come to wait in this queue, by rule, by address or from another queue."""
        return tuple(self._into.get(queue, ()))

    def _queue_of(self, address: ChannelAddress) -> QueueId | None:
        return address.queue or (self._tenant.default_queue if self._tenant is not None else None)

    def _lead(self, queue: QueueId, arrivals: tuple[Arrival, ...]) -> bool:
        known = self._into.setdefault(queue, {})
        before = len(known)
        known.update(dict.fromkeys(arrivals))
        return len(known) > before

    def _overflow(self, queues: list[Queue]) -> None:
        """What one queue sends on comes into the other, and from there into the next; until nothing new comes."""
        is_new = True
        while is_new:
            is_new = False
            for queue in queues:
                for said in (queue.limits, queue.at_close):
                    if said.action == "queue" and said.to_queue is not None:
                        is_new |= self._lead(said.to_queue, self.into(queue.id))


def _taken(when: str, arrival: Arrival) -> Arrival | None:
    """What a rule that was read takes of a way in, with the language it asks for; None when nothing."""
    channels: list[list[str]] = [
        *([said] for said in _CHANNEL.findall(when)),
        *(_STRINGS.findall(said) for said in _CHANNELS.findall(when)),
    ]
    if any(arrival.channel.value not in said for said in channels) or any(arrival.address != said for said in _ADDRESS.findall(when)):
        return None
    taken = arrival
    for root, language in _LANGUAGE.findall(when):
        if root == "contact" and arrival.is_language_own and arrival.language != language:
            return None
        taken = replace(taken, language=language)
    return taken
