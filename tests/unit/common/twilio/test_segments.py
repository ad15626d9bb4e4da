"""Texts are counted in segments as the networks carry them."""

import pytest

from standardiste.common.twilio.segments import Alphabet, segments


@pytest.mark.parametrize(
    ("text", "alphabet", "count", "left"),
    [
        ("", Alphabet.GSM_7, 1, 160),
        ("Bonjour, à bientôt", Alphabet.UCS_2, 1, 52),  # ô is not in GSM-7
        ("Où êtes-vous ?", Alphabet.UCS_2, 1, 56),
        ("Déjà reçu", Alphabet.UCS_2, 1, 61),  # ç is only there as a capital
        ("Déjà là, 10 €", Alphabet.GSM_7, 1, 146),  # the euro costs two
        ("a" * 160, Alphabet.GSM_7, 1, 0),
        ("a" * 161, Alphabet.GSM_7, 2, 145),
        ("a" * 306, Alphabet.GSM_7, 2, 0),
        ("a" * 307, Alphabet.GSM_7, 3, 152),
        ("a" * 152 + "€" + "a" * 152, Alphabet.GSM_7, 3, 152),  # the euro does not straddle two segments
        ("ê" * 70, Alphabet.UCS_2, 1, 0),
        ("ê" * 71, Alphabet.UCS_2, 2, 63),
        ("🙂" * 35, Alphabet.UCS_2, 1, 0),
        ("🙂" * 36, Alphabet.UCS_2, 2, 61),  # 33 in the first, one unit of it unused
    ],
)
def test_segments_of_a_text(text: str, alphabet: Alphabet, count: int, left: int) -> None:
    found = segments(text)
    assert (found.alphabet, found.count, found.left) == (alphabet, count, left)
