"""A school and where its devices are reached -> the plan folder that everything runs from.

`school.yaml` is read by the simulators, `gateway.yaml` by the gateway, `workbook.xlsx` is imported
into the cloud. The same seed, day and ports give the same files.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from device_profiles.loader import load_catalogue
from simulators.devices.protocol import Simulator, simulator_of, simulators
from simulators.errors import SimulatorError
from simulators.school import workbook
from simulators.school.campus import SCHOOL, Campus, PlannedDevice
from simulators.school.timetable import PERIODS

SCHOOL_FILE = "school.yaml"
GATEWAY_FILE = "gateway.yaml"
WORKBOOK_FILE = "workbook.xlsx"
GATEWAY = "gw-001"
FIRST_PORT = 18830


@dataclass(frozen=True, slots=True)
class Reach:
    """Where everything listens on this machine."""

    ports: Mapping[str, int] = field(default_factory=dict)
    """Protocol -> the port of its devices; those not named get the ports from `FIRST_PORT` on."""
    cloud_url: str = "http://127.0.0.1:8090"
    token_file: Path = Path("cloud/token")
    profiles: tuple[Path, ...] = field(default=())
    loss: float = 0.0
    """Share of the frames that are lost on serial lines."""

    def port(self, protocol: str) -> int:
        """Return the port by which the devices of a protocol are reached."""
        return self.ports.get(protocol, FIRST_PORT + list(simulators()).index(protocol))


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
    """Write the plan of just one device of a plan next to it, and return its folder."""
    path = folder / SCHOOL_FILE
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SimulatorError(f"{path}: cannot be read: {error.strerror}") from error
    devices = tree.get("devices", ()) if isinstance(tree, dict) else ()
    entry = next((planned for planned in devices if planned.get("id") == device), None)
    if entry is None:
        raise SimulatorError(f"{path}: no device {device!r}; name one of those under devices")
    tree["devices"] = [entry]
    tree["faults"] = [fault for fault in tree.get("faults", ()) if fault["device"] == device]
    for protocol, simulator in simulators().items():
        sections = {key: tree.pop(key) for key in simulator.sections if key in tree}
        if protocol in entry:
            tree |= simulator.only(sections, entry[protocol], folder)
    single = folder / f"only-{device}"
    single.mkdir(exist_ok=True)
    _write(single / SCHOOL_FILE, tree)
    return single


def _addresses(devices: Sequence[PlannedDevice]) -> dict[str, dict[str, Any]]:
    """Return where each device is reached, as both files have it."""
    catalogue = load_catalogue()
    turn: Counter[str] = Counter()
    addresses: dict[str, dict[str, Any]] = {}
    for device in devices:
        turn[device.transport] += 1
        protocol = catalogue[device.profile].protocol
        address = simulator_of(protocol).planned_address(
            device.transport, turn[device.transport], device.id
        )
        addresses[device.id] = {protocol: address}
    return addresses


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
    sections = {
        key: section
        for protocol, simulator in simulators().items()
        for key, section in _sections(simulator, reach, protocol).items()
    }
    return {
        "school": SCHOOL,
        "seed": campus.seed,
        "time_zone": "Asia/Shanghai",
        "lively": is_lively,
        "profiles": [str(folder) for folder in reach.profiles],
        **sections,
        "truth": "truth.jsonl",
        "periods": [
            {"period": number, "starts": f"{starts:%H:%M}", "ends": f"{ends:%H:%M}"}
            for number, _, starts, ends in PERIODS
        ],
        "lessons": [
            {"weekday": lesson.weekday, "period": lesson.period, "room": lesson.room}
            for lesson in campus.lessons
        ],
        "devices": [_entry(device, addresses[device.id]) for device in campus.devices],
        "faults": [],
    }


def _sections(simulator: type[Simulator], reach: Reach, protocol: str) -> Mapping[str, Any]:
    sections = simulator.planned_sections(reach.port(protocol))
    return simulator.with_noise(sections, reach.loss) if reach.loss else sections


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
        **{
            protocol: section
            for protocol, simulator in simulators().items()
            if (section := simulator.planned_gateway(reach.port(protocol), folder)) is not None
        },
        "devices": devices,
    }


def _write(path: Path, tree: dict[str, Any]) -> None:
    text = yaml.dump(tree, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
    path.write_text(text, encoding="utf-8")
