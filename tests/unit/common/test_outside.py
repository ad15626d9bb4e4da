"""Where a webhook may go: nowhere inside our own network, by no name and no spelling."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from standardiste.common.outside import Answer, Target, fault_of


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook",
        "ftp://example.org/",
        "https://",
        "https://user:word@example.org/",
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fd00::1]/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://example.org:99999/",
        "https://example.org/a b",
        "https://" + "a" * 2_000,
    ],
)
def test_url_that_is_not_https_to_a_public_host_is_refused(url: str) -> None:
    assert fault_of(url, is_private_allowed=False) is not None


@pytest.mark.parametrize(
    "url", ["https://example.org/hook?x=1", "https://example.org:8443/", "https://8.8.8.8/", "https://[2606:4700::1111]/"]
)
def test_public_https_is_taken(url: str) -> None:
    assert fault_of(url, is_private_allowed=False) is None


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::1"], ["fe80::1%eth0"], ["2130706433"], []])
async def test_name_that_leads_inside_is_not_called(addresses: Sequence[str]) -> None:
    async def inside(host: str, port: int) -> Sequence[str]:
        return addresses

    target = Target(is_private_allowed=False, connections_max=1, resolve=inside)
    answer = await target.post("https://hook.example/", {}, b"{}")
    await target.aclose()
    assert answer.status is None
    assert answer.error


async def test_name_that_is_not_found_is_an_answer() -> None:
    async def nowhere(host: str, port: int) -> Sequence[str]:
        raise OSError("no such host")

    target = Target(is_private_allowed=False, connections_max=1, resolve=nowhere)
    answer = await target.post("https://hook.example/", {}, b"{}")
    await target.aclose()
    assert Answer(error="not reached: OSError") == answer
