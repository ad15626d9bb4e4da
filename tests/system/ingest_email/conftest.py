"""A Dovecot for the mailbox tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from standardiste.common.testing.dovecot import Dovecot, dovecot


@pytest.fixture
def mail_store() -> Iterator[Dovecot]:
    with dovecot() as found:
        yield found
