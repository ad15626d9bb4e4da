"""The chat socket's frames as TypeScript, for the widget: `python -m standardiste.ingest_chat.typescript > services/ingest-chat/web/src/wire.ts`."""

from __future__ import annotations

import json
import sys
from typing import Final, get_args

from standardiste.common.events.typescript import Writer
from standardiste.common.events.wire import Close
from standardiste.ingest_chat.frames import SUBPROTOCOL, TEXT_BYTES_MAX, ServerFrame, VisitorFrame

_HEAD: Final = "// Generated from frames.py by `python -m standardiste.ingest_chat.typescript`; a test holds it current.\n\n"


def generate() -> str:
    """The whole file."""
    writer = Writer()
    said = [writer.interface(cls, is_input=False) for cls in get_args(ServerFrame)]
    asked = [writer.interface(cls, is_input=True) for cls in get_args(VisitorFrame)]
    closes = "".join(f"  {member.name}: {member.value},\n" for member in Close)
    return "".join(
        (
            _HEAD,
            f"export const SUBPROTOCOL = {json.dumps(SUBPROTOCOL)};\n\n",
            f"export const TEXT_BYTES_MAX = {TEXT_BYTES_MAX};\n\n",
            f"export const Close = {{\n{closes}}} as const;\n\n",
            f"export type ServerFrame = {' | '.join(said)};\n\n",
            f"export type VisitorFrame = {' | '.join(asked)};\n\n",
            writer.text().rstrip("\n"),
            "\n",
        )
    )


if __name__ == "__main__":
    sys.stdout.write(generate())
