"""Calls by Twilio: live legs are given another document, ended, looked up; agents are rung."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from twilio.rest import Client
from twilio.rest.api.v2010.account.call import CallInstance

from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import ProviderError
from standardiste.common.events.directory import ChannelAddress
from standardiste.common.twilio.callback_token import CallbackTokens
from standardiste.common.twilio.client import TwilioApi
from standardiste.common.twilio.credentials import CredentialBook
from standardiste.ingest_voice.model import Call, Outcome, Party
from standardiste.ingest_voice.provider import LegGone, LegReport, LegState, Recording
from standardiste.ingest_voice.sounds import AGENT_RINGS_S, CALLED_BACK_RINGS_S, CUSTOMER_RINGS_S, sound_of
from standardiste.ingest_voice.twilio_recordings import fetch_recording
from standardiste.ingest_voice.twiml import LEG_EVENTS, Links, document

PATH: Final = "/v1/voice/twilio/calls"
LISTED_MAX: Final = 20
CLOCKS_APART_MS: Final = 60_000
_UNKNOWN: Final = "20404"
_RUNNING: Final = "Twilio.CURRENT"
"""Twilio's name for the recording of a call that runs or is paused."""
_OVER: Final = frozenset({"21220", "20404"})
"""The call is not in progress; the call is not known."""

OUTCOMES: Final = {
    "completed": Outcome.HUNG_UP,
    "busy": Outcome.BUSY,
    "no-answer": Outcome.NO_ANSWER,
    "failed": Outcome.UNREACHABLE,
    "canceled": Outcome.CANCELLED,
}
"""Twilio's final call statuses."""


class TwilioLinks:
    """The callback addresses of a call: who asks, in which attempt, by a signed token."""

    def __init__(self, tokens: CallbackTokens, public_url: str) -> None:
        self._tokens, self._base = tokens, public_url + PATH

    def of(self, call: Call) -> Links:
        def link(step: str, party: Party) -> str:
            return f"{self._base}/{step}?call={self._tokens.make(call.tenant, call.conversation, party.value, str(_attempt(call, party)))}"

        return Links(link)


class TwilioCalls:
    """The provider adapter."""

    def __init__(self, api: TwilioApi, credentials: CredentialBook, directory: DirectoryView, links: TwilioLinks) -> None:
        self._api, self._credentials, self._directory, self._links = api, credentials, directory, links

    async def show(self, call: Call, party: Party, leg: str, *, words: str = "", digits: str = "") -> None:
        address = self._address(call)
        twiml = document(sound_of(call, party), call, address, self._links.of(call), party, words=words, digits=digits)
        client = await self._client(call, address)
        try:
            await self._api.ask(client.calls(leg).update_async(twiml=twiml))
        except ProviderError as error:
            if error.code in _OVER:
                raise LegGone(party) from None
            raise

    async def hang_up(self, call: Call, leg: str) -> None:
        client = await self._client(call, self._address(call))
        try:
            await self._api.ask(client.calls(leg).update_async(status="completed"))
        except ProviderError as error:
            if error.code not in _OVER:
                raise

    async def ring(self, call: Call, party: Party) -> str:
        client, links = await self._client(call, self._address(call)), self._links.of(call)
        made = await self._api.ask(
            client.calls.create_async(
                to=_endpoint(call, party),
                from_=call.our_address,
                url=links.of("next" if party is Party.CUSTOMER else party.value, party),
                method="POST",
                timeout=_rings_s(call, party),
                status_callback=links.of("leg", party),
                status_callback_event=LEG_EVENTS.split(),
                status_callback_method="POST",
            )
        )
        return str(made.sid)

    async def look_up(self, call: Call, leg: str) -> LegReport:
        client = await self._client(call, self._address(call))
        try:
            return _report(await self._api.ask(client.calls(leg).fetch_async()))
        except ProviderError as error:
            if error.code in _OVER:
                return LegReport(leg=leg, state=LegState.ENDED, outcome=Outcome.HUNG_UP)
            raise

    async def reached(self, call: Call, parent: str) -> LegReport | None:
        client = await self._client(call, self._address(call))
        listed = await self._api.ask(client.calls.list_async(parent_call_sid=parent, limit=LISTED_MAX))
        wanted = call.address if call.is_agent_parent else call.endpoint
        return next((_report(leg) for leg in listed if leg.to == wanted), None)

    async def rung(self, call: Call, party: Party) -> LegReport | None:
        client = await self._client(call, self._address(call))
        listed = await self._api.ask(client.calls.list_async(to=_endpoint(call, party), from_=call.our_address, limit=LISTED_MAX))
        for leg in listed:
            if party is Party.GUEST and str(leg.status) in OUTCOMES:
                continue  # of somebody asked in before
            made = leg.date_created
            is_late_enough = isinstance(made, datetime) and made.timestamp() * 1000 >= call.began_at - CLOCKS_APART_MS
            if is_late_enough and str(leg.direction) == "outbound-api":
                return _report(leg)
        return None

    async def record(self, call: Call, leg: str, *, is_on: bool) -> None:
        recordings = (await self._client(call, self._address(call))).calls(leg).recordings
        try:
            status = "in-progress" if is_on else "paused"
            await self._api.ask(recordings(_RUNNING).update_async(status=status))  # type: ignore[arg-type]  # Status is a namespace of such texts
        except ProviderError as error:
            if error.code != _UNKNOWN:
                raise
            if is_on:
                await self._api.ask(recordings.create_async())

    async def recording(self, call: Call, leg: str) -> Recording | None:
        client = await self._client(call, self._address(call))
        listed = await self._api.ask(client.calls(leg).recordings.list_async(limit=1))
        return next((Recording(id=str(each.sid), duration_ms=1000 * int(str(each.duration or 0))) for each in listed), None)

    async def fetch(self, call: Call, recording: str) -> bytes:
        credentials = await self._credentials.of(call.tenant, self._address(call))
        return await fetch_recording(self._api.http, credentials, recording)

    async def _client(self, call: Call, address: ChannelAddress) -> Client:
        return self._api.client(await self._credentials.of(call.tenant, address))

    def _address(self, call: Call) -> ChannelAddress:
        found = self._directory.get(ChannelAddress, call.tenant, call.channel_address)
        if found is None:
            raise ProviderError("twilio", "unknown_channel_address", call.channel_address, is_retryable=False)
        return replace(found, address=call.our_address)


def _attempt(call: Call, party: Party) -> int:
    return call.guest.attempt if party is Party.GUEST and call.guest is not None else call.attempt


def _endpoint(call: Call, party: Party) -> str:
    """Where a party is called on a leg of its own."""
    match party:
        case Party.CUSTOMER:
            return call.address
        case Party.AGENT:
            assert call.endpoint is not None, "an agent is rung at an endpoint"
            return call.endpoint
        case Party.GUEST:
            assert call.guest is not None, "somebody is asked in"
            return call.guest.endpoint


def _rings_s(call: Call, party: Party) -> int:
    is_outside = party is Party.GUEST and call.guest is not None and call.guest.agent is None
    return CUSTOMER_RINGS_S if is_outside else CALLED_BACK_RINGS_S if party is Party.CUSTOMER else AGENT_RINGS_S


def _report(leg: CallInstance) -> LegReport:
    status = str(leg.status)
    state = LegState.ENDED if status in OUTCOMES else LegState.UP if status == "in-progress" else LegState.RINGING
    return LegReport(leg=str(leg.sid), state=state, outcome=OUTCOMES.get(status))
