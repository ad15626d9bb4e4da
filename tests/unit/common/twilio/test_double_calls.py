"""The stand-in runs TwiML as Twilio does: what a caller hears, who is bridged with whom, which webhooks are called."""

import contextlib
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator

from standardiste.common.testing.twilio.double import TwilioDouble
from standardiste.common.testing.twilio.timers import ManualTimers

OURS = "+33199000001"
CALLER = "+33639980001"
AMELIE = "client:amelie"


class Site:
    """Answers webhooks with what the test put there, and checks each signature with the provider's own validator."""

    def __init__(self, twilio: TwilioDouble) -> None:
        self.twiml: dict[str, str] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.validator = RequestValidator(twilio.auth_token)
        self.app = Starlette(routes=[Route("/{step}", self.answer, methods=["POST"])])

    async def answer(self, request: Request) -> Response:
        params = {name: str(value) for name, value in (await request.form()).items()}
        assert self.validator.validate(str(request.url), params, request.headers["x-twilio-signature"])
        step = request.path_params["step"]
        self.seen.append((step, params))
        return Response(f"<Response>{self.twiml.get(step, '')}</Response>", media_type="text/xml")

    def values(self, step: str, name: str) -> list[str]:
        return [params.get(name, "") for each, params in self.seen if each == step]


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioDouble]:
    async with TwilioDouble(timers=ManualTimers()) as double:
        yield double


@pytest.fixture
async def site(twilio: TwilioDouble) -> AsyncIterator[Site]:
    site = Site(twilio)
    other = TwilioDouble()
    other.rest.app = site.app
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(other)
        base = other.url
        twilio.number(OURS, voice_url=f"{base}/in", voice_status_url=f"{base}/status")
        yield site


async def update(twilio: TwilioDouble, sid: str, **form: str) -> int:
    async with httpx.AsyncClient(auth=(twilio.account_sid, twilio.auth_token)) as http:
        url = f"{twilio.url}/2010-04-01/Accounts/{twilio.account_sid}/Calls/{sid}.json"
        return (await http.post(url, data=form)).status_code


WAITING = '<Say language="fr-FR">Bonjour</Say><Enqueue waitUrl="/wait" action="/left">waiting</Enqueue>'
BRIDGE = '<Dial timeout="25" action="/next" answerOnBridge="true"><Client statusCallback="/leg" statusCallbackEvent="ringing answered completed">amelie</Client></Dial>'


async def queued(twilio: TwilioDouble, site: Site):
    site.twiml = {"in": WAITING, "wait": "<Play>/music.mp3</Play>", "next": "<Hangup/>"}
    call = await twilio.customer_calls(CALLER, OURS)
    await twilio.until(lambda: call.has_heard("Bonjour"), "the greeting")
    await twilio.advance(1_000)
    await twilio.until(lambda: call.has_heard("music"), "the music")
    return call


async def test_caller_is_greeted_and_hears_music_in_the_queue(twilio: TwilioDouble, site: Site) -> None:
    call = await queued(twilio, site)
    await twilio.advance(30_000)
    await twilio.until(lambda: sum("music" in each for each in call.heard) == 2, "the music again")
    assert call.heard[0] == "say fr-FR: Bonjour"
    assert [member.call for member in twilio.account.queues["waiting"].members] == [call]


async def test_caller_who_hangs_up_leaves_the_queue_and_it_is_reported(twilio: TwilioDouble, site: Site) -> None:
    call = await queued(twilio, site)
    call.hang_up()
    await twilio.until(lambda: len(site.values("status", "CallStatus")) == 1, "the status callback")
    await twilio.settle()
    assert site.values("left", "QueueResult") == ["hangup"]
    assert site.values("status", "CallStatus") == ["completed"]
    assert twilio.account.queues["waiting"].members == []


async def test_live_call_is_taken_out_of_the_queue_and_bridged(twilio: TwilioDouble, site: Site) -> None:
    call = await queued(twilio, site)
    phone = twilio.phone(AMELIE)
    assert await update(twilio, call.sid, Twiml=f"<Response>{absolute(twilio, BRIDGE)}</Response>") == 200
    await twilio.until(lambda: call.is_bridged_with(AMELIE), "the bridge")
    assert phone.call is not None
    assert phone.call.is_bridged_with(CALLER)
    phone.hang_up()
    await twilio.until(lambda: call.is_over, "the end")
    await twilio.settle()
    assert site.values("left", "QueueResult") == ["redirected"]
    assert site.values("leg", "CallStatus") == ["ringing", "in-progress", "completed"]
    assert site.values("next", "DialCallStatus") == ["completed"]
    assert twilio.alerts == []


async def test_agent_who_does_not_answer_ends_the_dial_after_its_timeout(twilio: TwilioDouble, site: Site) -> None:
    call = await queued(twilio, site)
    site.twiml["next"] = WAITING
    twilio.phone(AMELIE).does_not_answer()
    await update(twilio, call.sid, Twiml=f"<Response>{absolute(twilio, BRIDGE)}</Response>")
    await twilio.until(lambda: twilio.phone(AMELIE).is_ringing, "it rings")
    await twilio.advance(25_000)
    await twilio.until(lambda: call.heard[-1] == "say fr-FR: Bonjour" and len(call.heard) > 3, "back in the greeting")
    await twilio.settle()
    assert site.values("next", "DialCallStatus") == ["no-answer"]
    assert site.values("leg", "CallStatus") == ["ringing", "no-answer"]


