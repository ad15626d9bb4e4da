"""Who may read what: agents their own, supervisors their scope, sponsors their customers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from standardiste.common.events.decisions import CustomerIdentified, InteractionActivated, InteractionClosed, InteractionCreated
from standardiste.common.events.directory import RightGrant, Sponsor
from standardiste.common.events.model import (
    AgentId,
    Channel,
    CloseReason,
    ConversationId,
    CustomerSummary,
    Direction,
    InteractionId,
    SiteId,
    SponsorId,
)
from standardiste.common.security.principal import Principal
from standardiste.common.security.tokens import TokenSigner
from standardiste.common.testing import builders
from standardiste.common.testing.builders import AT
from standardiste.common.testing.running import PRIVATE_PEM, Running
from standardiste.customers.records import CUSTOMERS, Customer, dump

ACME = builders.scope(sponsor=SponsorId("acme"), site=SiteId("lyon"))


def client_of(site: Running, id: str, *rights: RightGrant) -> httpx.AsyncClient:
    token = TokenSigner(PRIVATE_PEM).issue(Principal(tenant="t1", id=id, rights=rights), site.parts.clock.now())
    return site.client(token)


async def one_customer_of_anna(site: Running, floor: Any) -> str:
    """A customer of the sponsor acme, at the site lyon, whom Anna served. Gives the position."""
    customer = Customer(id=builders.customer("cu1").id, sponsor=SponsorId("acme"), created_at=AT, updated_at=AT, name="Jean Dupont")
    await site.parts.store.tenant("t1").put(CUSTOMERS, "cu1", dump(customer))
    interaction, conversation = InteractionId("i1"), ConversationId("cv1")
    contact = builders.contact("c1", scope=ACME)
    position: str = await floor.decide(
        InteractionCreated(
            interaction=interaction, contact=contact, conversation=conversation, enqueued_at=AT, change_set=1, identify_by=AT
        ),
        CustomerIdentified(
            interaction=interaction, version=1, contact=contact.id, conversation=conversation, customer=CustomerSummary(id=customer.id)
        ),
        InteractionActivated(interaction=interaction, version=2, conversation=conversation, owner=AgentId("anna")),
        InteractionClosed(
            interaction=interaction,
            version=3,
            conversation=conversation,
            receipts=(contact.receipt,),
            reason=CloseReason.HANDLED,
            enqueued_at=AT,
            closed_at=AT,
            channel=Channel.EMAIL,
            channel_name="email",
            direction=Direction.INBOUND,
            scope=ACME,
            segments=(),
            change_set=1,
            owner=AgentId("anna"),
        ),
    )
    return position


@pytest.mark.parametrize(
    ("expected", "person", "right"),
    [
        (200, "anna", RightGrant(role="agent", scope="self")),
        (403, "ben", RightGrant(role="agent", scope="self")),
        (200, "ben", RightGrant(role="agent", scope="tenant")),
        (200, "chloe", RightGrant(role="supervisor", scope="sponsor", scope_id="acme")),
        (403, "chloe", RightGrant(role="supervisor", scope="sponsor", scope_id="main")),
        (200, "chloe", RightGrant(role="supervisor", scope="site", scope_id="lyon")),
        (403, "chloe", RightGrant(role="supervisor", scope="site", scope_id="paris")),
        (403, "dora", RightGrant(role="analyst", scope="tenant")),
    ],
)
async def test_a_right_covers_its_scope(site: Running, floor: Any, expected: int, person: str, right: RightGrant) -> None:
    position = await one_customer_of_anna(site, floor)
    async with client_of(site, person, right) as http:
        seen = await http.get("/v1/customers/conversations/cv1", params={"at_least": position})
        rest = [await http.get(f"/v1/customers/{path}") for path in ("cu1", "cu1/conversations", "conversations/cv1/messages")]
        assert [each.status_code for each in (seen, *rest)] == [expected] * 4


@pytest.mark.parametrize(("expected", "person"), [((200, 201), "anna"), ((403, 403), "ben")])
async def test_an_agent_asks_and_writes_of_the_addresses_of_his_own_customers(
    site: Running, floor: Any, expected: tuple[int, int], person: str
) -> None:
    await site.configure("t1", Sponsor(id=SponsorId("acme"), change_set=0))
    position = await one_customer_of_anna(site, floor)
    reached = Customer(
        id=builders.customer("cu1").id, sponsor=SponsorId("acme"), created_at=AT, updated_at=AT, keys=("acme/phone:+33612345678",)
    )
    await site.parts.store.tenant("t1").put(CUSTOMERS, "cu1", dump(reached))
    asked = {"address": {"channel": "sms", "address": "+33612345678"}, "sponsor": "acme"}
    async with client_of(site, person, RightGrant(role="agent", scope="self")) as http:
        await http.get("/v1/customers/conversations/cv1", params={"at_least": position})
        permission = await http.post("/v1/customers/permission", json=asked)
        said = await http.post("/v1/customers/consents", json={**asked, "word": "withdrawn"})
        assert (permission.status_code, said.status_code) == expected
        strange = await http.post("/v1/customers/permission", json={**asked, "address": {"channel": "sms", "address": "+33612345679"}})
        assert strange.status_code == 403


@pytest.mark.parametrize(("expected", "person"), [(["cu1"], "anna"), ([], "ben")])
async def test_a_search_shows_what_the_reader_may_see(site: Running, floor: Any, expected: list[str], person: str) -> None:
    position = await one_customer_of_anna(site, floor)
    async with client_of(site, person, RightGrant(role="agent", scope="self")) as http:
        await http.get("/v1/customers/conversations/cv1", params={"at_least": position})
        found = await http.get("/v1/customers", params={"q": "dupont"})
        assert [each["id"] for each in found.json()["items"]] == expected


@pytest.mark.parametrize(("expected", "sponsor"), [(1, "acme"), (0, "main")])
async def test_a_sponsors_reader_has_its_own_history(
    site: Running, floor: Any, http: httpx.AsyncClient, expected: int, sponsor: str
) -> None:
    position = await one_customer_of_anna(site, floor)
    await http.get("/v1/customers/conversations/cv1", params={"at_least": position})
    async with client_of(site, "reader", RightGrant(role="sponsor_reader", scope="sponsor", scope_id=sponsor)) as reader:
        history = await reader.get("/v1/customers/history")
        assert (history.status_code, len(history.text.splitlines())) == (200, expected)
        assert "after=" in history.headers["link"]  # what is not shown is passed over, not waited for
        receipt = await reader.get("/v1/customers/receipts/r_c1")
        assert receipt.status_code == (200 if expected else 403)
