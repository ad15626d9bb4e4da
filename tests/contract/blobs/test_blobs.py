"""What every blob store does, whatever lies under it."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from standardiste.common.blobs.port import BlobInfo, BlobRef, Blobs
from standardiste.common.clock import ManualClock
from standardiste.common.events.base import Instant


async def listed(blobs: Blobs, tenant: str | None = None, renewed_before: int | None = None) -> list[BlobInfo]:
    before = None if renewed_before is None else Instant(renewed_before)
    return [each async for each in blobs.list(tenant, renewed_before=before)]


@pytest.mark.parametrize("content", [b"", b"hello", bytes(range(256)) * 10_000])
async def test_what_was_put_is_got_under_its_hash(blobs: Blobs, content: bytes) -> None:
    ref = await blobs.put("t_1", "c_1", content)
    assert ref == BlobRef(tenant="t_1", contact="c_1", sha256=hashlib.sha256(content).hexdigest())
    assert await blobs.get(ref) == content


async def test_blobs_are_shared_by_neither_tenants_nor_contacts(blobs: Blobs) -> None:
    ref = await blobs.put("t_1", "c_1", b"x")
    assert await blobs.get(BlobRef(tenant="t_2", contact="c_1", sha256=ref.sha256)) is None
    assert await blobs.get(BlobRef(tenant="t_1", contact="c_2", sha256=ref.sha256)) is None


HOSTILE = [
    "..",
    ".",
    "",
    "/",
    "../../etc/passwd",
    "a/b",
    "a\\b",
    "<CAF+x@mail.example>",
    "%2e%2e",
    "é😀",
    "\ud83d",
    "+",
    "a+",
    "x" * 200,
    "<" * 998,
    "nul\0nul",
]


@pytest.mark.parametrize("contact", HOSTILE)
async def test_any_name_a_provider_invents_is_only_a_name(blobs: Blobs, contact: str) -> None:
    ref = await blobs.put("t_1", contact, b"x")
    other = await blobs.put("t_1", "other", b"y")
    assert await blobs.get(ref) == b"x"
    assert {each.ref for each in await listed(blobs, "t_1")} == {ref, other}
    assert await blobs.delete(ref)
    assert [each.ref for each in await listed(blobs)] == [other]


@pytest.mark.parametrize("sha256", ["", "..", "../../x", "a" * 63, "A" * 64, "a" * 64])
async def test_what_is_no_hash_or_was_not_put_is_not_there(blobs: Blobs, sha256: str) -> None:
    await blobs.put("t_1", "c_1", b"x")
    assert await blobs.get(BlobRef(tenant="t_1", contact="c_1", sha256=sha256)) is None
    assert not await blobs.delete(BlobRef(tenant="t_1", contact="c_1", sha256=sha256))


async def test_list_tells_size_and_age_by_tenant(blobs: Blobs, clock: ManualClock) -> None:
    first = await blobs.put("t_1", "c_1", b"four")
    clock.advance(10)
    second = await blobs.put("t_2", "c_1", b"")
    assert await listed(blobs) == [
        BlobInfo(ref=first, size_bytes=4, renewed_at=Instant(1_000_000)),
        BlobInfo(ref=second, size_bytes=0, renewed_at=Instant(1_000_010)),
    ]
    assert [each.ref for each in await listed(blobs, "t_2")] == [second]
    assert [each.ref for each in await listed(blobs, renewed_before=1_000_010)] == [first]
    assert await listed(blobs, "t_3") == []


async def test_list_gives_more_than_one_chunk(blobs: Blobs) -> None:
    refs = {await blobs.put("t_1", f"c_{n}", b"x") for n in range(501)}
    assert {each.ref for each in await listed(blobs)} == refs


async def test_a_repeated_put_renews_the_age(blobs: Blobs, clock: ManualClock) -> None:
    ref = await blobs.put("t_1", "c_1", b"x")
    clock.advance(500)
    assert await blobs.put("t_1", "c_1", b"x") == ref
    assert await listed(blobs) == [BlobInfo(ref=ref, size_bytes=1, renewed_at=Instant(1_000_500))]


async def test_a_sweep_leaves_what_was_renewed_meanwhile(blobs: Blobs, clock: ManualClock) -> None:
    ref = await blobs.put("t_1", "c_1", b"x")
    clock.advance(500)
    await blobs.put("t_1", "c_1", b"x")
    assert not await blobs.delete(ref, renewed_before=Instant(1_000_500))
    assert await blobs.get(ref) == b"x"
    assert await blobs.delete(ref, renewed_before=Instant(1_000_501))
    assert await blobs.get(ref) is None


async def test_deleted_once_and_put_again(blobs: Blobs) -> None:
    ref = await blobs.put("t_1", "c_1", b"x")
    assert await blobs.delete(ref)
    assert not await blobs.delete(ref)
    await blobs.put("t_1", "c_1", b"x")
    assert await blobs.get(ref) == b"x"


async def test_puts_and_deletes_at_once_leave_the_blob_whole_or_gone(blobs: Blobs) -> None:
    ref = await blobs.put("t_1", "c_1", b"x" * 1000)
    await asyncio.gather(*(blobs.delete(ref) if n % 3 == 0 else blobs.put("t_1", "c_1", b"x" * 1000) for n in range(60)))
    assert await blobs.get(ref) in (None, b"x" * 1000)
    await blobs.put("t_1", "c_1", b"x" * 1000)
    assert await blobs.get(ref) == b"x" * 1000
