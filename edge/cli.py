"""The `campus-edge` command: run a gateway, check its configuration, show its status."""

import argparse
import asyncio
import gc
import json
import logging
import signal
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from device_profiles.command_line.parser import Commands, add_json
from device_profiles.command_line.program import DONE, FAILED, Program
from device_profiles.command_line.progress import span
from device_profiles.command_line.table import padded, table
from device_profiles.command_line.texts import Texts
from edge import buffer_commands
from edge.errors import EdgeError

if TYPE_CHECKING:
    from edge.config import Config
    from edge.forget import ForgetRequests

_OLD_S = 100.0
"""A gateway that runs touches its status more often (`edge.status_file`)."""
_LABEL_COLUMNS = 10
_LEVEL_STATES = frozenset({"off", "standby", "active", "on"})
_TAKE_UP_S = 10.0


def main(argv: list[str] | None = None) -> int:
    """Run a command line; return 0 done, 1 failed, 2 wrong use."""
    return PROGRAM.main(argv)


def _add(commands: Commands) -> None:
    text = commands.text
    run = commands.add("run", _run, examples=("run /etc/campus/gateway.yaml --log-level info",))
    run.add_argument(
        "--log-level",
        default="warning",
        choices=["debug", "info", "warning", "error"],
        help=text("run.log_level"),
    )
    check = commands.add(
        "check", _check, examples=("check gateway.yaml", "check gateway.yaml --json")
    )
    status = commands.add(
        "status", _status, examples=("status gateway.yaml", "status gateway.yaml --lang zh")
    )
    levels = commands.add(
        "levels", _levels, examples=("levels gateway.yaml", "levels gateway.yaml --json")
    )
    forget = commands.add(
        "forget", _forget, examples=("forget meter-1", "forget meter-1 /etc/campus/gateway.yaml")
    )
    forget.add_argument("device", metavar="DEVICE", help=text("forget.device"))
    forget.add_argument(
        "config",
        type=Path,
        nargs="?",
        default=Path("gateway.yaml"),
        metavar="gateway.yaml",
        help=text("forget.config"),
    )
    buffer_commands.add(commands)
    for command in (check, status, levels, forget):
        add_json(command)
    for command in (run, check, status, levels):
        command.add_argument("config", type=Path, metavar="gateway.yaml", help=text("config"))


PROGRAM = Program(
    name="campus-edge",
    messages=Path(__file__).parent / "messages",
    add=_add,
    errors=(EdgeError,),
    extra="edge",
    extras={"bumble": "edge-hci"},
)


