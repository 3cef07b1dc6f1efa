"""`campus-cloud load`: a whole city's records, slots, readings and events, without a server."""

import argparse
import asyncio
import time
from dataclasses import asdict
from pathlib import Path

from cloud.commands import print_json
from device_profiles.command_line.parser import Commands, add_json
from device_profiles.command_line.progress import Progress

MEMORY_MB = 1500


def add(commands: Commands) -> None:
    """Add the command."""
    text = commands.text
    load = commands.add(
        "load", _load, examples=("load city", "load city --data cloud-data --memory-mb 4000")
    )
    load.add_argument("folder", type=Path, metavar="DIR", help=text("load.folder"))
    load.add_argument("--data", type=Path, metavar="DIR", help=text("load.data"))
    load.add_argument(
        "--memory-mb",
        type=int,
        default=MEMORY_MB,
        metavar="MB",
        help=text("memory_mb", number=MEMORY_MB),
    )
    add_json(load)


def _load(arguments: argparse.Namespace) -> int:
    from cloud.bulk.folder import city_folder
    from cloud.bulk.load import Load
    from cloud.bulk.offline import offline
    from cloud.clock import SystemClock

    started = time.monotonic()
    folder = city_folder(arguments.folder)
    with (
        offline(arguments.data, make=True, memory_mb=arguments.memory_mb) as (store, registry),
        Progress(arguments.text) as progress,
    ):
        loaded = asyncio.run(Load(folder, store, registry, SystemClock(), progress).run())
    counts = asdict(loaded)
    seconds = time.monotonic() - started
    if arguments.json:
        print_json({"folder": arguments.folder, **counts, "seconds": round(seconds, 1)})
    else:
        values = {"folder": arguments.folder, "seconds": seconds, **counts}
        print(arguments.text("load.done", **values))
    return 0
