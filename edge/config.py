"""gateway.yaml -> what one gateway is told; every fault as `file:line: key: what, what instead`."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from device_profiles import yaml_tree
from device_profiles.errors import ProfileErrors
from device_profiles.loader import Catalogue, load_catalogue, model_faults
from device_profiles.points import Place
from device_profiles.protocols.base import Model
from device_profiles.schema import Category, DeviceProfile, UsageRule
from edge.errors import ConfigError

_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_SCHOOL = r"^[0-9]{10}$"
_URL = r"^https?://[^\s]+$"
_TOPIC_PART = r"^[^+#\s]+$"
_ADDRESS = r"^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$"
_KEY = r"^[0-9A-Fa-f]{32}$"
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=_ID)]
_FORMS = {
    _ID: "use letters, digits, '.', '_' and '-', such as gw-001",
    _SCHOOL: "use the ten digits of the school's code in quotes",
    _URL: "use http://host:port or https://host:port",
    _TOPIC_PART: "use the device's own part of its topics, without '+', '#' and blanks",
    _ADDRESS: "use six pairs of hex digits, such as F0:00:00:00:00:07",
    _KEY: "use 32 hex digits",
}
Port = Annotated[int, Field(ge=1, le=65535)]


class BufferConfig(Model):
    """The store-and-forward buffer."""

    max_mb: int = Field(default=512, ge=1, description="Beyond this the oldest readings go.")


class UplinkConfig(Model):
    """Where the lines go: an InfluxDB, or the cloud's own write API."""

    url: str = Field(pattern=_URL, description="Such as http://127.0.0.1:8090.")
    org: str = "school"
    bucket: str = "campus"
    token: str | None = Field(default=None, repr=False)
    token_file: Path | None = Field(default=None, description="Relative to gateway.yaml.")
    batch_lines: int = Field(default=2000, ge=1, le=50_000)
    timeout_s: float = Field(default=10.0, gt=0, le=300)

    @model_validator(mode="after")
    def _one_token(self) -> "UplinkConfig":
        if (self.token is None) == (self.token_file is None):
            raise ValueError("give either token or token_file")
        return self


class MqttConfig(Model):
    """The school's broker."""

    host: str = "127.0.0.1"
    port: Port = 1883
    username: str | None = None
    password: str | None = Field(default=None, repr=False)
    client_id: str | None = Field(default=None, description="By default the gateway's name.")
    receive_maximum: int = Field(default=200, ge=1, le=65535)
    keepalive_s: int = Field(default=30, ge=5, le=3600)


class BusConfig(Model):
    """A Modbus TCP host, or a serial line."""

    bus: Id
    host: str | None = None
    port: Port = 502
    serial: str | None = None
    baudrate: int = Field(default=9600, ge=300, le=4_000_000)
    parity: Literal["N", "E", "O"] = "N"
    stopbits: Literal[1, 2] = 1
    timeout_s: float = Field(default=1.0, gt=0, le=60)

    @model_validator(mode="after")
    def _one_way(self) -> "BusConfig":
        if (self.host is None) == (self.serial is None):
            raise ValueError("give either host (Modbus TCP) or serial (Modbus RTU)")
        return self


class BleConfig(Model):
    """The radio: BlueZ's adapter, or a controller reached over HCI."""

    adapter: str | None = None
    hci: str | None = Field(default=None, description="Such as tcp-client:127.0.0.1:9001.")

    @model_validator(mode="after")
    def _one_radio(self) -> "BleConfig":
        if self.adapter is not None and self.hci is not None:
            raise ValueError("give either adapter (BlueZ) or hci (a controller of its own)")
        return self


class MqttAddress(Model):
    """The device's own part of its topics."""

    device: str = Field(min_length=1, pattern=_TOPIC_PART)


class ModbusAddress(Model):
    """The bus and the unit on it."""

    bus: Id
    unit_id: int = Field(ge=0, le=255)


class BleAddress(Model):
    """The peripheral's address, and its key where its advertisements are encrypted."""

    address: str = Field(pattern=_ADDRESS)
    bind_key: str | None = Field(default=None, pattern=_KEY, repr=False)


class DeviceConfig(Model):
    """One device."""

    id: Id
    profile: str
    asset: str | None = Field(
        default=None, min_length=1, max_length=64, description="By default the device's id."
    )
    room: str = ""
    category: Category | None = Field(default=None, description="By default the profile's.")
    usage: dict[str, Any] | None = Field(
        default=None, description="Keys of the profile's usage rule that differ here."
    )
    mqtt: MqttAddress | None = None
    modbus: ModbusAddress | None = None
    ble: BleAddress | None = None


