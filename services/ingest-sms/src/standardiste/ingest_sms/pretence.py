"""
Sending for test tenants: nothing leaves them, and magic numbers do as their table says.

The numbers lie in the range that the French regulator keeps for fiction; every other number takes the text.
"""

from __future__ import annotations

from typing import Final

from standardiste.common.errors import ProviderError
from standardiste.common.outbox.provider import Send, Sent

NAME: Final = "pretence"
REFUSED: Final = {"+33639989901": "30003", "+33639989902": "30007", "+33639989906": "30006"}
"""Never reached, with this code."""
PUT_OFF: Final = "+33639989904"
"""Busy at the first try, taken at the second."""
TIMED_OUT: Final = "+33639989903"
"""Taken, and the answer to the first try is lost."""


def pretend(send: Send, to: str) -> Sent:
    """What a provider would say. Raises ProviderError as one would; the code stands for the words."""
    if (code := REFUSED.get(to)) is not None:
        raise ProviderError(NAME, code, "", is_retryable=False)
    if to == PUT_OFF and send.tries == 0:
        raise ProviderError(NAME, "20429", "", is_retryable=True)
    if to == TIMED_OUT and send.tries == 0:
        raise ProviderError(NAME, "no_answer", "", is_retryable=True, is_outcome_unknown=True)
    return pretended(send)


def pretended(send: Send) -> Sent:
    """The yes that a test tenant's text gets."""
    return Sent(provider_id=f"test-{send.command.message}")
