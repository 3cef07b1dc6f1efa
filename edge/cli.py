"""The `campus-edge` command: run a gateway, check its configuration, show how it is."""

import argparse
import asyncio
import gc
import json
import logging
import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import SystemRandom
from typing import Any

from edge.clock import SystemClock
from edge.config import Config, load_config
from edge.errors import EdgeError
from edge.gateway import Gateway, version
from edge.health import STATUS_FILE

_OLD_S = 60.0


def main(argv: list[str] | None = None) -> int:
    """Run a command line; return 0 done, 1 failed, 2 wrong use."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.command(arguments))
    except EdgeError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:  # `| head` has seen enough
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="campus-edge", description="The gateway of a school: devices in, InfluxDB out."
    )
    parser.add_argument("--version", action="version", version=f"campus-edge {version()}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run", help="run the gateway until SIGTERM or SIGINT", description="Run the gateway."
    )
    run.add_argument(
        "--log-level",
        default="warning",
        choices=["debug", "info", "warning", "error"],
        help="what is written to stderr (default: warning)",
    )
    run.set_defaults(command=_run)
    check = commands.add_parser(
        "check",
        help="check gateway.yaml and everything it names",
        description="Check gateway.yaml: every fault with its line, and what to write instead.",
    )
    check.set_defaults(command=_check)
    status = commands.add_parser(
        "status",
        help="show how the gateway on this machine is",
        description="Show what the running gateway last wrote of itself.",
    )
    status.add_argument("--json", action="store_true", help="as one JSON object")
    status.set_defaults(command=_status)
    for command in (run, check, status):
        command.add_argument("config", type=Path, metavar="gateway.yaml")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    logging.basicConfig(
        level=arguments.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    config = load_config(arguments.config)
    asyncio.run(_serve(config))
    return 0


async def _serve(config: Config) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    gateway = Gateway(config, clock=SystemClock(), random=SystemRandom())
    gc.collect()
    gc.freeze()  # what is loaded by now stays: no later collection need walk through it

    def ready() -> None:
        print(
            f"gateway {config.file.gateway} of school {config.file.school}: "
            f"{_counted(len(config.devices), 'device')}, sending to {config.file.uplink.url}, "
            f"data in {config.data_dir}",
            flush=True,
        )

    await gateway.run(stop, ready=ready)


def _check(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config)
    protocols = sorted({device.profile.protocol for device in config.devices.values()})
    print(
        f"{arguments.config}: {_counted(len(config.devices), 'device')}"
        + (f" over {', '.join(protocols)}" if protocols else "")
        + ", nothing wrong"
    )
    return 0


def _status(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config)
    path = config.data_dir / STATUS_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        print(
            f"{path}: not there; the gateway has not run yet, "
            f"start it with `campus-edge run {arguments.config}`",
            file=sys.stderr,
        )
        return 1
    status = json.loads(text)
    if arguments.json:
        print(json.dumps(status, ensure_ascii=False, indent=1))
    else:
        print(_page(status, datetime.now(UTC)))
    return 0


def _page(status: Mapping[str, Any], now: datetime) -> str:
    age_s = (now - datetime.fromisoformat(status["at"])).total_seconds()
    lines = [
        f"gateway {status['gateway']} of school {status['school']}, version {status['version']}",
        f"  told      {_ago(age_s)}" + (", not running?" if age_s > _OLD_S else ""),
        f"  up for    {_span(status['uptime_s'])}",
        f"  uplink    {status['uplink']}"
        + (f": {status['uplink_error']}" if status["uplink_error"] else ""),
        f"  backlog   {_counted(status['backlog'], 'line')}"
        + (f", the oldest {_ago(status['oldest_unsent_s'])}" if status["backlog"] else ""),
        f"  readings  {status['readings']}, {status['readings_per_s']} a second",
        f"  refused   {_counted(status['set_aside'], 'line')}, given up {status['evicted']}",
        f"  machine   {status['memory_mb']} MB of memory, {status['disk_free_mb']} MB of disk free",
    ]
    if status["last_error"]:
        lines.append(f"  error     {status['last_error']} ({status['last_error_at']})")
    for name, driver in status["drivers"].items():
        said = "ready" if driver["ready"] else driver["last_error"] or "starting"
        lines.append(f"  driver    {name}: {said}")
    rows = [("DEVICE", "PROTOCOL", "READINGS", "LAST", "ERRORS", "LAST ERROR")]
    for id_, device in status["devices"].items():
        last = device["last_reading"]
        ago = _ago((now - datetime.fromisoformat(last)).total_seconds()) if last else "never"
        rows.append(
            (
                id_,
                device["protocol"],
                str(device["readings"]),
                ago,
                str(device["errors"]),
                device["last_error"],
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    lines.append("")
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*cells, row[5]]).rstrip())
    return "\n".join(lines)


def _ago(seconds: float) -> str:
    return f"{_span(max(0.0, seconds))} ago"


def _span(seconds: float) -> str:
    for length, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


if __name__ == "__main__":
    sys.exit(main())