class GatewayConfig(Model):
    """gateway.yaml as it stands."""

    gateway: Id
    school: str = Field(pattern=_SCHOOL, description="Ten digits: the school's code.")
    data_dir: Path = Field(
        default=Path("gateway-data"), description="Folder of the buffer; relative to this file."
    )
    profiles: tuple[Path, ...] = Field(default=(), description="Further catalogue folders.")
    buffer: BufferConfig = BufferConfig()
    uplink: UplinkConfig
    mqtt: MqttConfig | None = None
    modbus: tuple[BusConfig, ...] = ()
    ble: BleConfig | None = None
    devices: tuple[DeviceConfig, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """One device, with everything that is known of it."""

    id: str
    profile: DeviceProfile
    place: Place
    usage: UsageRule | None
    config: DeviceConfig


@dataclass(frozen=True, slots=True)
class Config:
    """A gateway.yaml that is right, with its paths, its token and its profiles looked up."""

    path: Path
    file: GatewayConfig
    data_dir: Path
    token: str = field(repr=False)
    devices: Mapping[str, Device]


class ConfigErrors(ConfigError):
    """All that is wrong with a gateway.yaml, one line for each fault."""

    def __init__(self, faults: Sequence[ConfigError]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


def load_config(path: Path) -> Config:
    """Return the configuration of a file; raises ConfigErrors with all of its faults."""
    tree, shown = _read(path), str(path)
    faults = [_fault(tree, shown, fault.path, fault.problem) for fault in tree.faults]
    if faults:
        raise ConfigErrors(faults)
    if not isinstance(tree.value, dict):
        raise ConfigErrors([ConfigError("expected keys and values", path=shown, line=1)])
    try:
        file = GatewayConfig.model_validate(tree.value)
    except ValidationError as error:
        found = model_faults(tree, shown, GatewayConfig, error)
        raise ConfigErrors(
            sorted(
                (_as_config(fault.problem, shown, fault.line, fault.key) for fault in found),
                key=lambda fault: fault.line or 0,
            )
        ) from error
    return _Check(path, tree, file).config()


class _Check:
    """The cross checks of one file: what its parts say of one another."""

    def __init__(self, path: Path, tree: yaml_tree.Tree, file: GatewayConfig) -> None:
        self._path = path
        self._tree = tree
        self._file = file
        self._faults: list[ConfigError] = []

    def config(self) -> Config:
        token = self._token()
        catalogue = self._catalogue()
        self._buses()
        devices: dict[str, Device] = {}
        seen: dict[tuple[str, ...], int] = {}
        for number, config in enumerate(self._file.devices):
            for key, what, name in _names(config):
                first = seen.setdefault(key, number)
                if first != number:
                    line = self._tree.line(("devices", first))
                    self._add(("devices", number, name), f"{what} is already used in line {line}")
            profile = self._profile(number, config, catalogue) if catalogue is not None else None
            if profile is not None:
                self._address(number, config, profile)
                devices[config.id] = self._device(number, config, profile)
        if self._faults:
            raise ConfigErrors(sorted(self._faults, key=lambda fault: fault.line or 0))
        data_dir = self._path.parent / self._file.data_dir
        return Config(self._path, self._file, data_dir, token, devices)

    def _add(self, path: yaml_tree.Path, problem: str) -> None:
        self._faults.append(_fault(self._tree, str(self._path), path, problem))

    def _token(self) -> str:
        uplink = self._file.uplink
        if uplink.token_file is None:
            return uplink.token or ""
        path = self._path.parent / uplink.token_file
        try:
            token = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            self._add(
                ("uplink", "token_file"),
                f"{path} cannot be read ({reason}); put the token there, or give uplink.token",
            )
            return ""
        if not token:
            self._add(("uplink", "token_file"), f"{path} is empty; put the token there")
        return token

    def _catalogue(self) -> Catalogue | None:
        folders = [self._path.parent / folder for folder in self._file.profiles]
        missing = [(number, folder) for number, folder in enumerate(folders) if not folder.is_dir()]
        for number, folder in missing:
            self._add(("profiles", number), f"{folder} is no folder; give one with profile files")
        if missing:
            return None
        try:
            return load_catalogue(*folders)
        except ProfileErrors as errors:
            self._faults.extend(_as_config(f.problem, f.path, f.line, f.key) for f in errors.faults)
            return None

    def _buses(self) -> None:
        first: dict[str, int] = {}
        for number, bus in enumerate(self._file.modbus):
            if bus.bus in first:
                line = self._tree.line(("modbus", first[bus.bus]))
                self._add(("modbus", number, "bus"), f"{bus.bus!r} is already used in line {line}")
            first.setdefault(bus.bus, number)

    def _profile(
        self, number: int, config: DeviceConfig, catalogue: Catalogue
    ) -> DeviceProfile | None:
        profile = catalogue.get(config.profile)
        if profile is None:
            near = catalogue.nearest(config.profile)
            hint = (
                f"did you mean {near[0]}?"
                if near
                else "`campus-profiles list` names those there are"
            )
            self._add(("devices", number, "profile"), f"no profile {config.profile!r}; {hint}")
        return profile

    def _address(self, number: int, config: DeviceConfig, profile: DeviceProfile) -> None:
        wanted = {
            "mqtt": "{device: ...}",
            "modbus": "{bus: ..., unit_id: ...}",
            "ble": "{address: ...}",
        }
        if getattr(config, profile.protocol) is None:
            self._add(
                ("devices", number),
                f"{config.id} has no address; {config.profile} speaks {profile.protocol}, "
                f"give {profile.protocol}: {wanted[profile.protocol]}",
            )
            return
        for other in wanted:
            if other != profile.protocol and getattr(config, other) is not None:
                self._add(
                    ("devices", number, other),
                    f"{config.profile} speaks {profile.protocol}; leave {other} out",
                )
        if config.modbus is not None:
            buses = [bus.bus for bus in self._file.modbus]
            if config.modbus.bus not in buses:
                known = ", ".join(buses) or "none is given under modbus"
                self._add(
                    ("devices", number, "modbus", "bus"),
                    f"no bus {config.modbus.bus!r}; the buses are: {known}",
                )
        if profile.protocol == "mqtt" and self._file.mqtt is None:
            self._add(("devices", number), f"{config.id} speaks mqtt; give the broker under mqtt")
        if profile.protocol == "ble":
            self._bind_key(number, config, profile.bthome_encrypted)

    def _bind_key(self, number: int, config: DeviceConfig, is_encrypted: bool) -> None:
        if self._file.ble is None:
            self._add(("devices", number), f"{config.id} speaks ble; give the radio under ble")
        if is_encrypted and config.ble is not None and config.ble.bind_key is None:
            self._add(
                ("devices", number, "ble"),
                f"{config.profile} encrypts what it advertises; give its bind_key (32 hex digits)",
            )

    def _device(self, number: int, config: DeviceConfig, profile: DeviceProfile) -> Device:
        place = Place(
            school=self._file.school,
            room=config.room,
            asset=config.asset or config.id,
            category=config.category or profile.category,
            profile=profile.id,
        )
        return Device(config.id, profile, place, self._usage(number, config, profile), config)

    def _usage(self, number: int, config: DeviceConfig, profile: DeviceProfile) -> UsageRule | None:
        if config.usage is None:
            return profile.usage
        at = ("devices", number, "usage")
        told = {} if profile.usage is None else profile.usage.model_dump(exclude_unset=True)
        try:
            rule = UsageRule.model_validate(told | config.usage)
        except ValidationError as error:
            for fault in model_faults(_below(self._tree, at), "", UsageRule, error):
                below = tuple(part for part in fault.key.split(".") if part)
                self._add((*at, *below), fault.problem)
            return None
        for key in ("point", "energy_point"):
            name = getattr(rule, key)
            if name is not None and name not in profile.points:
                known = ", ".join(profile.points)
                self._add((*at, key), f"{name!r} is not a point of {profile.id}; use {known}")
                return None
        return rule


def _names(config: DeviceConfig) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield what may be used once only: (what, in words, the key it stands under)."""
    yield ("id", config.id), repr(config.id), "id"
    asset = config.asset or config.id
    yield (
        ("asset", asset, config.profile),
        f"asset {asset!r} with profile {config.profile}",
        "asset",
    )
    if config.modbus is not None:
        # One unit may serve several devices (the channels of a meter), told apart by profile.
        bus, unit = config.modbus.bus, config.modbus.unit_id
        yield (
            ("modbus", bus, str(unit), config.profile),
            f"unit {unit} of bus {bus!r} with profile {config.profile}",
            "modbus",
        )
    if config.mqtt is not None:
        yield (
            ("mqtt", config.mqtt.device, config.profile),
            f"mqtt device {config.mqtt.device!r} with profile {config.profile}",
            "mqtt",
        )
    if config.ble is not None:
        yield ("ble", config.ble.address.upper(), config.profile), config.ble.address, "ble"


def _below(tree: yaml_tree.Tree, at: yaml_tree.Path) -> yaml_tree.Tree:
    """Return the part of a tree that stands under a key."""
    lines = {path[len(at) :]: line for path, line in tree.lines.items() if path[: len(at)] == at}
    return yaml_tree.Tree(lines=lines)


def _read(path: Path) -> yaml_tree.Tree:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ConfigError("not UTF-8 text; save it as UTF-8", path=str(path), line=line) from error
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigError(f"cannot be read: {reason}", path=str(path)) from error
    return yaml_tree.parse(text)


def _fault(tree: yaml_tree.Tree, shown: str, path: yaml_tree.Path, problem: str) -> ConfigError:
    return _as_config(problem, shown, tree.line(path), ".".join(str(part) for part in path))


def _as_config(problem: str, shown: str, line: int | None, key: str) -> ConfigError:
    for pattern, form in _FORMS.items():
        problem = problem.replace(f"wrong form; {pattern}", f"wrong form; {form}")
    return ConfigError((f"{key}: " if key else "") + problem, path=shown, line=line)
