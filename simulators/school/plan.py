"""A school and where its devices are reached -> the plan folder that everything runs from.

`school.yaml` is read by the simulators, `gateway.yaml` by the gateway, `workbook.xlsx` is imported
into the cloud. The same seed, day and ports give the same files.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from simulators.errors import SimulatorError
from simulators.school import workbook
from simulators.school.campus import SCHOOL, Campus, PlannedDevice
from simulators.school.timetable import PERIODS

SCHOOL_FILE = "school.yaml"
GATEWAY_FILE = "gateway.yaml"
WORKBOOK_FILE = "workbook.xlsx"
GATEWAY = "gw-001"
_TCP_BUS = "tcp-1"
_RTU_BUS = "rtu-1"
_RTU_LINK = "rtu-1.pty"
_MAX_UNIT = 247


@dataclass(frozen=True, slots=True)
class Reach:
    """Where everything listens on this machine."""

    mqtt_port: int = 18830
    modbus_port: int = 15020
    radio_port: int = 19001
    cloud_url: str = "http://127.0.0.1:8090"
    token_file: Path = Path("cloud/token")
    profiles: tuple[Path, ...] = field(default=())


class _Dumper(yaml.SafeDumper):
    """Puts times of day in quotes: bare ones are numbers to some readers, and refused by ours."""


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"[0-9]{2}:[0-9]{2}$"), list("0123456789")
)


def write_plan(folder: Path, campus: Campus, reach: Reach, *, is_lively: bool = True) -> None:
    """Write school.yaml, gateway.yaml and workbook.xlsx into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    addresses = _addresses(campus.devices)
    _write(folder / SCHOOL_FILE, _school(campus, reach, addresses, is_lively=is_lively))
    _write(folder / GATEWAY_FILE, _gateway(folder, campus, reach, addresses))
    workbook.write_workbook(folder / WORKBOOK_FILE, campus)


def write_single(folder: Path, device: str) -> Path:
    """Write the plan of just one device of a plan beside it, and return its folder."""
    path = folder / SCHOOL_FILE
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SimulatorError(f"{path}: cannot be read: {error.strerror}") from error
    devices = tree.get("devices", ()) if isinstance(tree, dict) else ()
    own = [told for told in devices if told.get("id") == device]
    if not own:
        raise SimulatorError(f"{path}: no device {device!r}; name one of those under devices")
    bus = own[0].get("modbus", {}).get("bus")
    tree["devices"] = own
    tree["modbus_tcp"] = [told for told in tree.get("modbus_tcp", ()) if told["bus"] == bus]
    tree["modbus_rtu"] = [
        {**told, "link": str(folder.resolve() / told["link"])}
        for told in tree.get("modbus_rtu", ())
        if told["bus"] == bus
    ]
    tree["faults"] = [told for told in tree.get("faults", ()) if told["device"] == device]
    if "ble" not in own[0]:
        tree["radio"] = None
    single = folder / f"only-{device}"
    single.mkdir(exist_ok=True)
    _write(single / SCHOOL_FILE, tree)
    return single


def _addresses(devices: Sequence[PlannedDevice]) -> dict[str, dict[str, Any]]:
    """Return where each device is reached, as both files say it."""
    turn: Counter[str] = Counter()
    found: dict[str, dict[str, Any]] = {}
    for device in devices:
        turn[device.protocol] += 1
        number = turn[device.protocol]
        if device.protocol == "mqtt":
            found[device.id] = {"mqtt": {"device": device.id}}
        elif device.protocol == "ble":
            low = f"{number:06X}"
            found[device.id] = {"ble": {"address": f"F0:00:00:{low[:2]}:{low[2:4]}:{low[4:]}"}}
        elif number > _MAX_UNIT:
            raise SimulatorError(f"a bus holds {_MAX_UNIT} units; plan fewer devices")
        else:
            bus = _TCP_BUS if device.protocol == "modbus_tcp" else _RTU_BUS
            found[device.id] = {"modbus": {"bus": bus, "unit_id": number}}
    return found


def _entry(device: PlannedDevice, address: dict[str, Any]) -> dict[str, Any]:
    entry = {
        "id": device.id,
        "asset": device.asset,
        "profile": device.profile,
        "room": device.room,
        **address,
    }
    if device.usage:
        entry["usage"] = device.usage
    return entry


def _school(
    campus: Campus, reach: Reach, addresses: dict[str, Any], *, is_lively: bool
) -> dict[str, Any]:
    return {
        "school": SCHOOL,
        "seed": campus.seed,
        "time_zone": "Asia/Shanghai",
        "lively": is_lively,
        "profiles": [str(folder) for folder in reach.profiles],
        "broker": {"host": "127.0.0.1", "port": reach.mqtt_port},
        "modbus_tcp": [{"bus": _TCP_BUS, "host": "127.0.0.1", "port": reach.modbus_port}],
        "modbus_rtu": [{"bus": _RTU_BUS, "link": _RTU_LINK}],
        "radio": {"host": "127.0.0.1", "port": reach.radio_port},
        "truth": "truth.jsonl",
        "periods": [
            {"period": number, "starts": f"{starts:%H:%M}", "ends": f"{ends:%H:%M}"}
            for number, _, starts, ends in PERIODS
        ],
        "lessons": [
            {"weekday": one.weekday, "period": one.period, "room": one.room}
            for one in campus.lessons
        ],
        "devices": [_entry(device, addresses[device.id]) for device in campus.devices],
        "faults": [],
    }


def _gateway(
    folder: Path, campus: Campus, reach: Reach, addresses: dict[str, Any]
) -> dict[str, Any]:
    devices = []
    for device in campus.devices:
        entry = _entry(device, addresses[device.id])
        if device.category is not None:
            entry["category"] = device.category
        devices.append(entry)
    return {
        "gateway": GATEWAY,
        "school": SCHOOL,
        "data_dir": "gateway-data",
        "profiles": [str(folder) for folder in reach.profiles],
        "uplink": {
            "url": reach.cloud_url,
            "org": "school",
            "bucket": "campus",
            "token_file": str(reach.token_file),
        },
        "mqtt": {"host": "127.0.0.1", "port": reach.mqtt_port},
        "modbus": [
            {"bus": _TCP_BUS, "host": "127.0.0.1", "port": reach.modbus_port},
            {"bus": _RTU_BUS, "serial": str(folder.resolve() / _RTU_LINK), "baudrate": 9600},
        ],
        "ble": {"hci": f"tcp-client:127.0.0.1:{reach.radio_port}"},
        "devices": devices,
    }


def _write(path: Path, tree: dict[str, Any]) -> None:
    text = yaml.dump(tree, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
    path.write_text(text, encoding="utf-8")
