"""An agent played by a program: the websocket protocol of the desk, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from standardiste.common.events.wire import SUBPROTOCOL

ANSWER_WITHIN_S = 20.0
Frame = Mapping[str, Any]
OnEvent = Callable[["AgentClient", str, Frame], Awaitable[None]]


LOST = (ConnectionError, WebSocketException, TimeoutError, OSError)
"""What a client meets when the installation goes away under it."""
AGAIN_AFTER_S = 0.2
TRY_AGAIN_AFTER_S = 1.0
SLOW_DOWNS_MAX = 20


class Refused(Exception):
    """The router or the gateway said no, by name."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


@dataclass(slots=True)
class Diary:
    """What went wrong for agents, as they saw it: `errors` by name, and how often a connection was lost, by what it ended with."""

    errors: Counter[str] = field(default_factory=Counter[str])
    reconnects: Counter[str] = field(default_factory=Counter[str])
    longest_away_s: float = 0.0

    def fault(self, error: Exception) -> None:
        """Something beyond a lost connection: a no, or an answer that did not come."""
        self.errors[error.reason if isinstance(error, Refused) else type(error).__name__] += 1

    def back(self, away_s: float) -> None:
        """An agent has a desk again after so long."""
        self.longest_away_s = max(self.longest_away_s, away_s)


@dataclass(slots=True)
class Work:
    """One interaction as this desk knows it."""

    id: str
    version: int
    state: str
    conversation: str | None = None
    channel: str = ""
    messages: list[Frame] = field(default_factory=list[Frame])


async def sign_in(http: httpx.AsyncClient, name: str, password: str, tenant: str | None = None) -> str:
    """A token for this login. Raises httpx.HTTPStatusError when the name or password is wrong."""
    body = {"name": name, "password": password} | ({"tenant": tenant} if tenant else {})
    answer = await http.post("/v1/directory/sign-in", json=body)
    answer.raise_for_status()
    return str(answer.json()["token"])


