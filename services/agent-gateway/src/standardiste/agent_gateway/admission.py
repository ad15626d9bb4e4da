"""
Who may sit down at a desk: tokens, the right to work, the session ids that belong to a person, and the names under which he is addressed.

A session id carries a keyed proof of tenant, agent and epoch, so any gateway knows at once whether a client that comes back brings its own, and a session
from before a restore, whose places in decisions mean nothing any more, is nobody's. Nothing is stored.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import Refused
from standardiste.common.events.base import Instant
from standardiste.common.events.directory import Queue, Team
from standardiste.common.events.model import SessionId
from standardiste.common.events.refusals import Refusal
from standardiste.common.events.wire import Close
from standardiste.common.ids import Ids, keyed_id
from standardiste.common.security.keys import Keys
from standardiste.common.security.principal import Principal
from standardiste.common.security.rights import Act, Object, may
from standardiste.common.security.tokens import BadCredential, TokenVerifier

_PURPOSE: Final = "agent session"
_PROOF: Final = "p"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A person who may work, until the token ends. `readers` are the queues and teams he may watch."""

    principal: Principal
    expires_at: Instant
    readers: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedAway:
    """Why not, and with which code the socket closes."""

    code: Close
    refused: Refused


class Doorman:
    """Admits by token, mints session ids and knows whose they are."""

    def __init__(self, *, verifier: TokenVerifier, directory: DirectoryView, keys: Keys, ids: Ids, epoch: int = 1) -> None:
        self._verifier, self._keys, self._ids, self._epoch = verifier, keys, ids, epoch
        self.directory = directory

    def admit(self, token: str, now: Instant) -> Admitted | TurnedAway:
        """Who this is and what he may watch, or why he may not sit down."""
        try:
            principal = self._verifier.verify(token, now)
        except BadCredential as error:
            code = Close.TOKEN_EXPIRED if error.reason == "token_expired" else Close.BAD_TOKEN
            return TurnedAway(code=code, refused=Refused(reason=error.reason, detail=error.detail))
        if (refused := self._may_work(principal)) is not None:
            return TurnedAway(code=Close.NOT_ALLOWED, refused=refused)
        assert principal.expires_at is not None, "a token that was verified ends"
        return Admitted(principal=principal, expires_at=principal.expires_at, readers=self.watched_by(principal))

    def mint(self, principal: Principal) -> SessionId:
        """A new session id of this person."""
        nonce = self._ids.mint("ses")
        return SessionId(f"{nonce}.{self._proof(principal, nonce)}")

    def owns(self, principal: Principal, session: str) -> bool:
        """Whether the session id was minted for this person."""
        nonce, _, proof = session.rpartition(".")
        return bool(nonce) and hmac.compare_digest(proof.encode(), self._proof(principal, nonce).encode())

    def watched_by(self, principal: Principal) -> frozenset[str]:
        """The queues and teams whose decisions this person sees beside his own: all for who supervises the tenant, else his teams."""
        tenant = principal.tenant
        if may(principal, Act.AGENT_SUPERVISE) is not None:
            return frozenset()
        teams = self.directory.all(Team, tenant)
        if may(principal, Act.AGENT_SUPERVISE, Object(tenant=tenant)) is None:
            return frozenset(f"team:{each.id}" for each in teams) | {f"queue:{each.id}" for each in self.directory.all(Queue, tenant)}
        mine = (each for each in teams if may(principal, Act.AGENT_SUPERVISE, Object(tenant=tenant, team=each.id, site=each.site)) is None)
        return frozenset(f"team:{each.id}" for each in mine)

    def _may_work(self, principal: Principal) -> Refused | None:
        person = self.directory.person(principal.tenant, principal.id)
        if person is None or person.is_archived:
            return Refused(reason=Refusal.UNKNOWN_AGENT, detail="This person is not, or no longer, in the directory.")
        return may(principal, Act.AGENT_WORK, Object(tenant=principal.tenant, team=person.team, site=person.site, person=person.id))

    def _proof(self, principal: Principal, nonce: str) -> str:
        return keyed_id(self._keys.tenant(principal.tenant, _PURPOSE), _PROOF, str(self._epoch), principal.id, nonce)
