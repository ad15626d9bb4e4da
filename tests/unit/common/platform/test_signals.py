"""A service alone in its process: signals, exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from standardiste.common.security.keys import make_secrets

PROGRAM = """
import asyncio
from standardiste.common.service import Service, run_service
from standardiste.common.settings import CommonSettings

async def task(ready):
    ready()
    {what}

run_service("toy", lambda settings, parts: Service(name="toy", tasks={{"work": task}}), CommonSettings)
"""


def start(folder: Path, what: str) -> subprocess.Popen[str]:
    make_secrets(folder / "secrets")
    settings = {
        "STANDARDISTE_BUS": f"embedded:{folder}/bus.sqlite",
        "STANDARDISTE_STORE": f"sqlite:///{folder}/store.sqlite",
        "STANDARDISTE_BLOBS": f"{folder}/blobs",
        "STANDARDISTE_SECRETS_FOLDER": f"{folder}/secrets",
        "STANDARDISTE_PORT": "0",
    }
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(what=what)], env={**os.environ, **settings}, stderr=subprocess.PIPE, text=True
    )


def wait_for(process: subprocess.Popen[str], event: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if f'"event": "{event}"' in line:
            return
    pytest.fail(f"the process ended without {event}")


@pytest.mark.parametrize("signals", [(signal.SIGTERM,), (signal.SIGINT,), (signal.SIGTERM, signal.SIGTERM, signal.SIGINT)], ids=str)
def test_asked_to_stop_it_drains_and_exits_with_0(tmp_path: Path, signals: tuple[signal.Signals, ...]) -> None:
    process = start(tmp_path, "await asyncio.Event().wait()")
    wait_for(process, "ready")
    for each in signals:
        process.send_signal(each)
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_task_that_raises_ends_the_process_with_1(tmp_path: Path) -> None:
    process = start(tmp_path, "raise RuntimeError('broken')")
    _, lines = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "broken" in lines
