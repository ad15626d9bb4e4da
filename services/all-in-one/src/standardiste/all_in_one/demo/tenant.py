"""The demo tenant's document and where its world is found."""

from __future__ import annotations

import os
from importlib.resources import files

MAIL_OUT_PORT = 8092
TWILIO_PORT = 8091
CHAT_PAGE = "lumen-web"
LOGINS = (("amelie", "lumen-demo"), ("bruno", "lumen-demo"), ("admin", "lumen-demo"))


def document() -> str:
    """The YAML document that a fresh demo folder begins with."""
    return files("standardiste.all_in_one.demo").joinpath("lumen.yaml").read_text("utf-8")


def settings() -> dict[str, object]:
    """What the demo's installation is told of its providers; what the environment says wins."""
    here: dict[str, object] = {
        "email_out_host": "127.0.0.1",
        "email_out_port": MAIL_OUT_PORT,
        "twilio_url": f"http://127.0.0.1:{TWILIO_PORT}",
    }
    return {name: value for name, value in here.items() if f"STANDARDISTE_{name.upper()}" not in os.environ}
