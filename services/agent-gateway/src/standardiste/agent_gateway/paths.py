"""
The gateway's HTTP paths: a command without a socket, and the questions to the router. Each publishes a command and awaits its answer.

The answer is the decision that answers, as JSON. A refusal is a problem with its reason; no answer within 5 s is 504.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from standardiste.agent_gateway.files import AgentFiles
from standardiste.agent_gateway.hub import Hub
from standardiste.agent_gateway.questions import REFUSED, Answer
from standardiste.agent_gateway.requests import Asker, command_event, full_type
from standardiste.common.bodies import Strict, request_body, understood
from standardiste.common.clock import Clock
from standardiste.common.directory_view import DirectoryView
from standardiste.common.errors import BadInput, CommandRejected, Refused
from standardiste.common.events.codec import UnknownType
from standardiste.common.events.refusals import SENTENCES, Refusal
from standardiste.common.http import Act, Principal, allowed, body_of, idempotent, problem
from standardiste.common.ids import Ids
from standardiste.common.tracing import current_traceparent

ANSWER_WITHIN_S: Final = 5
BODY_BYTES_MAX: Final = 256 * 1024


class CommandBody(Strict):
    """The body of POST /v1/agent/commands. `type` may be short ("interaction.open"); `data` are the command's fields without `actor`."""

    type: str
    data: dict[str, Any] = Field(default_factory=dict[str, Any])
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """The router as the HTTP edge sees it: asked by command, answering in decisions."""

    hub: Hub
    directory: DirectoryView
    files: AgentFiles
    clock: Clock
    ids: Ids

    async def ask(self, who: Principal, type: str, data: Mapping[str, Any], id: str | None = None) -> Answer:
        """The answer. Raises BadInput, CommandRejected (refused), BusAway, or the problem no_answer."""
        event = command_event(
            Asker(principal=who),
            self.directory,
            self.files,
            id=id or self.ids.mint("cmd"),
            type=type,
            data=data,
            now=self.clock.now(),
            traceparent=current_traceparent(),
        )
        is_question = full_type(type).removesuffix(".v1").endswith((".explain", "doctor.ask"))
        future = self.hub.questions.wait_for(who.tenant, event.id, wants_explanation=is_question)
        try:
            await self.hub.publish(event)
            async with asyncio.timeout(ANSWER_WITHIN_S):
                answer = await future
        except TimeoutError:
            raise problem("no_answer") from None
        finally:
            self.hub.questions.drop(who.tenant, event.id, future)
        if answer.type == REFUSED:
            reason = str(answer.data["reason"])
            detail = str(answer.data.get("detail") or "") or (SENTENCES[Refusal(reason)] if reason in SENTENCES else "")
            raise CommandRejected(Refused(reason=reason, detail=detail))
        return answer


def add_paths(edge: APIRouter, router: Router) -> None:
    """Serve the paths of api.py that are not the websocket."""

    @edge.post("/v1/agent/commands", openapi_extra=request_body(CommandBody))
    async def command(request: Request, who: Annotated[Principal, Depends(allowed(Act.AGENT_WORK))]) -> Response:
        raw = await body_of(request, BODY_BYTES_MAX)

        async def run() -> Response:
            try:
                body = understood(CommandBody, raw)
                return _json(await router.ask(who, body.type, body.data, body.id))
            except UnknownType:
                raise
            except BadInput as error:
                raise problem("malformed", error.detail, pointer=error.pointer) from None

        return await idempotent(request, who, run)

    @edge.get("/v1/agent/interactions/{interaction}/why")
    async def why_interaction(interaction: str, who: Annotated[Principal, Depends(allowed(Act.AGENT_WORK))]) -> Response:
        answer = await router.ask(who, "interaction.explain", {"interaction": interaction})
        return _json(answer, offered=_offered(router.hub, who.tenant, answer))

    @edge.get("/v1/agent/agents/{agent}/why")
    async def why_agent(agent: str, who: Annotated[Principal, Depends(allowed(Act.AGENT_WORK))]) -> Response:
        return _json(await router.ask(who, "agent.explain", {"agent": agent}))

    @edge.get("/v1/agent/doctor")
    async def doctor(who: Annotated[Principal, Depends(allowed(Act.AGENT_SUPERVISE))]) -> Response:
        return _json(await router.ask(who, "doctor.ask", {}))


def _offered(hub: Hub, tenant: str, answer: Answer) -> dict[str, Any] | None:
    """Why this agent: the why-record of the last offer to who has it or is asked now. The router keeps none; the window does, for a quarter of an hour."""
    agents = [
        id for each in answer.data.get("summary", ()) if each["filter"].startswith(("offered_to", "state:")) for id in each.get("ids", ())
    ]
    made = hub.offer_of(tenant, answer.data["interaction"], agents)
    return None if made is None else {"offer": made["offer"], "why": made["why"]}


def _json(answer: Answer, **more: dict[str, Any] | None) -> Response:
    own = str(answer.data["command"]).partition(":")[2]
    said = {name: value for name, value in more.items() if value is not None}
    return JSONResponse({"type": answer.type, "data": {**answer.data, "command": own, **said}})
