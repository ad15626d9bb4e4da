"""When a call is tried again."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from standardiste.client import ApiError, Invalid, NotFound, Retry, Standardiste, Unreachable
from standardiste.client.retry import asked_s, is_later

PROMPT = Retry(pause_s=0.0, pause_max_s=0.0)


def client(*answers: httpx.Response | Exception, seen: list[httpx.Request] | None = None, retry: Retry = PROMPT) -> Standardiste:
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return Standardiste("https://example.org", "sk_1", retry=retry, http=httpx.Client(transport=httpx.MockTransport(answer)))


def problem(status: int, name: str, retry_after: str | None = None, **extra: str) -> httpx.Response:
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return httpx.Response(status, json={"type": f"https://example.org/problems/{name}", "title": "t", **extra}, headers=headers)


TAKEN = httpx.Response(202, json={"receipt": "r_1", "conversation": "c_1", "added_later": [1]})


@pytest.mark.parametrize(
    ("tries", "chance", "spent_s", "asked", "expected"),
    [
        (1, 0.0, 0.0, None, 0.25),
        (1, 1.0, 0.0, None, 0.5),
        (3, 1.0, 0.0, None, 2.0),
        (9, 1.0, 0.0, None, 8.0),
        (1, 0.0, 0.0, 30.0, 30.0),
        (1, 0.0, 0.0, 61.0, None),
        (4, 0.0, 59.0, None, None),
    ],
)
def test_pause_grows_obeys_and_ends(tries: int, chance: float, spent_s: float, asked: float | None, expected: float | None) -> None:
    assert Retry().pause(tries, chance, spent_s, asked) == expected


@pytest.mark.parametrize(
    ("method", "status", "header", "expected"),
    [
        ("GET", 503, None, True),
        ("POST", 502, None, True),
        ("PATCH", 502, None, False),
        ("PATCH", 503, None, True),
        ("PUT", 429, "1", True),
        ("GET", 404, "1", True),
        ("GET", 404, None, False),
        ("POST", 500, None, False),
    ],
)
def test_what_asks_to_come_again(method: str, status: int, header: str | None, expected: bool) -> None:
    assert is_later(method, problem(status, "x", header)) is expected


def test_retry_after_is_a_number_or_a_date() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert asked_s(problem(503, "x", "7")) == 7.0
    assert asked_s(problem(503, "x", "Thu, 01 Jan 2026 00:00:05 GMT"), now) == 5.0
    assert asked_s(problem(503, "x", "soon")) is None


def test_post_keeps_its_key_over_its_tries() -> None:
    seen: list[httpx.Request] = []
    lost = httpx.ReadTimeout("")
    taken = client(lost, problem(503, "bus_away", "0"), TAKEN, seen=seen).post_interaction({"from": {"address": "a"}, "text": "t"})
    assert taken.receipt == "r_1"
    assert len({request.headers["idempotency-key"] for request in seen}) == 1


def test_change_whose_answer_was_lost_is_not_repeated() -> None:
    with pytest.raises(Unreachable):
        client(httpx.ReadTimeout("")).request("PATCH", "/v1/customers/c", body={})


def test_no_is_an_error_by_name_and_kind() -> None:
    with pytest.raises(Invalid) as refused:
        client(problem(400, "invalid_field", detail="no", pointer="/text")).receipt("r")
    assert (refused.value.name, refused.value.pointer, refused.value.status) == ("invalid_field", "/text", 400)
    with pytest.raises(NotFound):
        client(problem(404, "not_found")).receipt("r")
    with pytest.raises(ApiError, match="502 about:blank"):
        client(httpx.Response(502, text="<html>"), retry=Retry(within_s=0)).receipt("r")
