"""How inputs are mutated for fuzzing: cut, flipped, doubled, pieces put in, lines exchanged. Everything follows from the source of chance."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence


def change(source: random.Random, raw: bytearray, pieces: Sequence[bytes]) -> None:
    """One change, in place; `pieces` are what is put in."""
    source.choice(CHANGES)(source, raw, pieces)


def _cut(source: random.Random, raw: bytearray, pieces: Sequence[bytes]) -> None:
    at = source.randrange(len(raw) + 1)
    del raw[at : at + source.randrange(1, 200)]


def _flip(source: random.Random, raw: bytearray, pieces: Sequence[bytes]) -> None:
    for _ in range(source.randrange(1, 20)):
        if raw:
            raw[source.randrange(len(raw))] = source.randrange(256)


def _insert(source: random.Random, raw: bytearray, pieces: Sequence[bytes]) -> None:
    at = source.randrange(len(raw) + 1)
    raw[at:at] = source.choice(pieces) * source.choice((1, 1, 1, 20))


def _double(source: random.Random, raw: bytearray, pieces: Sequence[bytes]) -> None:
    at = source.randrange(len(raw) + 1)
    piece = bytes(raw[at : at + source.randrange(1, 400)])
    raw[at:at] = piece * source.choice((1, 2, 10))


def _shuffle_lines(source: random.Random, raw: bytearray, pieces: Sequence[bytes]) -> None:
    lines = bytes(raw).split(b"\n")
    one, other = source.randrange(len(lines)), source.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    raw[:] = b"\n".join(lines)


CHANGES: Sequence[Callable[[random.Random, bytearray, Sequence[bytes]], None]] = (_cut, _flip, _insert, _double, _shuffle_lines)
