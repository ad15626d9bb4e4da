"""What a fresh tenant has: one sponsor, campaign, team, site and queue, three statuses, one profile, no rules. A small site never sees them."""

from __future__ import annotations

from functools import cache
from typing import Final

from standardiste.common.catalogue import LANGUAGES, Catalogue
from standardiste.common.events.directory import AgentProfile, Campaign, Queue, RuleSet, Site, Sponsor, Status, Team, Tenant
from standardiste.common.events.model import (
    CampaignId,
    ProfileId,
    QueueId,
    SiteId,
    SponsorId,
    StatusId,
    TeamId,
    TenantId,
    Words,
)
from standardiste.directory.kinds import Entities, Key, key_of

MAIN: Final = "main"
NAMES: Final = Catalogue(
    {
        "sponsor": {"en": "Our own customers", "fr": "Nos clients"},
        "campaign": {"en": "Incoming", "fr": "Entrants"},
        "site": {"en": "Main site", "fr": "Site principal"},
        "team": {"en": "Team", "fr": "Équipe"},
        "queue": {"en": "Reception", "fr": "Accueil"},
        "agent-profile": {"en": "Standard", "fr": "Standard"},
        "ready": {"en": "Ready", "fr": "Disponible"},
        "away": {"en": "Away", "fr": "Absent"},
        "break": {"en": "Break", "fr": "Pause"},
    }
)
REQUIRED: Final = frozenset({Key("status", "ready"), Key("status", "away"), Key("rule-set", MAIN)})
"""What cannot be archived; the tenant itself and its default queue, sponsor … neither."""


@cache
def defaults(tenant: str) -> Entities:
    """The entities of a tenant that has set nothing up."""
    entities = (
        Tenant(id=TenantId(tenant), change_set=0, name=tenant),
        Sponsor(id=SponsorId(MAIN), change_set=0, name=_words("sponsor")),
        Campaign(id=CampaignId(MAIN), change_set=0, name=_words("campaign")),
        Site(id=SiteId(MAIN), change_set=0, name=_words("site")),
        Team(id=TeamId(MAIN), change_set=0, name=_words("team")),
        Status(id=StatusId("ready"), change_set=0, name=_words("ready"), is_routable=True),
        Status(id=StatusId("away"), change_set=0, name=_words("away")),
        Status(id=StatusId("break"), change_set=0, name=_words("break")),
        Queue(id=QueueId(MAIN), change_set=0, name=_words("queue")),
        AgentProfile(id=ProfileId(MAIN), change_set=0, name=_words("agent-profile")),
        RuleSet(id=MAIN, change_set=0),
    )
    return {key_of(entity): entity for entity in entities}


def _words(key: str) -> Words:
    return {language: NAMES.text(key, language) for language in LANGUAGES}
