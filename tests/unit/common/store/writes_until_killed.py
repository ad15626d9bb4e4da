"""
A process that puts documents as fast as it can and says which are durable, one number a line, until it is killed.

Arguments: the database, the first number.
"""

from __future__ import annotations

import asyncio
import sys

from standardiste.common.store.port import Collection, Index
from standardiste.common.store.sqlite import SqliteStore

NUMBERS = Collection(name="numbers", indexes=(Index(name="n", path="n", is_unique=True),), text=("word",))


async def main(path: str, first: int) -> None:
    store = await SqliteStore.open_file(path)
    await store.open([NUMBERS])

    async def put(n: int) -> None:
        await store.tenant("t").put(NUMBERS, str(n), {"n": n, "word": f"w{n}"}, expected=0)
        sys.stdout.write(f"{n}\n")
        sys.stdout.flush()

    while True:
        await asyncio.gather(*(put(first + n) for n in range(20)))
        first += 20


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