@pytest.mark.parametrize("status", ["busy", "failed"])
async def test_agent_who_is_busy_or_unreachable_is_told_to_the_action(twilio: TwilioDouble, site: Site, status: str) -> None:
    call = await queued(twilio, site)
    (twilio.phone(AMELIE).is_busy if status == "busy" else twilio.phone(AMELIE).fails)()
    await update(twilio, call.sid, Twiml=f"<Response>{absolute(twilio, BRIDGE)}</Response>")
    await twilio.until(lambda: site.values("next", "DialCallStatus") == [status], "the action")


async def test_caller_who_hangs_up_while_the_agent_rings_stops_the_ringing(twilio: TwilioDouble, site: Site) -> None:
    call = await queued(twilio, site)
    twilio.phone(AMELIE).does_not_answer()
    await update(twilio, call.sid, Twiml=f"<Response>{absolute(twilio, BRIDGE)}</Response>")
    await twilio.until(lambda: twilio.phone(AMELIE).is_ringing, "it rings")
    call.hang_up()
    await twilio.until(lambda: not twilio.phone(AMELIE).is_ringing, "it stops")
    await twilio.settle()
    assert site.values("leg", "CallStatus") == ["ringing", "canceled"]
    assert site.values("status", "CallStatus") == ["completed"]


async def test_agent_leg_taken_out_of_a_bridge_lives_on_and_the_caller_goes_to_the_action(twilio: TwilioDouble, site: Site) -> None:
    call = await queued(twilio, site)
    await update(twilio, call.sid, Twiml=f"<Response>{absolute(twilio, BRIDGE)}</Response>")
    await twilio.until(lambda: call.is_bridged_with(AMELIE), "the bridge")
    leg = twilio.phone(AMELIE).call
    assert leg is not None
    site.twiml["next"] = '<Enqueue waitUrl="/wait">held</Enqueue>'
    await update(twilio, leg.sid, Twiml='<Response><Pause length="600"/></Response>')
    await twilio.until(lambda: "held" in twilio.account.queues, "the caller is held")
    assert not leg.is_over
    await update(twilio, leg.sid, Twiml="<Response><Dial><Queue>held</Queue></Dial></Response>")
    await twilio.until(lambda: call.is_bridged_with(AMELIE), "bridged again")
    call.hang_up()
    await twilio.until(lambda: leg.is_over, "the agent's leg ends with its document")


async def test_placed_call_rings_the_agent_then_the_customer(twilio: TwilioDouble, site: Site) -> None:
    customer = twilio.phone(CALLER)
    customer.answers(after_ms=2_000)
    site.twiml["answered"] = f'<Dial callerId="{OURS}"><Number>{CALLER}</Number></Dial>'
    async with httpx.AsyncClient(auth=(twilio.account_sid, twilio.auth_token)) as http:
        url = f"{twilio.url}/2010-04-01/Accounts/{twilio.account_sid}/Calls.json"
        placed = await http.post(url, data={"To": AMELIE, "From": OURS, "Url": absolute(twilio, "/answered")})
    assert placed.status_code == 201
    await twilio.until(lambda: customer.is_ringing, "the customer's phone rings")
    await twilio.advance(2_000)
    await twilio.until(lambda: customer.call is not None and customer.call.is_bridged_with(AMELIE), "bridged")
    assert json.loads(placed.text)["direction"] == "outbound-api"


async def test_ended_call_cannot_be_redirected(twilio: TwilioDouble, site: Site) -> None:
    call = await queued(twilio, site)
    call.hang_up()
    assert await update(twilio, call.sid, Twiml="<Response/>") == 400


async def test_digits_pressed_go_to_the_action_and_silence_goes_on(twilio: TwilioDouble, site: Site) -> None:
    site.twiml = {
        "in": '<Gather action="/pressed" timeout="5"><Say>1 ou 2 ?</Say></Gather><Redirect>/again</Redirect>',
        "again": '<Gather action="/pressed"><Pause length="1"/></Gather>',
        "pressed": "<Hangup/>",
    }
    call = await twilio.customer_calls(CALLER, OURS)
    await twilio.until(lambda: call.has_heard("1 ou 2"), "the prompt")
    await twilio.advance(10_000)
    await twilio.until(lambda: call.heard[-1] == "silence", "asked again")
    call.press("2")
    await twilio.until(lambda: call.is_over, "hung up")
    assert site.values("pressed", "Digits") == ["2"]


async def test_rejected_call_is_never_in_a_queue(twilio: TwilioDouble, site: Site) -> None:
    site.twiml = {"in": '<Reject reason="busy"/>'}
    call = await twilio.customer_calls(CALLER, OURS)
    await twilio.until(lambda: call.is_over, "rejected")
    assert (call.status, call.heard) == ("busy", [])


async def test_document_that_twilio_cannot_run_ends_the_call_with_an_alert(twilio: TwilioDouble, site: Site) -> None:
    site.twiml = {"in": "<Redirect>/broken</Redirect>", "broken": "<Dance/>"}
    call = await twilio.customer_calls(CALLER, OURS)
    await twilio.until(lambda: call.is_over, "over")
    assert call.has_heard("application error")
    assert len(twilio.alerts) == 1


def absolute(twilio: TwilioDouble, twiml: str) -> str:
    """Links of a document handed over by the API are absolute; a test writes them short."""
    base = (twilio.account.numbers[OURS].voice_url or "").removesuffix("/in")
    for step in ("next", "leg", "wait", "left", "answered"):
        twiml = twiml.replace(f'"/{step}"', f'"{base}/{step}"')
    return base + twiml if twiml.startswith("/") else twiml
