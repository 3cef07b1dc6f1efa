"""`campus-cloud rollup`: usage slots as Parquet to evidence as Parquet, on DuckDB or on Spark."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.commands import Commands, day

if TYPE_CHECKING:
    from cloud.bulk.rollup import Engine
    from cloud.registry.queries.rollup_queries import Tables

MEMORY_MB = 2000


def add(commands: Commands) -> None:
    """Add the command."""
    rollup = commands.add_parser(
        "rollup",
        help="roll up usage slots from Parquet to Parquet, on DuckDB or Spark",
        description="Roll up slots into use per asset, day and period (usage_rollup) and per day "
        "(usage_days), for a province that no one machine holds. Who owns what and what is taught "
        "comes from the registry, or from files that were written of it once.",
    )
    rollup.add_argument("--engine", choices=["duckdb", "spark"], default="duckdb", help="(duckdb)")
    rollup.add_argument("--master", default="local[*]", metavar="URL", help="Spark's (local[*])")
    rollup.add_argument(
        "--conf", action="append", default=[], metavar="KEY=VALUE", help="a setting of Spark"
    )
    rollup.add_argument("--slots", type=Path, metavar="PARQUET", help="a file, or a folder of them")
    whence = rollup.add_mutually_exclusive_group()
    whence.add_argument(
        "--data", type=Path, help="folder of `campus-cloud serve`, for its registry (cloud-data)"
    )
    whence.add_argument("--books", type=Path, metavar="DIR", help="what --write-books wrote")
    rollup.add_argument("--until", type=day, help="last day; default that of the last slot")
    rollup.add_argument(
        "--memory-mb", type=int, default=MEMORY_MB, help=f"memory of DuckDB ({MEMORY_MB})"
    )
    where = rollup.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, metavar="DIR", help="a new folder for the evidence")
    where.add_argument("--write-books", type=Path, metavar="DIR", help="only write the books here")
    rollup.set_defaults(run=_rollup, refuse=rollup.error)


def _rollup(arguments: argparse.Namespace) -> int:
    from cloud.bulk.book_files import read_books, write_books
    from cloud.bulk.progress import Progress
    from cloud.bulk.rollup import roll_up
    from cloud.clock import SystemClock
    from cloud.utilization.reference_rollup import GRACE

    if arguments.write_books is not None:
        tables = _registered(arguments.data)
        write_books(tables, arguments.write_books)
        print(f"{arguments.write_books}: the books of {len(tables['schools'])} schools")
        return 0
    if arguments.slots is None:
        arguments.refuse("--out needs --slots")
    conf = dict(_pair(text, arguments) for text in arguments.conf)
    tables = read_books(arguments.books) if arguments.books else _registered(arguments.data)
    engine = _engine(arguments, conf)
    try:
        counts = roll_up(
            engine,
            tables,
            slots=arguments.slots,
            out=arguments.out,
            horizon=SystemClock().now() - GRACE,
            until=arguments.until,
            told=Progress(),
        )
    finally:
        engine.close()
    told = ", ".join(f"{rows:,} rows of {name}" for name, rows in counts.items())
    print(f"{arguments.out}: {told}")
    return 0


def _engine(arguments: argparse.Namespace, conf: dict[str, str]) -> "Engine":
    if arguments.engine == "spark":
        from cloud.bulk.on_spark import SparkEngine

        return SparkEngine(arguments.slots, master=arguments.master, conf=conf)
    from cloud.bulk.on_duckdb import DuckDBEngine

    return DuckDBEngine(
        arguments.slots,
        arguments.out / "spill",
        memory_mb=arguments.memory_mb,
        threads=os.cpu_count() or 1,
    )


def _pair(text: str, arguments: argparse.Namespace) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        arguments.refuse(f"--conf: {text!r} is no KEY=VALUE")
    return key, value


def _registered(data: Path | None) -> "Tables":
    from cloud.bulk.offline import registry_of
    from cloud.registry.queries.rollup_queries import book_tables

    with registry_of(data) as registry:
        return book_tables(registry)
