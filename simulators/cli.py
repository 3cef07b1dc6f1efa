"""`campus-sim`: a simulated school, its parts one by one, or all of it as a demo."""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from device_profiles.command_line.extras import require
from device_profiles.command_line.parser import Commands, Parser, add_json
from device_profiles.command_line.program import Program
from device_profiles.command_line.progress import Progress
from device_profiles.command_line.texts import Texts
from device_profiles.errors import ProfileError
from simulators.errors import SimulatorError


def main(argv: list[str] | None = None) -> int:
    """Run a command; 0 done, 1 failed, 2 wrong use."""
    return PROGRAM.main(argv)


def _add(commands: Commands) -> None:
    _add_demo(commands)
    _add_plan(commands)
    _add_parts(commands)
    _add_audit(commands)
    _add_city(commands)


PROGRAM = Program(
    name="campus-sim",
    messages=Path(__file__).parent / "messages",
    add=_add,
    errors=(SimulatorError, ProfileError),
    prefix="campus-sim: ",
    extra="simulators",
)


def _add_demo(commands: Commands) -> None:
    text = commands.text
    demo = commands.add(
        "demo",
        _demo,
        examples=(
            "demo",
            "demo --duration 60 --report demo.json",
            "demo --keep",
            "demo --duration 60 --noise",
        ),
    )
    _add_data(demo, Path("demo-data"), text("demo.data"))
    demo.add_argument("--port", type=_port(text), help=text("web_port"))
    demo.add_argument(
        "--duration", type=_seconds(text), metavar="SECONDS", help=text("demo.duration")
    )
    demo.add_argument("--report", type=Path, metavar="FILE", help=text("report_file"))
    _add_school(demo)
    demo.add_argument("--keep", action="store_true", help=text("demo.keep"))
    demo.add_argument("--noise", action="store_true", help=text("demo.noise"))


def _add_plan(commands: Commands) -> None:
    text = commands.text
    plan = commands.add("plan", _plan, examples=("plan school", "plan school --devices 12 --calm"))
    plan.add_argument("folder", type=Path, metavar="FOLDER", help=text("plan.folder"))
    _add_school(plan)
    plan.add_argument("--day", type=_day(text), help=text("day"))
    _add_cloud(plan)
    plan.add_argument("--calm", action="store_true", help=text("plan.calm"))

    ledger = commands.add("ledger", _ledger, examples=("ledger workbook.xlsx --devices 12",))
    ledger.add_argument("file", type=Path, help=text("ledger.file"))
    _add_school(ledger)
    ledger.add_argument("--day", type=_day(text), help=text("day"))
    for command in (plan, ledger):
        add_json(command)


def _add_parts(commands: Commands) -> None:
    text = commands.text
    history = commands.add("history", _history, examples=("history school --days 20",))
    _add_plan_folder(history)
    _add_cloud(history)
    history.add_argument("--days", type=int, default=20, metavar="N", help=text("school_days"))
    add_json(history)

    school = commands.add("school", _school, examples=("school school", "school school --hold"))
    _add_plan_folder(school)
    school.add_argument("--hold", action="store_true", help=text("school.hold"))

    device = commands.add("device", _device, examples=("device school display-101",))
    _add_plan_folder(device)
    device.add_argument("device", metavar="DEVICE", help=text("device.device"))

    broker = commands.add("broker", _broker, examples=("broker", "broker --port 1884"))
    broker.add_argument("--host", default="127.0.0.1", help=text("broker.host"))
    broker.add_argument("--port", type=_port(text), default=1883, help=text("broker.port"))


def _add_audit(commands: Commands) -> None:
    text = commands.text
    audit = commands.add("audit", _audit, examples=("audit school --until 2026-11-24T08:00:00Z",))
    _add_plan_folder(audit)
    _add_cloud(audit)
    audit.add_argument("--until", type=_moment(text), metavar="TIME", help=text("audit.until"))
    audit.add_argument(
        "--arrival",
        type=_seconds(text),
        default=10.0,
        metavar="SECONDS",
        help=text("audit.arrival"),
    )


def _add_city(commands: Commands) -> None:
    text = commands.text
    city = commands.add(
        "city", _city, examples=("city --out city", "city --schools 60 --days 5 --out city")
    )
    _add_city_size(city)
    city.add_argument("--end", type=_day(text), metavar="DAY", help=text("city.end"))
    city.add_argument("--out", type=Path, required=True, metavar="DIR", help=text("city.out"))
    city.add_argument("--workers", type=int, metavar="N", help=text("city.workers"))
    city.add_argument("--true-slots", action="store_true", help=text("city.true_slots"))
    add_json(city)

    demo = commands.add(
        "city-demo",
        _city_demo,
        examples=("city-demo", "city-demo --schools 60 --days 5 --duration 1 --report city.json"),
    )
    _add_data(demo, Path("city-data"), text("city-demo.data"))
    demo.add_argument("--port", type=_port(text), help=text("web_port"))
    demo.add_argument(
        "--duration", type=_seconds(text), metavar="SECONDS", help=text("city-demo.duration")
    )
    demo.add_argument("--report", type=Path, metavar="FILE", help=text("report_file"))
    _add_city_size(demo)
    demo.add_argument("--places", type=int, default=50, metavar="N", help=text("city-demo.places"))
    demo.add_argument(
        "--send", type=_number(text), default=20, metavar="N", help=text("city-demo.send")
    )

    send = commands.add("city-send", _city_send, examples=("city-send --city city --schools 20",))
    send.add_argument(
        "--city", type=Path, required=True, metavar="DIR", help=text("city-send.city")
    )
    send.add_argument(
        "--schools", type=int, default=20, metavar="N", help=text("schools", number=20)
    )
    _add_cloud(send)
    add_json(send)


