"""
An event loop that jumps time: nothing comes from outside, so when nothing can run it moves its clock to the next timer.

Theory. What runs belongs to a `Node` (a process, as far as a simulation goes), known from its context, as is all that it starts. Each node has its own
queue, first in first out, as on a real loop; which node runs next is drawn, as it would be among real processes. `crash` parks whatever of a
node would run: no exception, no clean-up, as a power cut has none. When nothing can run and no timer is set, whoever waits would wait for ever:
`Stalled`. Threads and sockets do not exist here.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import math
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from random import Random
from typing import Any, Final, TypeVar

from standardiste.common.clock import ManualClock

T = TypeVar("T")

STEPS_MAX: Final = 100_000_000
"""Far more than any scenario takes: whoever gets here turns round and round without time passing."""


class Stalled(Exception):
    """Nothing can run and no timer is set."""


class Node:
    """What lives and dies together."""

    __slots__ = ("crash_rate", "is_alive", "name", "parked", "queue")

    def __init__(self, name: str, crash_rate: float = 0.0) -> None:
        self.name, self.crash_rate = name, crash_rate
        self.is_alive = True
        self.queue: deque[Step] = deque()
        self.parked: list[Step] = []


NODE: contextvars.ContextVar[Node] = contextvars.ContextVar("node")


class Step(asyncio.TimerHandle):
    """A callback that will run, and for whom."""

    def __init__(
        self,
        at_ms: int,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: JumpingLoop,
        context: contextvars.Context,
        node: Node,
    ) -> None:
        super().__init__(at_ms / 1000, callback, args, loop, context)
        self.at_ms, self.callback, self.args, self.context, self.node = at_ms, callback, args, context, node
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True

    def cancelled(self) -> bool:
        return self.is_cancelled


class JumpingLoop(asyncio.AbstractEventLoop):
    """Runs one simulation. `on_crash` is told of a node that was drawn to crash before its next step."""

    def __init__(self, clock: ManualClock, random: Random) -> None:
        self._clock, self._random = clock, random
        self.world = Node("world")
        self.nodes = [self.world]
        self.on_crash: Callable[[Node], None] = self.crash
        self.steps = 0
        self._timers: list[tuple[int, int, Step]] = []
        self._timer_count = 0
        self._tasks: list[asyncio.Task[Any]] = []
        self._is_running = self._is_ending = self._is_closed = False

    # ---- nodes

    def new_node(self, name: str, crash_rate: float = 0.0) -> Node:
        node = Node(name, crash_rate)
        self.nodes.append(node)
        return node

    def context_of(self, node: Node) -> contextvars.Context:
        """A context in which everything belongs to this node."""
        context = contextvars.copy_context()
        context.run(NODE.set, node)
        return context

    def crash(self, node: Node) -> None:
        """Nothing of this node runs any more."""
        node.is_alive = False
        node.parked += node.queue
        node.queue.clear()

    # ---- running

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run until this has ended, on behalf of no node."""
        return self._run_until_done(self.create_task(main, context=self.context_of(self.world)))

    def _run_until_done(self, task: asyncio.Task[T]) -> T:
        self._is_running = True
        asyncio._set_running_loop(self)  # pyright: ignore[reportPrivateUsage] # what asyncio offers whoever writes a loop
        try:
            while not task.done():
                self._run_one()
        finally:
            asyncio._set_running_loop(None)  # pyright: ignore[reportPrivateUsage] # as above
            self._is_running = False
        return task.result()

    def _run_one(self) -> None:
        ready = [node for node in self.nodes if node.queue]
        if not ready:
            self._jump()
            return
        node = ready[0] if len(ready) == 1 else ready[self._random.randrange(len(ready))]
        if node.crash_rate and self._random.random() < node.crash_rate:
            self.on_crash(node)
            return
        step = node.queue.popleft()
        self.steps += 1
        assert self.steps < STEPS_MAX, "time stands still"
        if not step.is_cancelled:
            step.context.run(step.callback, *step.args)

    def _jump(self) -> None:
        while self._timers and self._timers[0][2].is_cancelled:
            heapq.heappop(self._timers)
        if not self._timers:
            raise Stalled
        self._clock.at = max(self._clock.at, self._timers[0][0])
        while self._timers and self._timers[0][0] <= self._clock.at:
            self._enqueue(heapq.heappop(self._timers)[2])

    def _enqueue(self, step: Step) -> None:
        (step.node.queue if step.node.is_alive else step.node.parked).append(step)

    def end(self) -> None:
        """Give every node its life back, cancel all there is, and let it end: only so do coroutines leave without a trace."""
        ending = self.create_task(self._all_ended(), context=self.context_of(self.world))
        self._is_ending = True
        for node in self.nodes:
            node.is_alive, node.crash_rate = True, 0.0
        for task in self._tasks:
            if task is not ending:
                task.cancel()
        for node in self.nodes:
            node.queue.extend(node.parked)
            node.parked.clear()
        self._run_until_done(ending)
        self._is_closed = True

    async def _all_ended(self) -> None:
        own = asyncio.current_task()
        for task in self._tasks:
            if task is not own:
                await asyncio.gather(task, return_exceptions=True)

    # ---- what asyncio asks of a loop

    def call_soon(self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None) -> asyncio.Handle:
        context = contextvars.copy_context() if context is None else context
        step = Step(self._clock.at, callback, args, self, context, context.get(NODE, self.world))
        self._enqueue(step)
        return step

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        context = contextvars.copy_context() if context is None else context
        at_ms = self._clock.at + max(0, math.ceil(delay * 1000 - 1e-3))
        step = Step(at_ms, callback, args, self, context, context.get(NODE, self.world))
        self._timer_count += 1
        heapq.heappush(self._timers, (at_ms, self._timer_count, step))
        return step

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_later(when - self.time(), callback, *args, context=context)

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        raise AssertionError("a thread called into the simulation")

    def time(self) -> float:
        return self._clock.at / 1000

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Generator[Any, None, T] | Coroutine[Any, Any, T], *, name: str | None = None, context: contextvars.Context | None = None
    ) -> asyncio.Task[T]:
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        self._tasks.append(task)  # held to the end: what nobody holds is closed whenever the collector pleases
        if self._is_ending:
            task.cancel()
        return task

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return self._is_running

    def is_closed(self) -> bool:
        return self._is_closed

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception) and not self._is_closed:
            raise error
