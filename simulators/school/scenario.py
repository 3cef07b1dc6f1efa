"""school.yaml: the plan of a simulated school; every fault as `file:line: key: what, what instead`.

A scenario is the list under `faults` of a plan, or a file of its own
(`simulators/school/scenarios/`).
"""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, Field, ValidationError, create_model

from device_profiles import yaml_tree
from device_profiles.errors import ProfileErrors
from device_profiles.fault_text import model_faults
from device_profiles.loader import Catalogue, load_catalogue
from device_profiles.protocol import protocols
from device_profiles.schema import DeviceProfile, UsageRule
from simulators.devices.protocol import simulator_of, simulators
from simulators.errors import ScenarioError, ScenarioErrors
from simulators.school.planned import (
    DevicePlan,
    FaultPlan,
    PlannedDevice,
    Scenario,
    School,
    SchoolPlan,
)

_M = TypeVar("_M", bound=BaseModel)
FILE = "school.yaml"
SCENARIOS = Path(__file__).with_name("scenarios")


def school_model() -> type[SchoolPlan]:
    """Return the model of a whole school.yaml: with the sections and addresses of protocols."""
    addresses: dict[str, Any] = {
        spec.name: (spec.address | None, Field(default=None)) for spec in protocols().values()
    }
    device = create_model(
        "DevicePlan", __base__=DevicePlan, __doc__="One simulated device.", **addresses
    )
    sections: dict[str, Any] = {
        key: field for kind in simulators().values() for key, field in kind.sections.items()
    }
    sections["devices"] = (tuple[device, ...], ())
    return create_model("SchoolPlan", __base__=SchoolPlan, __doc__="school.yaml.", **sections)


def load_school(folder: Path, scenario: str | None = None) -> School:
    """Return the plan of a folder, with the faults of a scenario (a name of ours, or a file) added.

    Raises ScenarioErrors with all that is wrong with the plan, or with the scenario.
    """
    path = folder / FILE if folder.is_dir() else folder
    tree, plan = _load(path, school_model())
    faults: list[ScenarioError] = []
    catalogue = _catalogue(path, plan, faults)
    devices = []
    for number, device in enumerate(plan.devices if catalogue is not None else ()):
        resolved = _device(plan, device, catalogue or {})
        if isinstance(resolved, PlannedDevice):
            devices.append(resolved)
        else:
            key, problem = resolved
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
        problems = model_faults(tree, shown, model, error)
        faults = [ScenarioError(f.problem, path=shown, line=f.line, key=f.key) for f in problems]
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
    protocol = profile.protocol
    address = device.address(protocol)
    if address is None:
        return (), f"{device.id} has no address; {device.profile} speaks {protocol}"
    return simulator_of(protocol).device_fault(plan, device.id, address)


def _contradictions(plan: SchoolPlan) -> Iterator[tuple[yaml_tree.Path, str]]:
    seen: set[tuple[str, object]] = set()
    for number, device in enumerate(plan.devices):
        names: list[tuple[str, object, str]] = [("id", device.id, repr(device.id))]
        for protocol, spec in protocols().items():
            address = device.address(protocol)
            if address is not None:
                names.append((protocol, *spec.identity(address)))
        for key, name, words in names:
            if (key, name) in seen:
                yield ("devices", number, key), f"{words} is used twice"
            seen.add((key, name))
    yield from _strangers(plan, plan)


def _fault(tree: yaml_tree.Tree, path: Path, key: yaml_tree.Path, problem: str) -> ScenarioError:
    dotted = ".".join(map(str, key))
    return ScenarioError(problem, path=str(path), line=tree.line(key), key=dotted)