class AgentClient:
    """
    One desk. `async with AgentClient(url, token) as agent`: connected and welcomed; leaves by closing the socket.

    Keeps `work` (interactions by id) and `offers` from the events; `seen` holds every decision received when `keep` is set.
    """

    def __init__(self, base_url: str, token: str, *, on_event: OnEvent | None = None, keep: bool = False) -> None:
        self._url = base_url.replace("http", "ws", 1).rstrip("/") + "/v1/agent/ws"
        self._token, self._on_event, self._keep = token, on_event, keep
        self._commands = 0
        self._answers: dict[str, asyncio.Future[Frame]] = {}
        self._welcomed: asyncio.Future[Frame] | None = None
        self._snapshot_ended = asyncio.Event()
        self._changed = asyncio.Condition()
        self.session: str | None = None
        self.seq: str | None = None
        self.agent = ""
        self.state = ""
        self.work: dict[str, Work] = {}
        self.offers: dict[str, Frame] = {}
        self.customers: dict[str, Frame] = {}
        self.conversations: dict[str, str] = {}
        self.seen: list[Frame] = []
        self.problems: list[str] = []
        """What the gateway had to say that was no answer to a command."""

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(self) -> Frame:
        """Open the socket, say hello (with session and seq when there was one before), give the welcome (or resumed) frame."""
        self._socket: ClientConnection = await connect(
            self._url, subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None, max_size=2**22, open_timeout=30
        )
        self._welcomed = asyncio.get_running_loop().create_future()
        self._snapshot_ended.clear()
        hello: dict[str, Any] = {"kind": "hello", "token": self._token}
        if self.session is not None:
            hello |= {"session": self.session, "seq": self.seq}
        await self._socket.send(json.dumps(hello))
        self._reader = asyncio.create_task(self._read())
        welcome = await asyncio.wait_for(asyncio.shield(self._welcomed), ANSWER_WITHIN_S)
        self.session = welcome["session"]
        if welcome["kind"] == "welcome":
            self.agent = welcome["agent"]
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self._snapshot_ended.wait()
        return welcome

    async def close(self) -> None:
        """Leave, as a browser that is closed does."""
        await self._socket.close()
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
            await self._reader

    async def left(self) -> None:
        """Return when the socket is gone, whoever closed it."""
        await asyncio.wait({self._reader})

    @property
    def ended(self) -> str:
        """How the socket ended: the code it was closed with."""
        return f"closed {self._socket.close_code}"

    async def command(self, type: str, /, *, once: str = "", **data: Any) -> Frame:
        """
        Send a command and give its command.done; told to slow down, do. Raises Refused.

        `once` is an id of the caller's own, so that a repeat after a lost connection is answered as the first was.
        """
        frame: Frame = {}
        for _ in range(SLOW_DOWNS_MAX):
            frame = await self._ask(type, data, once)
            if frame["kind"] != "problem" or "retry_after_ms" not in frame:
                break
            await asyncio.sleep(frame["retry_after_ms"] / 1000)
        if frame["kind"] == "problem":
            raise Refused(frame["reason"], frame["detail"])
        if frame["type"].endswith("command.refused.v1"):
            raise Refused(frame["data"]["reason"], frame["data"].get("detail", ""))
        return frame["data"]

    async def _ask(self, type: str, data: Mapping[str, Any], once: str) -> Frame:
        """The answer to one command, whatever it is."""
        self._commands += 1
        id = once or f"{self.session}-{self._commands}"
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._answers[id] = answer
        await self._socket.send(json.dumps({"kind": "command", "id": id, "type": type, "data": data}))
        try:
            return await asyncio.wait_for(answer, ANSWER_WITHIN_S)
        finally:
            self._answers.pop(id, None)

    async def customer(self, interaction: str) -> Frame:
        """Who it is: with the offer, or a moment later where identification took longer."""
        await self.until(lambda: interaction in self.customers)
        return self.customers[interaction]

    async def ready(self, status: str = "ready") -> None:
        await self.command("status.set", status=status)

    async def accept(self, offer: str) -> None:
        await self.command("offer.accept", once=f"accept-{offer}", offer=offer)

    async def reply(self, interaction: str, text: str, subject: str | None = None) -> Frame:
        content = {"text": text} | ({"subject": subject} if subject else {})
        return await self.command("message.send", interaction=interaction, content=content)

    async def complete(self, interaction: str, disposition: str | None = None) -> None:
        """Done with the customer: complete, and end the wrap-up when there is one."""
        named = {"disposition": disposition} if disposition else {}
        await self.command("interaction.complete", interaction=interaction, version=self.work[interaction].version, **named)
        if interaction in self.work:
            await self.until(lambda: interaction not in self.work or self.work[interaction].state == "wrapping")
        if interaction in self.work:
            await self.command("wrap-up.end", interaction=interaction, version=self.work[interaction].version, **named)

    async def until(self, holds: Callable[[], bool], within_s: float = ANSWER_WITHIN_S) -> None:
        """Wait until something of what this desk knows holds. Raises TimeoutError."""
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(holds)

    async def offered(self, within_s: float = ANSWER_WITHIN_S) -> str:
        """The next open offer's id."""
        await self.until(lambda: bool(self.offers), within_s)
        return next(iter(self.offers))

    async def _read(self) -> None:
        try:
            async for text in self._socket:
                frame = json.loads(text)
                await self._take(frame)
        finally:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(ConnectionError("the socket closed"))

    async def _take(self, frame: Frame) -> None:
        kind = frame["kind"]
        if kind == "event":
            self.seq = frame["seq"]
            name = str(frame["type"]).removeprefix("standardiste.").removesuffix(".v1")
            self._apply(name, frame)
            if self._keep:
                self.seen.append(frame)
            if self._on_event is not None:
                await self._on_event(self, name, frame)
        elif kind in ("welcome", "resumed") and self._welcomed is not None and not self._welcomed.done():
            self._welcomed.set_result(frame)
        elif kind == "problem" and frame.get("command") in self._answers:
            self._settle(str(frame["command"]), frame)
        elif kind == "problem":
            self.problems.append(str(frame["reason"]))
        async with self._changed:
            self._changed.notify_all()

    def _settle(self, command: str, frame: Frame) -> None:
        answer = self._answers.get(command)
        if answer is not None and not answer.done():
            answer.set_result(frame)

    def _apply(self, name: str, frame: Frame) -> None:
        data = frame["data"]
        self._meet(name, data)
        match name:
            case "command.done" | "command.refused":
                self._settle(data["command"], frame)
            case "snapshot.began":
                self.work.clear()
                self.offers.clear()
            case "snapshot.ended":
                self._snapshot_ended.set()
            case "snapshot.agent" | "agent.state-changed":
                self.state = data["view"]["state"]
            case "snapshot.interaction":
                self._hold(data["view"])
            case "snapshot.offer" | "offer.made":
                if data["offer"]["agent"] == self.agent:
                    self.offers[data["offer"]["id"]] = data
            case "offer.accepted" | "offer.declined" | "offer.expired" | "offer.withdrawn" | "offer.media-failed":
                offered = self.offers.pop(data["offer"], None)
                if name == "offer.accepted" and offered is not None:
                    self._hold(offered["interaction"])
            case "message.received" | "message.accepted":
                if data["interaction"] in self.work:
                    self.work[data["interaction"]].messages.append(data["message"])
            case "interaction.closed" | "interaction.disowned":
                self.work.pop(data["interaction"], None)
            case _:
                self._advance(name, data)

    def _meet(self, name: str, data: Frame) -> None:
        """Note who the customer is and which conversation it is, whenever that is told."""
        view = data["interaction"] if name == "offer.made" else data
        id = str(view.get("id", data.get("interaction", "")))
        if name in ("offer.made", "customer.identified"):
            if data.get("customer") is not None:
                self.customers[id] = data["customer"]
            if view.get("conversation") is not None:
                self.conversations[id] = view["conversation"]

    def _hold(self, view: Frame) -> None:
        self.work[view["id"]] = Work(view["id"], view["version"], view["state"], view.get("conversation"), view["channel"])

    def _advance(self, name: str, data: Frame) -> None:
        work = self.work.get(str(data.get("interaction", "")))
        if work is None or "version" not in data:
            return
        work.version = data["version"]
        work.conversation = data.get("conversation", work.conversation)
        work.state = _STATES.get(name, work.state)


