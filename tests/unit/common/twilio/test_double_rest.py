"""The stand-in's REST API, asked by Twilio's own client: credentials, lists by page, errors as Twilio words them, texts and what becomes of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from standardiste.common.errors import ProviderError
from standardiste.common.testing.twilio.double import TwilioDouble
from standardiste.common.testing.twilio.timers import ManualTimers
from standardiste.common.testing.twilio.twiml import TwimlFault, parse
from standardiste.common.twilio.client import TwilioApi
from standardiste.common.twilio.credentials import Credentials

OURS, CUSTOMER = "+33199000001", "+33639980001"


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioDouble]:
    async with TwilioDouble(timers=ManualTimers()) as double:
        double.number(OURS)
        yield double


@pytest.fixture
async def api(twilio: TwilioDouble) -> AsyncIterator[TwilioApi]:
    api = TwilioApi(twilio.url)
    yield api
    await api.http.close()


def ours(twilio: TwilioDouble) -> Credentials:
    return Credentials(twilio.account_sid, twilio.auth_token)


async def refusal(api: TwilioApi, request: object) -> tuple[str, bool, bool]:
    with pytest.raises(ProviderError) as refused:
        await api.ask(request)
    return refused.value.code, refused.value.is_retryable, refused.value.is_outcome_unknown


async def test_text_is_taken_sent_and_delivered(twilio: TwilioDouble, api: TwilioApi) -> None:
    client = api.client(ours(twilio))
    taken = await api.ask(client.messages.create_async(to=CUSTOMER, from_=OURS, body="Bonjour"))
    assert (taken.status, taken.num_segments) == ("queued", "1")
    await twilio.until(lambda: len(twilio.account.texts) == 1, "taken")
    await twilio.advance(100)
    assert (await api.ask(client.messages(taken.sid).fetch_async())).status == "sent"
    await twilio.advance(100)
    assert [text.body for text in twilio.received(CUSTOMER)] == ["Bonjour"]
    assert (await api.ask(client.messages(taken.sid).fetch_async())).status == "delivered"


@pytest.mark.parametrize(
    ("to", "from_", "expected"),
    [
        ("+15005550001", OURS, ("21211", False, False)),
        ("+15005550004", OURS, ("21610", False, False)),
        (CUSTOMER, "+33199000099", ("21659", False, False)),
        ("+33639989904", OURS, ("20429", True, False)),
        ("+33639989905", OURS, ("20503", True, True)),
        ("+33639989903", OURS, ("no_answer", True, True)),
    ],
)
async def test_magic_numbers_are_refused_as_twilio_refuses(
    twilio: TwilioDouble, api: TwilioApi, to: str, from_: str, expected: tuple[str, bool, bool]
) -> None:
    assert await refusal(api, api.client(ours(twilio)).messages.create_async(to=to, from_=from_, body="x")) == expected


async def test_wrong_credentials_are_refused_and_can_be_mended(twilio: TwilioDouble, api: TwilioApi) -> None:
    client = api.client(Credentials(twilio.account_sid, "wrong"))
    assert await refusal(api, client.messages.list_async(limit=1)) == ("20003", True, False)


async def test_provider_that_is_not_there_was_certainly_not_reached() -> None:
    api = TwilioApi("http://127.0.0.1:9", timeout_ms=300)
    request = api.client(Credentials("AC" + "0" * 32, "x")).messages.create_async(to=CUSTOMER, from_=OURS, body="x")
    assert await refusal(api, request) == ("not_reached", True, False)
    await api.http.close()


async def test_list_goes_over_pages_newest_first(twilio: TwilioDouble, api: TwilioApi) -> None:
    client = api.client(ours(twilio))
    for number in range(7):
        await api.ask(client.messages.create_async(to=CUSTOMER, from_=OURS, body=str(number)))
    await api.ask(client.messages.create_async(to="+33639980002", from_=OURS, body="other"))
    listed = await api.ask(client.messages.list_async(to=CUSTOMER, page_size=3))
    assert [text.body for text in listed] == ["6", "5", "4", "3", "2", "1", "0"]


async def test_customer_who_said_stop_is_refused_by_twilio_itself(twilio: TwilioDouble, api: TwilioApi) -> None:
    client = api.client(ours(twilio))
    await twilio.customer_texts(CUSTOMER, OURS, "stop")
    assert (await refusal(api, client.messages.create_async(to=CUSTOMER, from_=OURS, body="x")))[0] == "21610"
    await twilio.customer_texts(CUSTOMER, OURS, "start")
    await api.ask(client.messages.create_async(to=CUSTOMER, from_=OURS, body="x"))


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("no xml", 12100),
        ("<Reply/>", 12100),
        ("<Response><Dance/></Response>", 12200),
        ('<Response><Say speed="2">x</Say></Response>', 12200),
        ("<Response><Number>1</Number></Response>", 12200),
    ],
)
def test_twiml_that_twilio_would_not_run_is_said_so(document: str, code: int) -> None:
    with pytest.raises(TwimlFault) as fault:
        parse(document)
    assert fault.value.code == code
