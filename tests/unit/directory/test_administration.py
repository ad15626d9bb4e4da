"""Applying, putting, archiving, undoing over a store; addresses that are ours alone over the whole installation."""

from __future__ import annotations

import asyncio

import pytest

from standardiste.common.clock import ManualClock
from standardiste.common.errors import CommandRejected, VersionConflict
from standardiste.common.security.principal import INSTALLATION, Principal
from standardiste.common.testing import builders as a
from standardiste.directory.book import By
from standardiste.directory.claims import CLAIMS, SETTLED_AFTER_MS
from standardiste.directory.core import Core
from standardiste.directory.document import render, without_sets
from standardiste.directory.faults import ConfigurationRefused
from standardiste.directory.kinds import Key

T = a.TENANT
BY = By(who="person:admin", source="203.0.113.9", note="a note")
MAIL = "channel-address: {mail: {channel: email, address: help@example.com}}"
ANNA = "person: {anna: {name: Anna, profile: main}}"


async def names(core: Core, text: str, tenant: str = T) -> list[str]:
    """The faults of applying it, none when it is taken."""
    try:
        await core.administration.apply(tenant, text, BY)
    except ConfigurationRefused as refused:
        return [each.name for each in refused.faults]
    return []


async def test_applying_twice_changes_nothing(core: Core) -> None:
    first = await core.administration.apply(T, MAIL, BY)
    second = await core.administration.apply(T, MAIL, BY)
    assert (first.number, second.number, second.changes) == (1, 1, ())


async def test_export_applied_changes_nothing(core: Core) -> None:
    await core.administration.apply(T, f"{MAIL}\n{ANNA}", BY)
    text = render((await core.book.load(T)).entities, T)
    assert (await core.administration.diff(T, text)).changes == ()


async def test_faulty_document_applies_nothing(core: Core) -> None:
    assert await names(core, f"{ANNA}\nqueue: {{a: {{skills: {{nothing: 1}}}}}}") == ["unknown_reference"]
    assert (await core.book.load(T)).number == 0


async def test_a_change_that_takes_the_last_administrator_away_is_refused(core: Core) -> None:
    """A document is the whole configuration: one with a single address in it would lock everybody out."""
    people = "person: {one: {name: One, rights: [{role: administrator}]}, two: {name: Two, rights: [{role: administrator}]}}"
    assert await names(core, people) == []
    assert await names(core, MAIL) == ["no_administrator"]
    assert await names(core, f"{MAIL}\nperson: {{two: {{name: Two, rights: [{{role: administrator}}]}}}}") == []
    with pytest.raises(ConfigurationRefused, match="last administrator"):
        await core.administration.archive(T, Key("person", "two"), BY)


async def test_apply_over_another_state_is_refused(core: Core) -> None:
    await core.administration.apply(T, MAIL, BY)
    with pytest.raises(VersionConflict):
        await core.administration.apply(T, ANNA, BY, over=0)


async def test_appliers_at_once_all_come_through_one_after_another(core: Core) -> None:
    await core.administration.apply(T, "", BY)
    await asyncio.gather(*(core.administration.put(T, a.skill(f"s{n}", change_set=0), BY) for n in range(4)))
    now = await core.book.load(T)
    assert {key.id for key in now.entities if key.kind == "skill"} == {"s0", "s1", "s2", "s3"}
    assert now.number == 5


async def test_undo_puts_everything_back_and_can_be_undone(core: Core) -> None:
    await core.administration.apply(T, ANNA, BY)
    before = without_sets((await core.book.load(T)).entities)
    await core.administration.apply(T, MAIL, BY)
    after = without_sets((await core.book.load(T)).entities)
    await core.administration.undo(T, 2, BY)
    assert without_sets((await core.book.load(T)).entities) == before
    await core.administration.undo(T, 3, BY)
    assert without_sets((await core.book.load(T)).entities) == after


async def test_undo_that_would_break_a_reference_is_refused(core: Core) -> None:
    await core.administration.apply(T, "skill: {billing: {}}", BY)
    await core.administration.put(T, a.queue("bills", change_set=0, skills=a.needs(billing=2)), BY)
    with pytest.raises(ConfigurationRefused, match="no skill/billing"):
        await core.administration.undo(T, 1, BY)


