"""Whether the process is up: which of its tasks have called ready, and whether it is draining."""

from __future__ import annotations

from collections.abc import Iterable

from standardiste.common.metrics import gauge

_ready = gauge("standardiste_task_ready")


class Health:
    """
    Ready when every named task has said so once, and not draining. `has_started` stays true from then on.

    `because` says of a task that waits what it waits for, where that is known.
    """

    def __init__(self, tasks: Iterable[str] = ()) -> None:
        self.waiting = set(tasks)
        self.because: dict[str, str] = {}
        self.is_draining = False
        for task in self.waiting:
            _ready.labels(task).set(0)

    @property
    def has_started(self) -> bool:
        return not self.waiting

    @property
    def is_ready(self) -> bool:
        return not self.waiting and not self.is_draining

    def ready(self, task: str) -> None:
        """This task is up. Repeatable."""
        self.waiting.discard(task)
        self.because.pop(task, None)
        _ready.labels(task).set(1)
