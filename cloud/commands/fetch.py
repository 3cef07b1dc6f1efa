"""`campus-cloud fetch`: what an InfluxDB holds, as the folder that `load` and `rollup` take."""

import argparse
from dataclasses import asdict
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cloud.commands import day, print_json, token_of
from cloud.errors import SettingsError
from device_profiles.command_line.parser import Commands, add_json
from device_profiles.command_line.progress import Progress
from device_profiles.command_line.texts import Texts


def add(commands: Commands) -> None:
    """Add the command."""
    text = commands.text
    fetch = commands.add(
        "fetch",
        _fetch,
        examples=(
            "fetch --url http://influx:8086 --start 2026-11-02 --end 2026-11-06 --out fetched",
        ),
    )
    fetch.add_argument("--url", required=True, help=text("fetch.url"))
    fetch.add_argument("--bucket", default="campus", help=text("fetch.bucket"))
    fetch.add_argument("--token-file", type=Path, metavar="FILE", help=text("token_file"))
    fetch.add_argument(
        "--start", type=day(text), metavar="DAY", required=True, help=text("first_day")
    )
    fetch.add_argument("--end", type=day(text), metavar="DAY", required=True, help=text("last_day"))
    fetch.add_argument("--zone", default="Asia/Shanghai", help=text("fetch.zone"))
    fetch.add_argument("--out", type=Path, required=True, metavar="DIR", help=text("fetch.out"))
    add_json(fetch)


def _fetch(arguments: argparse.Namespace) -> int:
    from cloud.bulk.influx import fetch
    from cloud.telemetry.influxdb.client import Influx

    text: Texts = arguments.text
    if arguments.start > arguments.end:
        raise SettingsError(text("fetch.order", start=arguments.start, end=arguments.end))
    if not arguments.url.startswith(("http://", "https://")):
        raise SettingsError(text("not_http", url=arguments.url))
    token = token_of(arguments.token_file, text) if arguments.token_file else ""
    source = Influx(arguments.url, arguments.bucket, token)
    days = (arguments.start, arguments.end, _zone(arguments.zone, text))
    with Progress(text) as progress:
        fetched = fetch(source, arguments.out, *days, progress)
    if arguments.json:
        print_json({"folder": arguments.out, **asdict(fetched)})
    else:
        print(text("fetch.done", folder=arguments.out, **asdict(fetched)))
    return 0


def _zone(name: str, text: Texts) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise SettingsError(text("fetch.no_zone", zone=name)) from None