def _add_data(parser: Parser, default: Path, help_text: str) -> None:
    parser.add_argument("--data", type=Path, default=default, metavar="DIR", help=help_text)


def _add_school(parser: Parser) -> None:
    text = parser.text
    parser.add_argument(
        "--devices", type=_devices(text), default=44, metavar="N", help=text("devices")
    )
    parser.add_argument("--seed", type=int, default=7, metavar="N", help=text("seed"))


def _add_city_size(parser: Parser) -> None:
    text = parser.text
    parser.add_argument(
        "--schools", type=int, default=1000, metavar="N", help=text("schools", number=1000)
    )
    parser.add_argument("--days", type=int, default=20, metavar="N", help=text("school_days"))
    parser.add_argument("--seed", type=int, default=7, metavar="N", help=text("city_seed"))


def _add_plan_folder(parser: Parser) -> None:
    parser.add_argument("plan", type=Path, metavar="FOLDER", help=parser.text("plan_folder"))


def _add_cloud(parser: Parser) -> None:
    text = parser.text
    parser.add_argument("--url", default="http://127.0.0.1:8090", help=text("url"))
    parser.add_argument(
        "--token-file",
        type=Path,
        default=Path("cloud-data/token"),
        metavar="FILE",
        help=text("token_file"),
    )


def _demo(arguments: argparse.Namespace) -> int:
    from simulators.demo.demo import Options, run_demo  # noqa: PLC0415  `--help` needs no libraries

    require("edge", "cloud")  # it starts the gateway and the cloud as processes
    return run_demo(
        Options(
            data=arguments.data,
            port=arguments.port,
            duration_s=arguments.duration,
            report=arguments.report,
            devices=arguments.devices,
            seed=arguments.seed,
            is_kept=arguments.keep,
            is_noisy=arguments.noise,
            text=arguments.text,
        )
    )


def _plan(arguments: argparse.Namespace) -> int:
    from simulators.school.campus import make_campus  # noqa: PLC0415  as in _demo
    from simulators.school.plan import Reach, write_plan  # noqa: PLC0415  as in _demo

    campus = make_campus(arguments.seed, arguments.devices, arguments.day or _today())
    reach = Reach(cloud_url=arguments.url, token_file=arguments.token_file.resolve())
    write_plan(arguments.folder, campus, reach, is_lively=not arguments.calm)
    return _report(arguments, "plan.done", folder=arguments.folder, devices=len(campus.devices))


def _ledger(arguments: argparse.Namespace) -> int:
    from simulators.school.campus import make_campus  # noqa: PLC0415  as in _demo
    from simulators.school.ledger import make_ledger  # noqa: PLC0415  as in _demo
    from simulators.school.workbook import write_workbook  # noqa: PLC0415  as in _demo

    campus = make_campus(arguments.seed, arguments.devices, arguments.day or _today())
    write_workbook(arguments.file, campus)
    return _report(arguments, "ledger.done", file=arguments.file, assets=len(make_ledger(campus)))


def _history(arguments: argparse.Namespace) -> int:
    from simulators.school.history import write_history  # noqa: PLC0415  as in _demo

    with Progress(arguments.text) as progress:
        lines = write_history(
            arguments.plan,
            url=arguments.url,
            token=_token(arguments),
            days=arguments.days,
            now=datetime.now(UTC),
            progress=lambda done, total: progress("lines", done, total),
        )
    return _report(arguments, "history.done", lines=lines)


def _school(arguments: argparse.Namespace) -> int:
    from simulators.school import run as school  # noqa: PLC0415  as in _demo

    return school.main([str(arguments.plan), *(["--hold"] if arguments.hold else [])])


def _device(arguments: argparse.Namespace) -> int:
    from simulators.school import run as school  # noqa: PLC0415  as in _demo
    from simulators.school.plan import write_single  # noqa: PLC0415  as in _demo

    return school.main([str(write_single(arguments.plan, arguments.device))])


def _broker(arguments: argparse.Namespace) -> int:
    asyncio.run(_serve_broker(arguments.host, arguments.port, arguments.text))
    return 0


async def _serve_broker(host: str, port: int, text: Texts) -> None:
    from simulators.devices.mqtt_broker import Broker  # noqa: PLC0415  as in _demo

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Broker(port, host=host):
        print(text("broker.ready", host=host, port=port), flush=True)
        await stop.wait()


