"""The HTTP edge: the provider's calls, each step proven by its signature, answered with what the leg plays now."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from standardiste.common.events.directory import ChannelAddress
from standardiste.common.events.model import Channel, ConversationId, TenantId
from standardiste.common.http import limit_client, problem
from standardiste.common.ids import keyed_id
from standardiste.common.intake import ContactDraft, Intake, contact_of
from standardiste.common.parts import Parts
from standardiste.common.tracing import current_traceparent
from standardiste.common.twilio.callback_token import CallbackTokens
from standardiste.common.twilio.credentials import CredentialBook
from standardiste.common.twilio.numbers import e164
from standardiste.common.twilio.webhook import Form, form_of, require_signature
from standardiste.ingest_voice.inbound import sid_of, understand
from standardiste.ingest_voice.model import Call, CallState, CustomerEnded, Do, Outcome, Party
from standardiste.ingest_voice.sounds import HangUp, Music, Quiet, Sound, sound_of
from standardiste.ingest_voice.switchboard import Switchboard
from standardiste.ingest_voice.twilio_calls import OUTCOMES, TwilioLinks
from standardiste.ingest_voice.twilio_webhooks import NO_QUEUE, TAKEN_AWAY, Step, happenings_of
from standardiste.ingest_voice.twiml import EMPTY, document, music, no_room

KEPT_S: Final = 2
"""How long a leg hears nothing before it asks again, while what it is to hear is on its way."""


class VoiceEdge:
    """The endpoints of /v1/voice."""

    def __init__(
        self,
        *,
        parts: Parts,
        intake: Intake,
        switchboard: Switchboard,
        credentials: CredentialBook,
        tokens: CallbackTokens,
        links: TwilioLinks,
    ) -> None:
        self._parts, self._intake, self._switchboard = parts, intake, switchboard
        self._credentials, self._tokens, self._links = credentials, tokens, links

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/v1/voice", tags=["voice"])
        form = {"requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}}, "required": True}}
        router.add_api_route("/twilio/calls", self.call, methods=["POST"], openapi_extra=form, summary="Twilio's inbound call webhook")
        router.add_api_route(
            "/twilio/calls/{step}",
            self.step,
            methods=["POST"],
            openapi_extra=form,
            summary="What Twilio asks or reports next in a call",
            responses={204: {"description": "Taken; nothing more is to be done in the call."}},
        )
        return router

    async def call(self, request: Request) -> Response:
        """A customer calls one of our numbers: greeting and music, once the contact is durable. The same CallSid changes nothing."""
        form = await form_of(request)
        tenant, address = await self._ours(request, form)
        inbound = understand(form)
        receipt = self._intake.receipt_of(tenant, address.id, inbound.sid)
        own = self._parts.directory.tenant(tenant)
        new = Call(
            tenant=TenantId(tenant),
            conversation=self._conversation(tenant, address, inbound.sid),
            state=CallState.WAITING,
            channel_address=address.id,
            our_address=address.address,
            address=inbound.caller,
            language=address.language or (own.language if own else "en"),
            began_at=self._parts.clock.now(),
            contact=contact_of(receipt),
            customer_leg=inbound.sid,
            traceparent=current_traceparent(),
        )
        call = await self._switchboard.begin(new)
        await self._intake.accept(
            ContactDraft(
                tenant=tenant,
                channel_address=address,
                scope=self._parts.directory.scope_of(tenant, address),
                address=inbound.caller,
                name=inbound.name,
                provider_id=inbound.sid,
                text="",
                conversation=new.conversation,
                language=new.language,
                attributes=inbound.attributes,
                is_live=True,
                is_test=own is not None and own.is_test,
            )
        )
        return _twiml(document(sound_of(call, Party.CUSTOMER, greets=True), call, address, self._links.of(call), Party.CUSTOMER))

    async def step(self, request: Request, step: str) -> Response:
        """What a leg asks next, or a report of how a leg fares, signed by Twilio."""
        if step not in frozenset(Step):
            raise problem("not_found")
        form = await form_of(request)
        token = request.query_params.get("call")
        if token is None:
            return await self._number_status(request, Step(step), form)
        tenant, (conversation, party, attempt) = self._tokens.read(token, 3)
        call = await self._switchboard.get(tenant, conversation)
        address = None if call is None else self._parts.directory.get(ChannelAddress, tenant, call.channel_address)
        if call is None or address is None:
            raise problem("unknown_conversation")
        await require_signature(request, form, self._parts.http.public_url, self._credentials, tenant, address)
        return await self._answer(Step(step), call, address, form, Party(party), int(attempt))

    async def _answer(self, step: Step, call: Call, address: ChannelAddress, form: Form, party: Party, attempt: int) -> Response:
        if step is Step.WAIT:
            return _twiml(music(address, Music.HOLD if call.state in (CallState.HELD, CallState.BRIDGED) else Music.QUEUE))
        happened = happenings_of(step, call, form, party, attempt)
        now = await self._switchboard.happen(call.tenant, call.conversation, *happened) if happened else call
        if step in (Step.LEG, Step.STATUS):
            return Response(status_code=204)
        if now is None or form["QueueResult"] in TAKEN_AWAY:
            return _twiml(EMPTY)
        links = self._links.of(now)
        if form["QueueResult"] in NO_QUEUE and now.state is CallState.WAITING:
            return _twiml(no_room(address, links, party))
        return _twiml(document(_sound_for(now, party, form["CallSid"]), now, address, links, party))

    async def _number_status(self, request: Request, step: Step, form: Form) -> Response:
        """The number's own status callback, as the account's console has it: no token, so the call is found by our number and its sid."""
        if step is not Step.STATUS:
            raise problem("unknown_conversation")
        tenant, address = await self._ours(request, form)
        sid = sid_of(form)
        if form["CallStatus"] in OUTCOMES:
            conversation = self._conversation(tenant, address, sid)
            call = await self._switchboard.get(tenant, conversation)
            if call is not None and call.customer_leg == sid:  # else he is called back meanwhile, on another leg
                ended = CustomerEnded(outcome=OUTCOMES.get(form["CallStatus"], Outcome.HUNG_UP))
                await self._switchboard.happen(tenant, conversation, ended)
        return Response(status_code=204)

    async def _ours(self, request: Request, form: Form) -> tuple[str, ChannelAddress]:
        """The tenant and address of the number that was called; the request must be signed by its account."""
        called = form["To"].strip()
        found = self._parts.directory.address(Channel.VOICE, called) or self._parts.directory.address(Channel.VOICE, e164(called) or "")
        if found is None:
            limit_client(request)
            raise problem("unknown_channel_address")
        await require_signature(request, form, self._parts.http.public_url, self._credentials, found[0], found[1])
        return found

    def _conversation(self, tenant: str, address: ChannelAddress, sid: str) -> ConversationId:
        return ConversationId(keyed_id(self._parts.keys.tenant(tenant, "conversation"), "call", address.id, sid))


def _sound_for(call: Call, party: Party, leg: str) -> Sound:
    """
    What the leg that asks is given. One that is being shown something right now is only kept: what it asks about is past, and to be
    given the same twice would dial the next agent twice, and the first of the two legs be cut off.
    """
    if call.state is CallState.ENDED or leg in call.former:
        return HangUp()
    if any(action.do is Do.SHOW and action.leg == leg for action in call.pending):
        return Quiet(seconds=KEPT_S)
    return sound_of(call, party, leg=leg)


def _twiml(text: str) -> Response:
    return Response(text, media_type="text/xml")
