"""`campus-sim`: a simulated school, its parts one by one, or all of it as a demo."""

import argparse
import asyncio
import json
import os
import signal
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from device_profiles.errors import ProfileError
from simulators.errors import SimulatorError


def main(argv: list[str] | None = None) -> int:
    """Run a command; 0 done, 1 failed, 2 wrong use."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except (SimulatorError, ProfileError) as error:
        print(f"campus-sim: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="campus-sim",
        description="Simulated schools: devices that speak the real protocols, and a demo of all.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_plan(commands)
    _add_parts(commands)
    _add_audit(commands)
    _add_city(commands)
    return parser


def _add_demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    demo = commands.add_parser(
        "demo",
        help="run a whole school with its gateway and the cloud",
        description="Run broker, cloud, gateway and a school of devices on this machine until "
        "Ctrl-C. With --duration: run so long, stop, and audit what was stored.",
    )
    demo.add_argument(
        "--data", type=Path, default=Path("demo-data"), help="folder for everything (demo-data)"
    )
    demo.add_argument("--port", type=_port, help="port of the web page (8090, or the next free)")
    demo.add_argument(
        "--duration", type=_seconds, metavar="SECONDS", help="stop after so long, and audit"
    )
    demo.add_argument("--report", type=Path, metavar="FILE", help="write the figures here as JSON")
    demo.add_argument("--devices", type=_devices, default=44, metavar="N", help="devices (44)")
    demo.add_argument("--seed", type=int, default=7, help="another number, another school (7)")
    demo.add_argument("--keep", action="store_true", help="go on with the data of the last demo")
    demo.set_defaults(run=_demo)


def _add_plan(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    plan = commands.add_parser(
        "plan", help="write the plan of a school: school.yaml, gateway.yaml, workbook.xlsx"
    )
    plan.add_argument("folder", type=Path, help="folder to write into")
    plan.add_argument("--devices", type=_devices, default=44, metavar="N", help="devices (44)")
    plan.add_argument("--seed", type=int, default=7, help="another number, another school (7)")
    plan.add_argument("--day", type=date.fromisoformat, help="the day it is, 2026-11-24 (today)")
    plan.add_argument("--url", default="http://127.0.0.1:8090", help="the cloud's address")
    plan.add_argument(
        "--token-file", type=Path, default=Path("cloud-data/token"), help="the cloud's token"
    )
    plan.add_argument(
        "--calm", action="store_true", help="devices follow the timetable instead of being lively"
    )
    plan.set_defaults(run=_plan)

    ledger = commands.add_parser("ledger", help="write only the workbook of a school")
    ledger.add_argument("file", type=Path, help="the .xlsx file to write")
    ledger.add_argument("--devices", type=_devices, default=44, metavar="N", help="devices (44)")
    ledger.add_argument("--seed", type=int, default=7, help="another number, another school (7)")
    ledger.add_argument("--day", type=date.fromisoformat, help="the day it is, 2026-11-24 (today)")
    ledger.set_defaults(run=_ledger)


def _add_parts(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    history = commands.add_parser("history", help="write the past of a school into a cloud")
    history.add_argument("plan", type=Path, help="folder of the plan")
    history.add_argument("--url", default="http://127.0.0.1:8090", help="the cloud's address")
    history.add_argument(
        "--token-file", type=Path, default=Path("cloud-data/token"), help="the cloud's token"
    )
    history.add_argument("--days", type=int, default=20, help="school days (20)")
    history.set_defaults(run=_history)

    school = commands.add_parser(
        "school",
        help="run the devices of a plan",
        description="Run every device of a plan until Ctrl-C. SIGUSR1: they stop speaking on "
        "their own, while servers go on answering.",
    )
    school.add_argument("plan", type=Path, help="folder of the plan")
    school.set_defaults(run=_school)

    device = commands.add_parser("device", help="run one device of a plan")
    device.add_argument("plan", type=Path, help="folder of the plan")
    device.add_argument("device", help="its id")
    device.set_defaults(run=_device)

    broker = commands.add_parser("broker", help="run an MQTT broker in this process")
    broker.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    broker.add_argument("--port", type=_port, default=1883, help="port to listen on (1883)")
    broker.set_defaults(run=_broker)


def _add_audit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    audit = commands.add_parser(
        "audit",
        help="compare what a school said with what a cloud holds",
        description="Compare the truth log of a plan with what the cloud answers; 1 if a reading "
        "is lost or doubled, or usage is off.",
    )
    audit.add_argument("plan", type=Path, help="folder of the plan")
    audit.add_argument("--url", default="http://127.0.0.1:8090", help="the cloud's address")
    audit.add_argument(
        "--token-file", type=Path, default=Path("cloud-data/token"), help="the cloud's token"
    )
    audit.add_argument("--until", type=_moment, help="when the gateway stopped (now)")
    audit.add_argument(
        "--arrival", type=_seconds, default=10.0, help="how late a reading may be stamped (10)"
    )
    audit.set_defaults(run=_audit)


def _add_city(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    city = commands.add_parser(
        "city",
        help="write a city of schools: books, usage slots, and what is true of them",
        description="Write a whole city of simulated schools into a folder: books as CSV, usage "
        "slots and readings as Parquet by day, and the truth about each school. The same seed and "
        "end give the same city.",
    )
    city.add_argument("--schools", type=int, default=1000, metavar="N", help="schools (1000)")
    city.add_argument("--days", type=int, default=20, metavar="N", help="school days (20)")
    city.add_argument("--seed", type=int, default=7, help="another number, another city (7)")
    city.add_argument(
        "--end", type=_day, metavar="DAY", help="the last day, 2026-11-20 (last Friday)"
    )
    city.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write into")
    city.add_argument("--workers", type=int, metavar="N", help="processes (one per processor)")
    city.add_argument(
        "--true-slots", action="store_true", help="also write the slots as they truly were"
    )
    city.set_defaults(run=_city)

    whole = commands.add_parser(
        "city-demo",
        help="a whole city from its books to its objections, and the pages to walk through it",
        description="Write a city, load it into a cloud, assess every school, select model "
        "schools, write the reports, send some of the schools over the real write API to compare, "
        "take the procedure up to the publicity period, and serve the pages until Ctrl-C.",
    )
    whole.add_argument(
        "--data", type=Path, default=Path("city-data"), help="folder for everything (city-data)"
    )
    whole.add_argument("--port", type=_port, help="port of the web page (8090, or the next free)")
    whole.add_argument(
        "--duration", type=_seconds, metavar="SECONDS", help="stop so long after all is made"
    )
    whole.add_argument("--report", type=Path, metavar="FILE", help="write what came out as JSON")
    whole.add_argument("--schools", type=int, default=1000, metavar="N", help="schools (1000)")
    whole.add_argument("--days", type=int, default=20, metavar="N", help="school days (20)")
    whole.add_argument("--places", type=int, default=50, metavar="N", help="model schools (50)")
    whole.add_argument("--seed", type=int, default=7, help="another number, another city (7)")
    whole.add_argument(
        "--send",
        type=_number,
        default=20,
        metavar="N",
        help="schools that go over the real write API as well, to compare; 0 for none (20)",
    )
    whole.set_defaults(run=_city_demo)

    sent = commands.add_parser(
        "city-send",
        help="send some schools of a city to a cloud, over its import and write APIs",
        description="Send books, slots, readings and events of some schools of a city to a "
        "running cloud, as schools and their gateways would.",
    )
    sent.add_argument("--city", type=Path, required=True, metavar="DIR", help="folder of the city")
    sent.add_argument("--schools", type=int, default=20, metavar="N", help="schools (20)")
    sent.add_argument("--url", default="http://127.0.0.1:8090", help="the cloud's address")
    sent.add_argument(
        "--token-file", type=Path, default=Path("cloud-data/token"), help="the cloud's token"
    )
    sent.set_defaults(run=_city_send)


def _demo(arguments: argparse.Namespace) -> int:
    from simulators.demo.demo import Options, run_demo  # noqa: PLC0415  `--help` needs no libraries

    return run_demo(
        Options(
            data=arguments.data,
            port=arguments.port,
            duration_s=arguments.duration,
            report=arguments.report,
            devices=arguments.devices,
            seed=arguments.seed,
            is_kept=arguments.keep,
        )
    )


def _plan(arguments: argparse.Namespace) -> int:
    from simulators.school.campus import make_campus  # noqa: PLC0415  as in _demo
    from simulators.school.plan import Reach, write_plan  # noqa: PLC0415  as in _demo

    campus = make_campus(arguments.seed, arguments.devices, arguments.day or _today())
    reach = Reach(cloud_url=arguments.url, token_file=arguments.token_file.resolve())
    write_plan(arguments.folder, campus, reach, is_lively=not arguments.calm)
    print(f"{arguments.folder}: a school of {len(campus.devices)} devices")
    return 0


def _ledger(arguments: argparse.Namespace) -> int:
    from simulators.school.campus import make_campus  # noqa: PLC0415  as in _demo
    from simulators.school.ledger import make_ledger  # noqa: PLC0415  as in _demo
    from simulators.school.workbook import write_workbook  # noqa: PLC0415  as in _demo

    campus = make_campus(arguments.seed, arguments.devices, arguments.day or _today())
    write_workbook(arguments.file, campus)
    print(f"{arguments.file}: {len(make_ledger(campus))} assets")
    return 0


def _history(arguments: argparse.Namespace) -> int:
    from simulators.school.history import write_history  # noqa: PLC0415  as in _demo

    lines = write_history(
        arguments.plan,
        url=arguments.url,
        token=_token(arguments.token_file),
        days=arguments.days,
        now=datetime.now(UTC),
    )
    print(f"{lines} lines")
    return 0


def _school(arguments: argparse.Namespace) -> int:
    from simulators.school import run as school  # noqa: PLC0415  as in _demo

    return school.main([str(arguments.plan)])


def _device(arguments: argparse.Namespace) -> int:
    from simulators.school import run as school  # noqa: PLC0415  as in _demo
    from simulators.school.plan import write_single  # noqa: PLC0415  as in _demo

    return school.main([str(write_single(arguments.plan, arguments.device))])


def _broker(arguments: argparse.Namespace) -> int:
    asyncio.run(_serve_broker(arguments.host, arguments.port))
    return 0


async def _serve_broker(host: str, port: int) -> None:
    from simulators.devices.mqtt_broker import Broker  # noqa: PLC0415  as in _demo

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Broker(port, host=host):
        print(f"ready: {host}:{port}", flush=True)
        await stop.wait()


def _audit(arguments: argparse.Namespace) -> int:
    from simulators.audit.report import Run, audit_run  # noqa: PLC0415  as in _demo

    report = audit_run(
        Run(
            plan=arguments.plan,
            url=arguments.url,
            token=_token(arguments.token_file),
            until=arguments.until or datetime.now(UTC),
            arrival_s=arguments.arrival,
        )
    )
    print(json.dumps(report, ensure_ascii=False, indent=2))
    readings, usage = report["readings"], report["usage"]
    return 1 if readings["lost"] or readings["doubled"] or usage["over"] else 0


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
    told = write_city(options, tell=_say)
    print(f"{arguments.out}: {told['counts']['schools']:,} schools, {told['start']}..{told['end']}")
    return 0


def _city_demo(arguments: argparse.Namespace) -> int:
    from simulators.city.demo import Options, run_city_demo  # noqa: PLC0415  as in _demo

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
        )
    )


def _city_send(arguments: argparse.Namespace) -> int:
    from simulators.city.send import chosen, send  # noqa: PLC0415  as in _demo

    schools = chosen(arguments.city, arguments.schools)
    token = _token(arguments.token_file)
    lines = send(arguments.city, schools, url=arguments.url, token=token, tell=_say)
    print(f"{len(schools)} schools, {lines:,} lines")
    return 0


def _say(text: str) -> None:
    print(text, flush=True)


def _token(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SimulatorError(f"{path}: cannot be read: {error.strerror}") from error


def _today() -> date:
    from simulators.school.timetable import ZONE  # noqa: PLC0415  as in _demo

    return datetime.now(ZONE).date()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"got {text}, expected a day such as 2026-11-20") from None


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"got {text}, expected a port from 1 to 65535")
    return int(text)


def _number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"got {text}, expected a number, 0 or more")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 1e6:
        raise argparse.ArgumentTypeError(f"got {text}, expected seconds, more than 0")
    return seconds


def _devices(text: str) -> int:
    if not text.isdecimal() or not 4 <= int(text) <= 900:
        raise argparse.ArgumentTypeError(f"got {text}, expected a number from 4 to 900")
    return int(text)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise argparse.ArgumentTypeError(f"got {text}, expected 2026-11-24T08:00:00Z") from None
