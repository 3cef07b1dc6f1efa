"""`campus-cloud rollup`: usage slots as Parquet to evidence as Parquet, on DuckDB or on Spark."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.commands import day, print_json
from device_profiles.command_line.parser import Commands, add_json
from device_profiles.command_line.progress import Progress
from device_profiles.command_line.texts import Texts

if TYPE_CHECKING:
    from cloud.registry.queries.rollup_queries import Tables
    from cloud.telemetry.rollup_files import RollupEngine

MEMORY_MB = 2000


def add(commands: Commands) -> None:
    """Add the command."""
    text = commands.text
    rollup = commands.add(
        "rollup",
        _rollup,
        examples=(
            "rollup --slots fetched/slots --out evidence",
            "rollup --write-books records",
            "rollup --engine spark --slots fetched/slots --books records --out evidence",
        ),
    )
    rollup.add_argument(
        "--engine", choices=["duckdb", "spark"], default="duckdb", help=text("rollup.engine")
    )
    rollup.add_argument("--master", default="local[*]", metavar="URL", help=text("rollup.master"))
    rollup.add_argument(
        "--conf", action="append", default=[], metavar="KEY=VALUE", help=text("rollup.conf")
    )
    rollup.add_argument("--slots", type=Path, metavar="PARQUET", help=text("rollup.slots"))
    records = rollup.add_mutually_exclusive_group()
    records.add_argument("--data", type=Path, metavar="DIR", help=text("rollup.data"))
    records.add_argument("--books", type=Path, metavar="DIR", help=text("rollup.books"))
    rollup.add_argument("--until", type=day(text), metavar="DAY", help=text("rollup.until"))
    rollup.add_argument(
        "--memory-mb",
        type=int,
        default=MEMORY_MB,
        metavar="MB",
        help=text("memory_mb", number=MEMORY_MB),
    )
    target = rollup.add_mutually_exclusive_group(required=True)
    target.add_argument("--out", type=Path, metavar="DIR", help=text("rollup.out"))
    target.add_argument("--write-books", type=Path, metavar="DIR", help=text("rollup.write_books"))
    add_json(rollup)


def _rollup(arguments: argparse.Namespace) -> int:
    from cloud.bulk.book_files import read_books, write_books
    from cloud.bulk.rollup import roll_up
    from cloud.clock import SystemClock
    from cloud.utilization.reference_rollup import GRACE

    text: Texts = arguments.text
    if arguments.write_books is not None:
        tables = _registered(arguments.data)
        write_books(tables, arguments.write_books)
        schools = len(tables["schools"])
        if arguments.json:
            print_json({"folder": arguments.write_books, "schools": schools})
        else:
            print(text("rollup.books_done", folder=arguments.write_books, schools=schools))
        return 0
    if arguments.slots is None:
        arguments.refuse(text("rollup.out_needs_slots"))
    conf = dict(_pair(setting, arguments) for setting in arguments.conf)
    tables = read_books(arguments.books) if arguments.books else _registered(arguments.data)
    engine = _engine(arguments, conf)
    try:
        with Progress(text) as progress:
            counts = roll_up(
                engine,
                tables,
                slots=arguments.slots,
                out=arguments.out,
                horizon=SystemClock().now() - GRACE,
                until=arguments.until,
                progress=progress,
            )
    finally:
        engine.close()
    if arguments.json:
        print_json({"folder": arguments.out, "rows": counts})
        return 0
    rows = ", ".join(text("rollup.table", rows=rows, name=name) for name, rows in counts.items())
    print(text("rollup.done", folder=arguments.out, tables=rows))
    return 0


def _engine(arguments: argparse.Namespace, conf: dict[str, str]) -> "RollupEngine":
    from cloud.utilization.reference_rollup import LessonRule
    from cloud.utilization.rollup_plan import rollup_plan

    plan = rollup_plan(LessonRule())
    if arguments.engine == "spark":
        from cloud.bulk.on_spark import SparkEngine

        return SparkEngine(arguments.slots, plan, master=arguments.master, conf=conf)
    from cloud.telemetry.duckdb.parquet_rollup import DuckDBEngine

    return DuckDBEngine(
        arguments.slots,
        arguments.out / "spill",
        plan,
        memory_mb=arguments.memory_mb,
        threads=os.cpu_count() or 1,
    )


def _pair(setting: str, arguments: argparse.Namespace) -> tuple[str, str]:
    key, equals, value = setting.partition("=")
    if not equals:
        arguments.refuse(arguments.text("rollup.not_a_pair", value=setting))
    return key, value


def _registered(data: Path | None) -> "Tables":
    from cloud.bulk.offline import registry_of
    from cloud.registry.queries.rollup_queries import book_tables

    with registry_of(data) as registry:
        return book_tables(registry)
