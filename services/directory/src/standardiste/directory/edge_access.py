"""Signing in, renewing, who I am; logins and API keys."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from standardiste.common.attributes import may_edit, may_see
from standardiste.common.clock import parse_rfc3339, rfc3339
from standardiste.common.errors import BadInput, CommandRejected
from standardiste.common.events.directory import (
    ApiKey,
    Campaign,
    ChannelAddress,
    Disposition,
    Person,
    Queue,
    Skill,
    Status,
    Team,
    Template,
)
from standardiste.common.events.directory_customers import CustomerAttribute, Purpose
from standardiste.common.events.model import SponsorId
from standardiste.common.http import Act, Principal, allowed, client_of, idempotent, principal, problem
from standardiste.common.ids import keyed_id
from standardiste.common.security import api_keys
from standardiste.common.security.principal import INSTALLATION
from standardiste.common.security.rights import ROLES, may
from standardiste.directory.answers import by_of, is_in_force, refusals
from standardiste.directory.core import Core
from standardiste.directory.kinds import Key
from standardiste.directory.logins import LoginTaken, Membership
from standardiste.directory.passwords import TooManySignIns
from standardiste.directory.plain import same, whole_of
from standardiste.directory.sign_in import Session, SignIn, TooOften

_TEXT_MAX = 254


class SignInBody(BaseModel):
    name: str = Field(min_length=1, max_length=_TEXT_MAX)
    password: SecretStr = Field(min_length=1, max_length=1_024)
    tenant: str | None = Field(default=None, max_length=_TEXT_MAX)


class MembershipBody(BaseModel):
    tenant: str = Field(max_length=_TEXT_MAX)
    person: str = Field(max_length=_TEXT_MAX)


class LoginBody(BaseModel):
    """`person` is one of the caller's tenant. Memberships of other tenants and `is_platform_administrator` are the platform administrator's to give."""

    name: str = Field(min_length=1, max_length=_TEXT_MAX)
    password: SecretStr = Field(min_length=1, max_length=1_024)
    person: str | None = Field(default=None, max_length=_TEXT_MAX)
    memberships: list[MembershipBody] = Field(default=[], max_length=100)
    is_platform_administrator: bool = False


class ApiKeyBody(BaseModel):
    name: str = Field(min_length=1, max_length=_TEXT_MAX)
    scopes: list[Act] = Field(min_length=1, max_length=len(Act))
    sponsor: str | None = Field(default=None, max_length=_TEXT_MAX)
    expires_at: str | None = Field(default=None, max_length=40)


@dataclass(frozen=True, slots=True)
class AccessEdge:
    """The paths about who enters."""

    core: Core
    entrance: SignIn

    def add_to(self, router: APIRouter) -> None:
        router.add_api_route("/v1/directory/sign-in", self.sign_in, methods=["POST"])
        router.add_api_route("/v1/directory/token", self.renew, methods=["POST"])
        router.add_api_route("/v1/directory/me", self.me, methods=["GET"])
        router.add_api_route("/v1/directory/logins", self.write_login, methods=["POST"], status_code=201)
        router.add_api_route("/v1/directory/api-keys", self.mint_key, methods=["POST"], status_code=201)

    async def sign_in(self, request: Request, body: SignInBody) -> dict[str, Any]:
        try:
            found = await self.entrance.sign_in(body.name, body.password.get_secret_value(), body.tenant, client_of(request))
        except TooOften as often:
            raise problem("too_many_requests", retry_after_s=often.taken.retry_after_s) from None
        except TooManySignIns:
            raise problem("too_many_requests") from None
        return _session_answer(found)

    async def renew(self, who: Annotated[Principal, Depends(principal)]) -> dict[str, Any]:
        return _session_answer(await self.entrance.renew(who))

    async def me(self, who: Annotated[Principal, Depends(principal)]) -> dict[str, Any]:
        """Who I am, what I may do, and the names that my desk shows."""
        view, tenant = self.core.parts.directory, who.tenant
        own, person = view.tenant(tenant), view.person(tenant, who.id) if who.kind == "person" else None
        return {
            "kind": who.kind,
            "id": who.id,
            "name": who.name,
            "language": who.language,
            "zone": who.zone,
            "login": who.login,
            "person": None if person is None else whole_of(person),
            "tenant": None if own is None else whole_of(own),
            "rights": [{"role": right.role, "scope": right.scope, "scope_id": right.scope_id} for right in who.rights],
            "acts": sorted({act for right in who.rights for act in ROLES[right.role]} | set(who.scopes)),
            "expires_at": None if who.expires_at is None else rfc3339(who.expires_at),
            "change_set": view.change_set(tenant),
            "configuration": self._names(who),
        }

    async def write_login(self, request: Request, body: LoginBody, who: Annotated[Principal, Depends(principal)]) -> Response:
        is_platform = may(who, Act.TENANT_CREATE) is None
        if not is_platform and (refused := may(who, Act.PEOPLE_WRITE)) is not None:
            await self._refuse(request, who, Act.PEOPLE_WRITE)
            raise CommandRejected(refused)
        if not is_platform and (body.is_platform_administrator or any(each.tenant != who.tenant for each in body.memberships)):
            await self._refuse(request, who, Act.TENANT_CREATE)
            raise problem("not_allowed", "Only a platform administrator gives access to other tenants or to the platform.")
        memberships = [Membership(tenant=each.tenant, person=each.person) for each in body.memberships]
        if body.person is not None:
            memberships.append(Membership(tenant=who.tenant, person=body.person))
        if not memberships and not body.is_platform_administrator:
            raise BadInput("invalid_field", "a login is for a person", "/person")
        await self._check_people(memberships)

        async def run() -> Response:
            try:
                login = await self.core.logins.write(
                    body.name,
                    body.password.get_secret_value(),
                    memberships,
                    within=None if is_platform else who.tenant,
                    is_platform_administrator=body.is_platform_administrator,
                )
            except LoginTaken:
                raise problem("login_taken") from None
            after = {"name": login.name, "memberships": [f"{each.tenant}/{each.person}" for each in login.memberships]}
            await self.core.audit.record(who.tenant, who.who, "login.written", f"login/{login.id}", after=after, source=client_of(request))
            return JSONResponse({"id": login.id, **after, "is_platform_administrator": login.is_platform_administrator}, 201)

        return await idempotent(request, who, run)

    async def mint_key(self, request: Request, body: ApiKeyBody, who: Annotated[Principal, Depends(allowed(Act.PEOPLE_WRITE))]) -> Response:
        """The same Idempotency-Key derives the same API key, so that a repeat is answered without the key being kept."""
        if who.kind == "api_key" and not set(map(str, body.scopes)) <= set(who.scopes):
            raise problem("not_allowed", "An API key cannot grant what it does not hold.")
        for act in ROLES["platform_administrator"].intersection(body.scopes):
            if may(who, act) is not None:
                await self._refuse(request, who, act)
                raise problem("not_allowed", "Only a platform administrator mints keys for the installation.", act=str(act))
        key, id = self._key_for(request, who)
        entity = ApiKey(
            id=id,
            change_set=0,
            key_hash=api_keys.hash_of(key),
            name=body.name,
            scopes=tuple(sorted(map(str, body.scopes))),
            sponsor=None if body.sponsor is None else SponsorId(body.sponsor),
            expires_at=_instant(body.expires_at),
        )
        there = await self.core.book.entity(who.tenant, Key("api-key", id))
        if there is not None and not same(there, entity):
            raise problem("idempotency_key_reused")
        with refusals(request, who):
            outcome = await self.core.administration.put(who.tenant, entity, by_of(request, who), who=who)
        await is_in_force(self.core.parts.directory, who.tenant, outcome.number)
        return JSONResponse({"id": id, "key": key, "name": body.name, "scopes": list(entity.scopes)}, 201)

    def _key_for(self, request: Request, who: Principal) -> tuple[str, str]:
        repeat = request.headers.get("idempotency-key")
        if repeat is None:
            return api_keys.mint()[0], self.core.parts.ids.mint("key")
        secret = self.core.parts.keys.tenant(who.tenant, "api keys")
        digest = hmac.new(secret, f"{who.who}\x1f{repeat}".encode(), sha256).digest()
        return api_keys.PREFIX + base64.urlsafe_b64encode(digest).decode().rstrip("="), keyed_id(secret, "key", who.who, repeat)

    async def _check_people(self, memberships: list[Membership]) -> None:
        for each in memberships:
            person = await self.core.book.entity(each.tenant, Key("person", each.person))
            if person is None or person.is_archived:
                raise BadInput("invalid_field", f"there is no person {each.person!r}", "/person")

    async def _refuse(self, request: Request, who: Principal, act: Act) -> None:
        await self.core.audit.record(who.tenant, who.who, "refused", str(act), source=client_of(request))

    def _names(self, who: Principal) -> dict[str, list[dict[str, Any]]]:
        view, tenant = self.core.parts.directory, who.tenant
        if tenant == INSTALLATION:
            return {}
        return {
            "statuses": [{"id": each.id, "name": each.name, "is_routable": each.is_routable} for each in view.all(Status, tenant)],
            "queues": [{"id": each.id, "name": each.name, "dispositions": each.dispositions} for each in view.all(Queue, tenant)],
            "dispositions": [{"id": each.id, "name": each.name} for each in view.all(Disposition, tenant)],
            "templates": [
                {"id": each.id, "name": each.name, "subject": each.subject, "text": each.text, "html": each.html}
                for each in view.all(Template, tenant)
            ],
            "skills": [{"id": each.id, "name": each.name} for each in view.all(Skill, tenant)],
            "teams": [{"id": each.id, "name": each.name} for each in view.all(Team, tenant)],
            "campaigns": [{"id": each.id, "name": each.name} for each in view.all(Campaign, tenant)],
            "purposes": [{"id": each.id, "name": each.name, "needs_consent": each.needs_consent} for each in view.all(Purpose, tenant)],
            "attributes": [
                {
                    "id": each.id,
                    "name": each.name,
                    "type": each.type,
                    "choices": each.choices,
                    "category": each.category,
                    "may_edit": may_edit(who, each),
                }
                for each in view.all(CustomerAttribute, tenant)
                if may_see(who, each)
            ],
            "agents": [{"id": each.id, "name": each.name} for each in view.all(Person, tenant) if each.profile is not None],
            "channel_addresses": [
                {
                    "id": each.id,
                    "channel": each.channel,
                    "channel_name": each.channel_name,
                    "name": each.name,
                    "address": each.address,
                    "session_hours": each.settings.get("session_hours"),
                }
                for each in view.all(ChannelAddress, tenant)
            ],
        }


def _session_answer(found: Session) -> dict[str, Any]:
    who = found.principal
    kind: Literal["Bearer"] = "Bearer"
    return {
        "token": found.token,
        "token_type": kind,
        "expires_at": rfc3339(found.expires_at),
        "person": {"id": who.id, "name": who.name, "language": who.language, "zone": who.zone},
        "tenant": {"id": who.tenant, "name": found.tenant_name},
        "memberships": [{"tenant": each.tenant, "person": each.person} for each in found.memberships],
    }


def _instant(text: str | None) -> Any:
    try:
        return None if text is None else parse_rfc3339(text)
    except ValueError as error:
        raise BadInput("invalid_field", str(error), "/expires_at") from None