def _run(arguments: argparse.Namespace) -> int:
    from edge.config import load_config  # noqa: PLC0415  `--help` needs no library of the extra

    logging.basicConfig(
        level=arguments.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    config = load_config(arguments.config)
    for warning in config.warnings:
        logging.getLogger(__name__).warning("%s", warning)

    def ready() -> None:
        line = arguments.text(
            "run.ready",
            gateway=config.file.gateway,
            school=config.file.school,
            devices=arguments.text.count("device", len(config.devices)),
            url=config.file.uplink.url,
            data=config.data_dir,
        )
        print(line, flush=True)

    asyncio.run(_serve(config, ready))
    return DONE


async def _serve(config: "Config", ready: Callable[[], None]) -> None:
    from edge.clock import ComparedClock, SystemClock  # noqa: PLC0415  as in _run
    from edge.gateway import Gateway  # noqa: PLC0415  as in _run

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    gateway = Gateway(config, clock=ComparedClock(SystemClock()), random=SystemRandom())
    loop.add_signal_handler(signal.SIGUSR1, gateway.show_status)
    gc.collect()
    gc.freeze()  # what is loaded by now stays: no later collection need walk through it
    await gateway.run(stop, ready=ready)


def _check(arguments: argparse.Namespace) -> int:
    from edge.clock import SystemClock  # noqa: PLC0415  as in _run
    from edge.config import load_config  # noqa: PLC0415  as in _run
    from edge.gateway import new_parts  # noqa: PLC0415  as in _run

    config = load_config(arguments.config)
    new_parts(config, SystemClock())  # what `run` makes of it, so that `run` takes what passes here
    protocols = sorted({device.profile.protocol for device in config.devices.values()})
    if arguments.json:
        _print_json(
            {
                "config": str(arguments.config),
                "gateway": config.file.gateway,
                "school": config.file.school,
                "devices": len(config.devices),
                "protocols": protocols,
                "warnings": config.warnings,
            }
        )
        return DONE
    text = arguments.text
    values = {
        "path": arguments.config,
        "devices": text.count("device", len(config.devices)),
        "protocols": ", ".join(protocols),
    }
    for warning in config.warnings:
        print(text("check.warning", warning=warning), file=sys.stderr)
    print(text("check.done_over" if protocols else "check.done", **values))
    return DONE


def _status(arguments: argparse.Namespace) -> int:
    from edge.config import load_config  # noqa: PLC0415  as in _run
    from edge.status_file import STATUS_FILE  # noqa: PLC0415  as in _run

    config = load_config(arguments.config)
    path = config.data_dir / STATUS_FILE
    try:
        content = path.read_text(encoding="utf-8")
    except OSError:
        print(arguments.text("status.none", path=path, config=arguments.config), file=sys.stderr)
        return FAILED
    status = json.loads(content)
    # A gateway with nothing new to report only touches the file.
    touched = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    status["at"] = max(
        status["at"], touched.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
    if arguments.json:
        _print_json(status)
    else:
        print(_page(status, datetime.now(UTC), arguments.text))
    return DONE


def _levels(arguments: argparse.Namespace) -> int:
    from edge.config import load_config  # noqa: PLC0415  as in _run
    from edge.status_file import STATUS_FILE  # noqa: PLC0415  as in _run

    text: Texts = arguments.text
    config = load_config(arguments.config)
    path = config.data_dir / STATUS_FILE
    try:
        content = path.read_text(encoding="utf-8")
    except OSError:
        print(text("status.none", path=path, config=arguments.config), file=sys.stderr)
        return FAILED
    known = {
        id_: device["usage"]
        for id_, device in json.loads(content)["devices"].items()
        if device.get("usage") is not None
    }
    if arguments.json:
        _print_json(known)
        return DONE
    head = [text(f"levels.head.{name}") for name in ("device", "rule", "levels", "proposal")]
    rows = [[id_, *_fit_row(usage, text)] for id_, usage in known.items()]
    print("\n".join(table([head, *rows])) if rows else text("levels.none"))
    if any(usage["rule_fit"] == "does_not_fit" for usage in known.values()):
        print("\n" + text("levels.agree", config=arguments.config))
    return DONE


def _fit_row(usage: Mapping[str, Any], text: Texts) -> list[str]:
    """Return whether a device's rule fits, its levels, and the rule to agree to."""
    learned = usage["learned"] or {"levels": (), "proposal": None}
    levels = ", ".join(
        text(f"levels.{level['state']}", low=f"{level['low']:g}", high=f"{level['high']:g}")
        for level in learned["levels"]
        if level["state"] in _LEVEL_STATES
    )
    proposal = ""
    if usage["rule_fit"] == "does_not_fit" and learned["proposal"] is not None:
        pairs = ", ".join(f"{key}: {value:g}" for key, value in learned["proposal"].items())
        proposal = f"usage: {{{pairs}}}"
    return [text(f"levels.fit.{usage['rule_fit']}"), levels, proposal]


def _forget(arguments: argparse.Namespace) -> int:
    from edge.config import load_config  # noqa: PLC0415  as in _run
    from edge.forget import ForgetRequests  # noqa: PLC0415  as in _run

    config, device, text = load_config(arguments.config), arguments.device, arguments.text
    if device not in config.devices:
        near = get_close_matches(device, config.devices, 1)
        hint = text("forget.nearest", device=near[0]) if near else ", ".join(config.devices)
        print(
            text("forget.unknown", device=device, config=arguments.config, hint=hint),
            file=sys.stderr,
        )
        return FAILED
    requests = ForgetRequests(config.data_dir)
    try:
        requests.add(device)
    except OSError as error:
        print(text("forget.failed", path=config.data_dir, reason=error.strerror), file=sys.stderr)
        return FAILED
    is_done = _is_running(config) and _is_taken_up(requests, device)
    if arguments.json:
        _print_json({"device": device, "forgotten": is_done})
    else:
        print(text("forget.done" if is_done else "forget.later", device=device))
    return DONE


def _is_running(config: "Config") -> bool:
    from edge.status_file import STATUS_FILE  # noqa: PLC0415  as in _run

    try:
        touched_s = (config.data_dir / STATUS_FILE).stat().st_mtime
    except OSError:
        return False
    return abs(datetime.now(UTC).timestamp() - touched_s) < _OLD_S


def _is_taken_up(requests: "ForgetRequests", device: str) -> bool:
    """Wait some seconds for the running gateway; it looks every second."""
    deadline = time.monotonic() + _TAKE_UP_S
    while requests.is_pending(device) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not requests.is_pending(device)


def _print_json(tree: Mapping[str, Any]) -> None:
    print(json.dumps(tree, ensure_ascii=False, indent=1))


def _page(status: Mapping[str, Any], now: datetime, text: Texts) -> str:
    head = text(
        "status.gateway",
        gateway=status["gateway"],
        school=status["school"],
        version=status["version"],
    )
    labelled = [
        f"  {padded(text(f'status.{key}'), _LABEL_COLUMNS - 1)} {value}"
        for key, value in _labelled(status, now, text)
    ]
    rows = table(_device_rows(status["devices"], now, text))
    return "\n".join([head, *labelled, "", *rows])


def _labelled(status: Mapping[str, Any], now: datetime, text: Texts) -> list[tuple[str, str]]:
    """Return the lines of the status page above its table: key of the label, and value."""
    age_s = (now - datetime.fromisoformat(status["at"])).total_seconds()
    age = _ago(age_s, text)
    uplink = text(f"status.{status['uplink']}")
    if status["uplink_error"]:
        uplink += f": {status['uplink_error']}"
    backlog = text.count("line", status["backlog"])
    if status["backlog"]:
        oldest = _ago(status["oldest_unsent_s"], text)
        backlog = text("status.oldest", lines=backlog, ago=oldest)
    set_aside = text.count("line", status["set_aside"])
    lines = [
        ("updated", text("status.not_running", ago=age) if age_s > _OLD_S else age),
        ("up_for", span(status["uptime_s"], text)),
        ("uplink", uplink),
        ("backlog", backlog),
        (
            "readings",
            text("status.rate", readings=status["readings"], rate=status["readings_per_s"]),
        ),
        ("refused", text("status.given_up", lines=set_aside, evicted=status["evicted"])),
        (
            "machine",
            text("status.memory", memory=status["memory_mb"], disk=status["disk_free_mb"]),
        ),
    ]
    if status["held"]:
        held = text.count("delivery", status["held"])
        lines.append(("held", text("status.held_until", deliveries=held)))
    if status["last_error"]:
        lines.append(("error", f"{status['last_error']} ({status['last_error_at']})"))
    for name, driver in status["drivers"].items():
        state = driver["last_error"] or text("status.starting")
        if driver["ready"]:
            state = text("status.ready")
        lines.append(("driver", text("status.driver_state", name=name, state=state)))
    return lines


_HEAD = ("device", "protocol", "readings", "last", "errors", "last_error")


def _device_rows(
    devices: Mapping[str, Mapping[str, Any]], now: datetime, text: Texts
) -> list[tuple[str, ...]]:
    rows = [tuple(text(f"status.head.{column}") for column in _HEAD)]
    for name, device in devices.items():
        last = device["last_reading"]
        age = text("time.never")
        if last:
            age = _ago((now - datetime.fromisoformat(last)).total_seconds(), text)
        rows.append(
            (
                name,
                device["protocol"],
                str(device["readings"]),
                age,
                str(device["errors"]),
                device["last_error"],
            )
        )
    return rows


def _ago(seconds: float, text: Texts) -> str:
    return text("time.ago", span=span(max(0.0, seconds), text))


if __name__ == "__main__":
    sys.exit(main())
