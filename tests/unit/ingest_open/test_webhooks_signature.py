"""The signature that every library of Standard Webhooks verifies."""

from __future__ import annotations

import base64

from standardiste.common.security.webhook_signature import SECRET_BYTES, SECRET_PREFIX, mint_secret, sign


def test_signature_is_that_of_the_published_example() -> None:
    """Example of the Standard Webhooks libraries' own tests."""
    secret, id = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert sign(secret, id, 1614265330, b'{"test": 2432232314}') == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_secrets_differ_and_hold_enough() -> None:
    assert mint_secret() != mint_secret()
    assert len(base64.b64decode(mint_secret().removeprefix(SECRET_PREFIX))) == SECRET_BYTES