_STATES = {
    "interaction.connecting": "connecting",
    "interaction.activated": "active",
    "interaction.reopened": "active",
    "interaction.resumed": "active",
    "interaction.held": "held",
    "interaction.parked": "parked",
    "interaction.wrapping": "wrapping",
}


@contextlib.asynccontextmanager
async def at_work(
    base_url: str, token: str, answer: Callable[[Work], str], *, keep: bool = False, diary: Diary | None = None
) -> AsyncGenerator[AgentClient]:
    """
    An agent who takes whatever is offered, answers once in the words `answer` gives, completes and wraps up, until left.

    A refusal is part of the trade (the customer left, somebody was faster), and so is a lost connection; anything else ends the player. The diary is told of
    each refusal, and of each answer that did not come.
    """
    hands, noted = Hands(), diary or Diary()
    under_way: set[str] = set()
    taken: set[str] = set()

    async def handle(agent: AgentClient, id: str) -> None:
        """Until it is done with: what is refused or not answered now (the bus may be away) is tried again, as a person would."""
        if id in under_way:
            return
        under_way.add(id)
        try:
            with contextlib.suppress(*LOST):
                await agent.until(lambda: id not in agent.work or agent.work[id].state in ("active", "wrapping"), 60)
            while id in agent.work:
                try:
                    await finish(agent, agent.work[id])
                except (Refused, TimeoutError) as error:
                    noted.fault(error)
                    await asyncio.sleep(TRY_AGAIN_AFTER_S)
        except LOST:
            return  # the next connection is told of it again
        finally:
            under_way.discard(id)

    async def finish(agent: AgentClient, work: Work) -> None:
        if work.state == "wrapping":
            await agent.command("wrap-up.end", interaction=work.id, version=work.version)
            return
        if (text := answer(work)) and work.channel != "voice":
            await agent.reply(work.id, text)
        if work.id in agent.work:
            await agent.complete(work.id)

    async def take(agent: AgentClient, id: str) -> None:
        try:
            await agent.accept(id)
        except (Refused, TimeoutError) as error:
            noted.fault(error)
        except LOST:
            return

    async def on_event(agent: AgentClient, name: str, frame: Frame) -> None:
        data = frame["data"]
        if name in ("offer.made", "snapshot.offer") and data["offer"]["agent"] == agent.agent:
            if data["offer"]["id"] not in taken:
                taken.add(data["offer"]["id"])
                hands.begin(take(agent, data["offer"]["id"]))
        elif name == "snapshot.interaction":
            hands.begin(handle(agent, data["view"]["id"]))
        elif name == "offer.accepted" and data["interaction"] in agent.work:  # however late the answer to our accept
            hands.begin(handle(agent, data["interaction"]))

    async with AgentClient(base_url, token, on_event=on_event, keep=keep) as agent:
        await agent.ready()
        try:
            yield agent
        finally:
            noted.errors.update(agent.problems)
            await hands.rest()


async def tireless(url: Callable[[], str], token: str, answer: Callable[[Work], str], diary: Diary | None = None) -> None:
    """As `at_work`, and again whenever the connection is lost, as a desk does; until cancelled."""
    noted = diary or Diary()
    lost_at: float | None = None
    while True:
        how = ""
        try:
            async with at_work(url(), token, answer, diary=noted) as agent:
                if lost_at is not None:
                    noted.back(time.monotonic() - lost_at)
                await agent.left()
                lost_at, how = time.monotonic(), agent.ended
        except Refused as error:
            noted.fault(error)
        except LOST as error:
            lost_at, how = lost_at or time.monotonic(), type(error).__name__
        noted.reconnects[how] += 1
        await asyncio.sleep(AGAIN_AFTER_S)


class Hands:
    """What a player does at the same time. A failure of one comes out when the player rests."""

    def __init__(self) -> None:
        self._busy: set[asyncio.Task[None]] = set()
        self._failed: list[BaseException] = []

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._busy.add(task)
        task.add_done_callback(self._ended)

    async def rest(self) -> None:
        """Stop what is under way; raise what went wrong, if anything did."""
        busy = tuple(self._busy)
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
        if self._failed:
            raise self._failed[0]

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._busy.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failed.append(failure)
