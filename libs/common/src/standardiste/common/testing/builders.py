"""
Builders of catalogue values for tests: each gives a whole, valid value, and a test names only the fields that matter to it.

`configuration()` is a small centre: tenant "t1", one queue, skills, statuses, a profile, the agents anna and ben, and one address per channel.
"""

from __future__ import annotations

from typing import Any, Final

from standardiste.common.bus.port import Record
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import ManualClock
from standardiste.common.directory_view import DirectoryView
from standardiste.common.events.base import Data, Event, Instant
from standardiste.common.events.codec import encode
from standardiste.common.events.directory import (
    AgentProfile,
    Campaign,
    ChangeSetCommitted,
    ChannelAddress,
    Entity,
    Person,
    Queue,
    RightGrant,
    RuleSet,
    Site,
    Skill,
    Sponsor,
    Status,
    Team,
    Tenant,
)
from standardiste.common.events.model import (
    AgentId,
    Audience,
    Author,
    AuthorKind,
    CampaignId,
    Channel,
    ChannelAddressId,
    Contact,
    ContactId,
    Content,
    ConversationId,
    CustomerId,
    CustomerSummary,
    Direction,
    InteractionId,
    InteractionState,
    InteractionView,
    Message,
    MessageId,
    ProfileId,
    QueueId,
    ReceiptId,
    Requirement,
    Scope,
    SiteId,
    SkillId,
    SkillNeed,
    SponsorId,
    StatusId,
    TeamId,
    TenantId,
)

TENANT: Final = TenantId("t1")
AT: Final = Instant(ManualClock().at)
ADDRESSES: Final = {
    Channel.EMAIL: "help@example.com",
    Channel.SMS: "+33100000001",
    Channel.VOICE: "+33100000002",
    Channel.CHAT: "site",
    Channel.OTHER: "letters",
}
"""Our address on each channel, as `configuration()` sets them up; the ids are the channels' names."""


def event(data: Data, *, id: str = "e1", source: str = "test", subject: str = "c1", tenant: str = TENANT, **fields: Any) -> Event:
    """An envelope around the data."""
    return Event(**_with(fields, id=id, source=source, subject=subject, tenant=tenant, time=AT, data=data))


def scope(**fields: Any) -> Scope:
    return Scope(**_with(fields, sponsor=SponsorId("main"), campaign=CampaignId("main"), site=SiteId("main")))


def content(text: str = "Bonjour", **fields: Any) -> Content:
    return Content(text=text, **fields)


def contact(id: str = "m1", **fields: Any) -> Contact:
    """An e-mail of a customer, unless the fields say otherwise."""
    channel = fields.get("channel", Channel.EMAIL)
    return Contact(
        **_with(
            fields,
            id=ContactId(id),
            receipt=ReceiptId(f"r_{id}"),
            channel=channel,
            channel_name=str(channel),
            channel_address=ChannelAddressId(str(channel)),
            our_address=ADDRESSES.get(channel, "help@example.com"),
            address="customer@example.org",
            scope=scope(),
            received_at=AT,
            content=content(),
        )
    )


def message(id: str = "msg1", text: str = "Bonjour", **fields: Any) -> Message:
    """A message of the customer."""
    return Message(
        **_with(
            fields,
            id=MessageId(id),
            author=Author(kind=AuthorKind.CUSTOMER),
            audience=Audience.CUSTOMER,
            content=content(text),
            sent_at=AT,
            channel=Channel.EMAIL,
        )
    )


def interaction_view(id: str = "i1", **fields: Any) -> InteractionView:
    """A chat that is offered."""
    defaults: dict[str, Any] = {
        "version": 1,
        "state": InteractionState.OFFERED,
        "since": AT,
        "channel": Channel.CHAT,
        "channel_name": "chat",
        "direction": Direction.INBOUND,
        "scope": scope(),
        "conversation": ConversationId("c1"),
        "customer": None,
        "contact": ContactId("m0"),
        "receipt": ReceiptId("r0"),
        "requirement": Requirement(queue=QueueId("main")),
        "enqueued_at": AT,
    }
    return InteractionView(id=InteractionId(id), **_with(fields, **defaults))


def customer(id: str = "cu1", **fields: Any) -> CustomerSummary:
    return CustomerSummary(**_with(fields, id=CustomerId(id), is_known=True))


def tenant(id: str = TENANT, **fields: Any) -> Tenant:
    return Tenant(**_with(fields, id=TenantId(id), change_set=1, name="Exemple SA"))


def queue(id: str = "main", **fields: Any) -> Queue:
    return Queue(**_with(fields, id=QueueId(id), change_set=1, name={"fr": id.title(), "en": id.title()}))


def skill(id: str, **fields: Any) -> Skill:
    return Skill(**_with(fields, id=SkillId(id), change_set=1))


def status(id: str, *, is_routable: bool = False, **fields: Any) -> Status:
    return Status(**_with(fields, id=StatusId(id), change_set=1, is_routable=is_routable))


def needs(**levels: int) -> tuple[SkillNeed, ...]:
    """`needs(billing=3, french=2)`."""
    return tuple(SkillNeed(skill=SkillId(name), level=level) for name, level in levels.items())


def person(id: str = "anna", **fields: Any) -> Person:
    """An agent of the main team with the main profile."""
    return Person(
        **_with(
            fields,
            id=AgentId(id),
            change_set=1,
            name=id.title(),
            language="fr",
            profile=ProfileId("main"),
            team=TeamId("main"),
            site=SiteId("main"),
            rights=(RightGrant(role="agent", scope="self"),),
        )
    )


def channel_address(channel: Channel, **fields: Any) -> ChannelAddress:
    """Our address on a channel; its id is the channel's name."""
    return ChannelAddress(
        **_with(
            fields,
            id=ChannelAddressId(str(channel)),
            change_set=1,
            channel=channel,
            address=ADDRESSES.get(channel, str(channel)),
            language="fr",
        )
    )


def directory_of(*entities: Data) -> DirectoryView:
    """The live configuration, as one change set brought it."""
    view = DirectoryView()
    commit = ChangeSetCommitted(number=1, members=len(entities), by="test", committed_at=AT)
    for offset, data in enumerate((*entities, commit)):
        out = encode(event(data, source="directory", tenant=TENANT), Topic.DIRECTORY, f"{TENANT}/x/{offset}")
        view.take(Record(topic=out.topic, partition=0, offset=offset, appended_at=AT, key=out.key, value=out.value, headers=out.headers))
    return view


def configuration(*more: Entity, tenant_id: str = TENANT) -> tuple[Entity, ...]:
    """A small centre; what is given as well replaces the entity of the same kind and id."""
    base: tuple[Entity, ...] = (
        tenant(tenant_id),
        Sponsor(id=SponsorId("main"), change_set=1),
        Campaign(id=CampaignId("main"), change_set=1),
        Site(id=SiteId("main"), change_set=1),
        Team(id=TeamId("main"), change_set=1),
        AgentProfile(id=ProfileId("main"), change_set=1),
        queue(),
        skill("billing"),
        skill("french"),
        status("ready", is_routable=True),
        status("away"),
        status("break"),
        RuleSet(id="main", change_set=1),
        person("anna", skills=needs(billing=3, french=5)),
        person("ben", skills=needs(french=5)),
        *(channel_address(channel) for channel in ADDRESSES),
    )
    whole = {(type(entity), entity.id): entity for entity in (*base, *more)}
    return tuple(whole.values())


def _with(fields: dict[str, Any], **defaults: Any) -> dict[str, Any]:
    return {**defaults, **fields}