async def test_archiving_what_is_referred_to_is_refused(core: Core) -> None:
    await core.administration.apply(T, "skill: {billing: {}}\nqueue: {bills: {skills: {billing: 1}}}", BY)
    with pytest.raises(ConfigurationRefused, match="no skill/billing"):
        await core.administration.archive(T, Key("skill", "billing"), BY)


async def test_put_insists_on_the_version_it_was_given(core: Core) -> None:
    await core.administration.apply(T, "skill: {billing: {}}", BY)
    entity = a.skill("billing", change_set=0, name={"en": "Billing"})
    with pytest.raises(VersionConflict):
        await core.administration.put(T, entity, BY, is_new=True)
    assert (await core.administration.put(T, entity, BY, over=1)).number == 2
    with pytest.raises(VersionConflict):
        await core.administration.put(T, a.skill("billing", change_set=0), BY, over=1)


async def test_nobody_grants_rights_without_the_act(core: Core) -> None:
    key = Principal(tenant=T, id="k", kind="api_key", scopes=("configuration.write",))
    text = "person: {anna: {name: Anna, rights: [{role: administrator}]}}"
    with pytest.raises(CommandRejected, match="people\\.write"):
        await core.administration.apply(T, text, BY, who=key)
    assert (await core.administration.apply(T, "person: {anna: {name: Anna}}", BY, who=key)).number == 1


# ---- addresses over the installation


async def test_address_of_another_tenant_is_refused_with_its_line(core: Core) -> None:
    await core.administration.apply("t1", MAIL, BY)
    with pytest.raises(ConfigurationRefused) as refused:
        await core.administration.apply("t2", "# ours\n" + MAIL.replace("mail:", "post:"), BY)
    assert [each.text("en") for each in refused.value.faults] == [
        "line 2, /channel-address/post/address: The email address help@example.com is set up already (another tenant)."
    ]


async def test_of_two_tenants_who_want_one_address_at_once_one_gets_it(core: Core) -> None:
    done = await asyncio.gather(names(core, MAIL, "t1"), names(core, MAIL, "t2"))
    assert sorted(done) == [[], ["address_taken"]]


async def test_address_given_up_is_free_for_others_and_moves_within_a_tenant(core: Core) -> None:
    assert await names(core, MAIL) == []
    assert await names(core, MAIL.replace("mail:", "post:")) == []
    assert await names(core, MAIL, "t2") == ["address_taken"]
    assert await names(core, "") == []
    assert await names(core, MAIL, "t2") == []


async def test_claim_that_nothing_stands_behind_is_taken_over_after_a_while(core: Core, clock: ManualClock) -> None:
    claim = {"format": 1, "tenant": "t9", "at": clock.now()}  # t9 died between claim and commit
    await core.parts.store.tenant(INSTALLATION).put(CLAIMS, "email/help@example.com", claim)
    assert await names(core, MAIL) == ["address_taken"]
    clock.advance(SETTLED_AFTER_MS)
    assert await names(core, MAIL) == []


async def test_refused_change_keeps_no_claims(core: Core) -> None:
    await core.administration.apply("t1", MAIL, BY)
    both = "channel-address: {x: {channel: sms, address: '+33100000001'}, mail: {channel: email, address: help@example.com}}"
    assert await names(core, both, "t2") == ["address_taken"]
    assert await names(core, "channel-address: {x: {channel: sms, address: '+33100000001'}}", "t3") == []


async def test_secret_that_is_not_there_is_only_a_warning(core: Core) -> None:
    text = "channel-address: {m: {channel: email, address: a@b.example, settings: {smtp_secret: smtp}}}\n" + ANNA
    before = await core.administration.apply(T, text, BY)
    await core.parts.secrets.put(T, "smtp", "hidden")
    after = await core.administration.diff(T, text)
    assert ([each.name for each in before.warnings], [each.name for each in after.warnings]) == (["secret_missing"], [])