def _audit(arguments: argparse.Namespace) -> int:
    from simulators.audit.report import Run, audit_run, is_clean  # noqa: PLC0415  as in _demo

    report = audit_run(
        Run(
            plan=arguments.plan,
            url=arguments.url,
            token=_token(arguments),
            until=arguments.until or datetime.now(UTC),
            arrival_s=arguments.arrival,
        )
    )
    print(json.dumps(report, ensure_ascii=False, indent=2))
    return 0 if is_clean(report) else 1


def _city(arguments: argparse.Namespace) -> int:
    from simulators.city.city import Options, write_city  # noqa: PLC0415  as in _demo
    from simulators.city.term import last_friday  # noqa: PLC0415  as in _demo

    options = Options(
        folder=arguments.out,
        schools=arguments.schools,
        days=arguments.days,
        seed=arguments.seed,
        end=arguments.end or last_friday(_today()),
        workers=arguments.workers or os.cpu_count() or 1,
        keeps_true_slots=arguments.true_slots,
    )
    with Progress(arguments.text) as progress:
        city = write_city(
            options,
            news=_print_unless_json(arguments),
            progress=lambda done, total: progress("schools", done, total),
        )
    if arguments.json:
        _print_json({"folder": arguments.out, **city})
        return 0
    return _report(
        arguments,
        "city.done",
        folder=arguments.out,
        schools=city["counts"]["schools"],
        start=city["start"],
        end=city["end"],
    )


def _city_demo(arguments: argparse.Namespace) -> int:
    from simulators.city.demo import Options, run_city_demo  # noqa: PLC0415  as in _demo

    require("cloud")  # it starts the cloud as a process
    return run_city_demo(
        Options(
            data=arguments.data,
            port=arguments.port,
            duration_s=arguments.duration,
            report=arguments.report,
            schools=arguments.schools,
            days=arguments.days,
            seed=arguments.seed,
            places=arguments.places,
            send=arguments.send,
            text=arguments.text,
        )
    )


def _city_send(arguments: argparse.Namespace) -> int:
    from simulators.city.send import chosen, send  # noqa: PLC0415  as in _demo

    schools = chosen(arguments.city, arguments.schools)
    with Progress(arguments.text) as progress:
        lines = send(
            arguments.city,
            schools,
            url=arguments.url,
            token=_token(arguments),
            news=_print_unless_json(arguments),
            progress=lambda done, total: progress("lines", done, total),
        )
    return _report(arguments, "city-send.done", schools=len(schools), lines=lines)


def _report(arguments: argparse.Namespace, key: str, **values: Any) -> int:
    """Print what a command did, as JSON where it was asked for, and return 0."""
    if arguments.json:
        _print_json(values)
    else:
        print(arguments.text(key, **values))
    return 0


def _print_json(tree: Any) -> None:
    print(json.dumps(tree, ensure_ascii=False, indent=2, default=str))


def _print_unless_json(arguments: argparse.Namespace) -> Callable[[str], None]:
    """Return what prints a line of news at once; with `--json` nothing else may be printed."""

    def write(line: str) -> None:
        if not arguments.json:
            print(line, flush=True)

    return write


def _token(arguments: argparse.Namespace) -> str:
    path: Path = arguments.token_file
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        problem = arguments.text("cannot_read", path=path, reason=error.strerror)
        raise SimulatorError(problem) from error


def _today() -> date:
    from simulators.school.timetable import ZONE  # noqa: PLC0415  as in _demo

    return datetime.now(ZONE).date()


_Reader = Callable[[str], Any]
"""Reads the value of an argument, for `type=`."""


def _reader(text: Texts, key: str, read: _Reader) -> _Reader:
    """Return a reader whose ValueError is a sentence of the catalogue."""

    def checked(value: str) -> Any:
        try:
            return read(value)
        except ValueError:
            raise argparse.ArgumentTypeError(text(key, value=value)) from None

    return checked


def _whole(lowest: int, highest: int | None = None) -> _Reader:
    def read(value: str) -> int:
        if not value.isdecimal():
            raise ValueError(value)
        number = int(value)
        if number < lowest or (highest is not None and number > highest):
            raise ValueError(value)
        return number

    return read


def _day(text: Texts) -> _Reader:
    return _reader(text, "not_a_day", date.fromisoformat)


def _port(text: Texts) -> _Reader:
    return _reader(text, "not_a_port", _whole(1, 65_535))


def _number(text: Texts) -> _Reader:
    return _reader(text, "not_a_number", _whole(0))


def _devices(text: Texts) -> _Reader:
    return _reader(text, "not_devices", _whole(4, 900))


def _seconds(text: Texts) -> _Reader:
    def read(value: str) -> float:
        seconds = float(value)
        if not 0 < seconds <= 1e6:
            raise ValueError(value)
        return seconds

    return _reader(text, "not_seconds", read)


def _moment(text: Texts) -> _Reader:
    def read(value: str) -> datetime:
        return datetime.fromisoformat(value).astimezone(UTC)

    return _reader(text, "not_a_moment", read)


if __name__ == "__main__":
    sys.exit(main())
