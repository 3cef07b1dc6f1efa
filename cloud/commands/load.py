"""`campus-cloud load`: a whole city's books, slots, readings and events, without a server."""

import argparse
import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.commands import Commands

if TYPE_CHECKING:
    from cloud.bulk.load import Loaded

MEMORY_MB = 1500


def add(commands: Commands) -> None:
    """Add the command."""
    load = commands.add_parser(
        "load",
        help="load a whole city: books, usage slots, readings and events from files",
        description="Load a folder that `campus-sim city` wrote: books by the ordinary import, "
        "slots, readings and events from Parquet, and roll them up. What was loaded before is "
        "left out, so a load that was stopped goes on where it was. Stop a running cloud first: "
        "the telemetry file belongs to one process.",
    )
    load.add_argument("folder", type=Path, metavar="DIR", help="the folder to load")
    load.add_argument(
        "--data", type=Path, help="folder of `campus-cloud serve`, made if missing (cloud-data)"
    )
    load.add_argument(
        "--memory-mb",
        type=int,
        default=MEMORY_MB,
        help=f"memory DuckDB may use before it spills to disk ({MEMORY_MB})",
    )
    load.set_defaults(run=_load)


def _load(arguments: argparse.Namespace) -> int:
    from cloud.bulk.folder import city_folder
    from cloud.bulk.load import Load
    from cloud.bulk.offline import offline
    from cloud.bulk.progress import Progress
    from cloud.clock import SystemClock

    started = time.monotonic()
    folder = city_folder(arguments.folder)
    with offline(arguments.data, make=True, memory_mb=arguments.memory_mb) as (store, registry):
        loaded = asyncio.run(Load(folder, store, registry, SystemClock(), Progress()).run())
    print(f"{arguments.folder}: {_told(loaded)} in {time.monotonic() - started:.0f} s")
    return 0


def _told(loaded: "Loaded") -> str:
    return (
        f"{loaded.book_rows:,} rows of books in {loaded.book_files:,} files, "
        f"{loaded.slots:,} slots in {loaded.slot_files:,}, "
        f"{loaded.readings:,} readings in {loaded.reading_files:,}, "
        f"{loaded.events:,} events in {loaded.event_files:,} loaded; "
        f"{loaded.unchanged_files:,} files were loaded before"
    )
