"""`campus-cloud fetch`: what an InfluxDB holds, as the folder that `load` and `rollup` take."""

import argparse
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cloud.commands import Commands, day
from cloud.errors import SettingsError


def add(commands: Commands) -> None:
    """Add the command."""
    fetch = commands.add_parser(
        "fetch",
        help="fetch slots, readings and events from an InfluxDB, as Parquet by day",
        description="Write what gateways wrote to an InfluxDB (1.8, 2 or 3) into a folder of "
        "Parquet by day, which `load` and `rollup --slots DIR/slots` take. A day that is in the "
        "folder is kept: delete its folders to fetch it again, and fetch days that are over.",
    )
    fetch.add_argument("--url", required=True, help="the InfluxDB's address")
    fetch.add_argument("--bucket", default="campus", help="bucket or database (campus)")
    fetch.add_argument("--token-file", type=Path, help="file with the token")
    fetch.add_argument("--start", type=day, required=True, help="first day, YYYY-MM-DD")
    fetch.add_argument("--end", type=day, required=True, help="last day, included")
    fetch.add_argument("--zone", default="Asia/Shanghai", help="of the days (Asia/Shanghai)")
    fetch.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder")
    fetch.set_defaults(run=_fetch)


def _fetch(arguments: argparse.Namespace) -> int:
    from cloud.bulk.influx import Influx, fetch
    from cloud.bulk.progress import Progress

    if arguments.start > arguments.end:
        raise SettingsError(f"--start {arguments.start} is after --end {arguments.end}")
    if not arguments.url.startswith(("http://", "https://")):
        raise SettingsError(f"{arguments.url}: not an http address; give --url as http://HOST:PORT")
    source = Influx(arguments.url, arguments.bucket, _token(arguments.token_file))
    span = (arguments.start, arguments.end, _zone(arguments.zone))
    found = fetch(source, arguments.out, *span, Progress())
    print(
        f"{arguments.out}: {found.slots:,} slots, {found.readings:,} readings, "
        f"{found.events:,} events; {found.days_before} days were there before"
    )
    return 0


def _token(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise SettingsError(f"--zone {name!r}: no such time zone") from None
