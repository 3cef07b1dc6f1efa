"""school.yaml: the plan of a simulated school; every fault as `file:line: key: what, what instead`.

A scenario is the list under `faults` of a plan, or a file of its own
(`simulators/school/scenarios/`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, Field, ValidationError, model_validator

from device_profiles import yaml_tree
from device_profiles.errors import ProfileErrors
from device_profiles.loader import Catalogue, load_catalogue, model_faults
from device_profiles.model import Model
from device_profiles.schema import DeviceProfile, UsageRule
from simulators.errors import ScenarioError, ScenarioErrors

_M = TypeVar("_M", bound=BaseModel)
FILE = "school.yaml"
SCENARIOS = Path(__file__).with_name("scenarios")
FaultName = Literal["silence", "disconnect", "garbage", "refuse", "reset"]
Port = Annotated[int, Field(ge=1, le=65535)]
Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class BrokerPlan(Model):
    """The school's broker."""

    host: str = "127.0.0.1"
    port: Port = 1883


class TcpPlan(Model):
    """One Modbus TCP server with all units of a bus."""

    bus: str
    host: str = "127.0.0.1"
    port: Port


class RtuPlan(Model):
    """A serial line; `link` is made to point at its gateway side, relative to the plan folder."""

    bus: str
    link: Path


class RadioPlan(Model):
    """The virtual radio's HCI controller."""

    host: str = "127.0.0.1"
    port: Port


class PeriodPlan(Model):
    """A period of the school day, local time."""

    period: int
    starts: Clock
    ends: Clock


class LessonPlan(Model):
    """A lesson every week; 1 is Monday."""

    weekday: int = Field(ge=1, le=7)
    period: int
    room: str


class MqttAddress(Model):
    """The device's own part of its topics."""

    device: str = Field(min_length=1)


class ModbusAddress(Model):
    """The bus and the unit on it."""

    bus: str
    unit_id: int = Field(ge=1, le=247)


class BleAddress(Model):
    """The peripheral's address, and its key where its advertisements are encrypted."""

    address: str = Field(pattern=r"^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$")
    bind_key: str | None = Field(default=None, pattern=r"^[0-9A-Fa-f]{32}$")


class DevicePlan(Model):
    """One simulated device."""

    id: str = Field(min_length=1)
    asset: str | None = Field(default=None, description="By default the device's id.")
    profile: str
    room: str = ""
    category: str | None = None
    usage: dict[str, Any] | None = Field(
        default=None, description="Keys of the profile's usage rule that differ here."
    )
    mqtt: MqttAddress | None = None
    modbus: ModbusAddress | None = None
    ble: BleAddress | None = None


class FaultPlan(Model):
    """One fault: `at_s` seconds after the school is ready, for `for_s` seconds."""

    device: str = Field(description='Its id, or a pattern such as "meter-*": the first that fits.')
    fault: FaultName
    at_s: float = Field(default=0.0, ge=0)
    for_s: float = Field(default=0.0, ge=0)


class SchoolPlan(Model):
    """school.yaml as it stands."""

    school: str = Field(pattern=r"^[0-9]{10}$")
    seed: int = 0
    time_zone: str = "Asia/Shanghai"
    lively: bool = False
    profiles: tuple[Path, ...] = Field(default=(), description="Further catalogue folders.")
    broker: BrokerPlan | None = None
    modbus_tcp: tuple[TcpPlan, ...] = ()
    modbus_rtu: tuple[RtuPlan, ...] = ()
    radio: RadioPlan | None = None
    truth: Path = Path("truth.jsonl")
    periods: tuple[PeriodPlan, ...] = ()
    lessons: tuple[LessonPlan, ...] = ()
    devices: tuple[DevicePlan, ...] = ()
    faults: tuple[FaultPlan, ...] = ()

    @model_validator(mode="after")
    def _known_zone(self) -> "SchoolPlan":
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            problem = f"no time zone {self.time_zone!r}; use one such as Asia/Shanghai"
            raise ValueError(problem) from None
        return self


class Scenario(Model):
    """A scenario file: faults for a school, with what it shows."""

    title: str
    faults: tuple[FaultPlan, ...]


@dataclass(frozen=True, slots=True)
class PlannedDevice:
    """One device with its profile and its usage rule looked up."""

    plan: DevicePlan
    profile: DeviceProfile
    usage: UsageRule | None

    @property
    def asset(self) -> str:
        """The asset's name in telemetry."""
        return self.plan.asset or self.plan.id


@dataclass(frozen=True, slots=True)
class School:
    """A plan that is right, its profiles looked up."""

    folder: Path
    plan: SchoolPlan
    devices: tuple[PlannedDevice, ...]


def load_school(folder: Path, scenario: str | None = None) -> School:
    """Return the plan of a folder, with the faults of a scenario (a name of ours, or a file) added.

    Raises ScenarioErrors with all that is wrong with the plan, or with the scenario.
    """
    path = folder / FILE if folder.is_dir() else folder
    tree, plan = _load(path, SchoolPlan)
    faults: list[ScenarioError] = []
    catalogue = _catalogue(path, plan, faults)
    devices = []
    for number, device in enumerate(plan.devices if catalogue is not None else ()):
        found = _device(plan, device, catalogue or {})
        if isinstance(found, PlannedDevice):
            devices.append(found)
        else:
            key, problem = found
            faults.append(_fault(tree, path, ("devices", number, *key), problem))
    faults += [_fault(tree, path, key, problem) for key, problem in _contradictions(plan)]
    if faults:
        raise ScenarioErrors(sorted(faults, key=lambda fault: fault.line or 0))
    if scenario is not None:
        plan = plan.model_copy(update={"faults": plan.faults + _scenario(plan, scenario)})
    return School(path.parent, plan, tuple(devices))


