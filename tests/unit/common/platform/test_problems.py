"""The table of problems: complete in both languages, complete for every public path, served as pages."""

from __future__ import annotations

import pytest

from standardiste.common.api import ROUTES
from standardiste.common.errors import BadInput, BlobsAway, BusAway, CommandRejected, Refused, StoreAway, UniqueConflict, VersionConflict
from standardiste.common.events.refusals import Refusal
from standardiste.common.http_problem import problem, problem_of
from standardiste.common.problems import LANGUAGES, PROBLEMS, language_of, page, status_of_refusal
from standardiste.common.security.tokens import BadCredential


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_problem_speaks_both_languages_and_has_a_page(name: str) -> None:
    found = PROBLEMS[name]
    for language in LANGUAGES:
        assert found.title[language].endswith("."), language
        assert found.what_to_do[language], language
        assert f"/problems/{name}" in page(found, language)
    assert found.title["en"] != found.title["fr"]


def test_every_problem_of_a_public_path_is_in_the_table() -> None:
    assert {name for route in ROUTES for name in route.problems} - PROBLEMS.keys() == set()


@pytest.mark.parametrize(
    ("error", "name", "status"),
    [
        (BadInput("cursor_invalid", "no"), "cursor_invalid", 400),
        (BadInput("not_indexable", "no", "/a"), "bad_input", 400),
        (BusAway(), "bus_away", 503),
        (StoreAway(), "store_away", 503),
        (BlobsAway(), "blobs_away", 503),
        (CommandRejected(Refused(reason="not_allowed")), "not_allowed", 403),
        (CommandRejected(Refused(reason="unknown_agent")), "refused", 404),
        (CommandRejected(Refused(reason="agent_full")), "refused", 409),
        (VersionConflict("queues", "main", 1, 2), "version_conflict", 412),
        (UniqueConflict("logins", "name"), "already_exists", 409),
        (BadCredential("token_expired"), "token_expired", 401),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_error_of_ours_has_its_problem(error: Exception, name: str, status: int) -> None:
    found = problem_of(error)
    assert found is not None
    assert (found.name, found.status_code) == (name, status)


def test_what_is_not_ours_has_none() -> None:
    assert problem_of(ValueError("a fault of ours")) is None


def test_an_unknown_name_fails_where_it_is_written() -> None:
    with pytest.raises(KeyError):
        problem("no_such_problem")


@pytest.mark.parametrize("reason", Refusal)
def test_every_refusal_has_a_status_of_the_caller_or_says_when_to_return_or_is_a_fault_of_ours(reason: Refusal) -> None:
    ours = {Refusal.NOT_HANDLED: 500, Refusal.BUS_AWAY: 503}
    assert 400 <= status_of_refusal(reason) < 500 or status_of_refusal(reason) == ours[reason]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "en"),
        ("", "en"),
        ("fr", "fr"),
        ("fr-CA,en;q=0.5", "fr"),
        ("de, fr;q=0.7, en;q=0.9", "en"),
        ("*", "en"),
        ("fr;q=broken, en;q=0.1", "en"),
        ("fr;q=0", "en"),
    ],
)
def test_language_is_the_best_weighted_of_ours(header: str | None, expected: str) -> None:
    assert language_of(header) == expected
