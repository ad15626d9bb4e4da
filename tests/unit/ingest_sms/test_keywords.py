"""Which whole texts ask us to stop and to start again."""

import pytest

from standardiste.ingest_sms.keywords import Keyword, keyword


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("STOP", Keyword.STOP),
        (" stop. ", Keyword.STOP),
        ("Stop !", Keyword.STOP),
        ("ARRÊT", Keyword.STOP),
        ("Désinscrire", Keyword.STOP),
        ("stop all", Keyword.STOP),
        ("Start", Keyword.START),
        ("reprendre", Keyword.START),
        ("oui", None),
        ("YES", None),
        ("Stop, je voulais dire demain", None),
        ("Il faut arrêter le prélèvement", None),
        ("", None),
        ("STOP" * 20, None),
    ],
)
def test_keyword_is_the_whole_text(text: str, expected: Keyword | None) -> None:
    assert keyword(text) == expected


def test_what_the_provider_read_wins() -> None:
    assert keyword("ya basta", "STOP") is Keyword.STOP
    assert keyword("info", "HELP") is None