def load_scenario(name: str | Path) -> Scenario:
    """Return a scenario by its file, or by its name among ours; raises ScenarioErrors."""
    return _load(_scenario_file(name), Scenario)[1]


def first_fit(pattern: str, devices: Iterable[str]) -> str | None:
    """Return the first device that a fault's `device` names."""
    return next((device for device in devices if fnmatchcase(device, pattern)), None)


def _scenario_file(name: str | Path) -> Path:
    path = Path(name)
    return path if path.suffix else SCENARIOS / f"{name}.yaml"


def _scenario(plan: SchoolPlan, name: str) -> tuple[FaultPlan, ...]:
    path = _scenario_file(name)
    tree, scenario = _load(path, Scenario)
    faults = [_fault(tree, path, key, problem) for key, problem in _strangers(plan, scenario)]
    if faults:
        raise ScenarioErrors(faults)
    return scenario.faults


def _strangers(
    plan: SchoolPlan, named: SchoolPlan | Scenario
) -> Iterator[tuple[yaml_tree.Path, str]]:
    known = [device.id for device in plan.devices]
    for number, fault in enumerate(named.faults):
        if first_fit(fault.device, known) is None:
            yield ("faults", number, "device"), f"no device {fault.device!r}; name one of the plan"


def _load(path: Path, model: type[_M]) -> tuple[yaml_tree.Tree, _M]:
    shown = str(path)
    try:
        tree = yaml_tree.parse(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise ScenarioErrors([ScenarioError("not UTF-8 text", path=shown)]) from None
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise ScenarioErrors([ScenarioError(reason, path=shown)]) from None
    if tree.faults:
        raise ScenarioErrors([_fault(tree, path, f.path, f.problem) for f in tree.faults])
    if not isinstance(tree.value, dict):
        raise ScenarioErrors([ScenarioError("expected keys and values", path=shown, line=1)])
    try:
        return tree, model.model_validate(tree.value)
    except ValidationError as error:
        found = model_faults(tree, shown, model, error)
        faults = [ScenarioError(f.problem, path=shown, line=f.line, key=f.key) for f in found]
        raise ScenarioErrors(sorted(faults, key=lambda fault: fault.line or 0)) from error


def _catalogue(path: Path, plan: SchoolPlan, faults: list[ScenarioError]) -> Catalogue | None:
    try:
        return load_catalogue(*(path.parent / folder for folder in plan.profiles))
    except ProfileErrors as errors:
        faults += [
            ScenarioError(fault.problem, path=fault.path, line=fault.line, key=fault.key)
            for fault in errors.faults
        ]
        return None


def _device(
    plan: SchoolPlan, device: DevicePlan, catalogue: Catalogue | Mapping[str, DeviceProfile]
) -> PlannedDevice | tuple[yaml_tree.Path, str]:
    """Return the device, or which key of it is wrong and how."""
    profile = catalogue.get(device.profile)
    if profile is None:
        near = catalogue.nearest(device.profile) if isinstance(catalogue, Catalogue) else []
        hint = f"did you mean {near[0]}?" if near else "name one of the catalogue"
        return ("profile",), f"no profile {device.profile!r}; {hint}"
    problem = _address_fault(plan, device, profile)
    if problem is not None:
        return problem
    rule = profile.usage
    if device.usage is not None:
        try:
            merged = (rule.model_dump() if rule is not None else {}) | device.usage
            rule = UsageRule.model_validate(merged)
        except ValidationError as error:
            return ("usage",), error.errors()[0]["msg"]
    return PlannedDevice(device, profile, rule)


def _address_fault(
    plan: SchoolPlan, device: DevicePlan, profile: DeviceProfile
) -> tuple[yaml_tree.Path, str] | None:
    if getattr(device, profile.protocol) is None:
        return (), f"{device.id} has no address; {device.profile} speaks {profile.protocol}"
    if device.mqtt is not None and plan.broker is None:
        return (), f"{device.id} speaks mqtt; give the broker under broker"
    if device.ble is not None and plan.radio is None:
        return (), f"{device.id} speaks ble; give the radio under radio"
    buses = [*(bus.bus for bus in plan.modbus_tcp), *(bus.bus for bus in plan.modbus_rtu)]
    if device.modbus is not None and device.modbus.bus not in buses:
        known = ", ".join(buses) or "none is given"
        return ("modbus", "bus"), f"no bus {device.modbus.bus!r}; the buses are: {known}"
    return None


def _contradictions(plan: SchoolPlan) -> Iterator[tuple[yaml_tree.Path, str]]:
    seen: set[tuple[object, ...]] = set()
    for number, device in enumerate(plan.devices):
        names: list[tuple[object, ...]] = [("id", device.id)]
        if device.modbus is not None:
            names.append(("modbus", device.modbus.bus, device.modbus.unit_id))
        if device.ble is not None:
            names.append(("ble", device.ble.address.upper()))
        for name in names:
            if name in seen:
                yield ("devices", number, str(name[0])), f"{name[-1]!r} is used twice"
            seen.add(name)
    yield from _strangers(plan, plan)


def _fault(tree: yaml_tree.Tree, path: Path, key: yaml_tree.Path, problem: str) -> ScenarioError:
    dotted = ".".join(map(str, key))
    return ScenarioError(problem, path=str(path), line=tree.line(key), key=dotted)
