"""A process that writes to a store and prints the number of each write once it is acknowledged.

`python -m tests._parts.store_process STORE FOLDER`; a test kills it.
"""

import asyncio
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from cloud.telemetry.line_protocol import Parser
from tests._parts.small_school import TestClock
from tests._parts.stores import STORES


async def write(name: str, folder: Path) -> None:
    """Write for ever: point and slot number 1, 2, 3, …"""
    store = STORES[name].open(folder, TestClock(datetime(2026, 11, 24, tzinfo=UTC)))
    parser = Parser()
    for number in count(1):
        lines = (
            f"reading,school=S,asset=A v={number} {number}\n"
            f"usage,school=S,asset=A active_s=300 {300 * number}\n"
        )
        await store.write(parser.parse(lines.encode(), precision="s", now_ns=0))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], Path(sys.argv[2])))
