"""gateway.yaml -> the configuration; every fault as `file:line: key: what, what instead`.

A protocol has two keys of its own name: its section (the broker, the buses, the radio), and in each
device the device's address. Their models come from `device_profiles.protocols`.
"""

import os
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, create_model, model_validator

from device_profiles import yaml_tree
from device_profiles.fault_text import model_faults
from device_profiles.loader import CATALOG, Catalogue, check_catalogue
from device_profiles.model import Identifier, Model
from device_profiles.points import Place
from device_profiles.protocol import AnySpec, protocol_of, protocols
from device_profiles.schema import Category, DeviceProfile, UsageRule
from edge.errors import ConfigError

_SCHOOL = r"^[0-9]{10}$"
_URL = r"^https?://[^\s]+$"
_FORMS = {
    _SCHOOL: "use the ten digits of the school's code in quotes",
    _URL: "use http://host:port or https://host:port",
}


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
    ca_file: Path | None = Field(
        default=None, description="PEM; the authority that vouches for an https server."
    )
    proxy: str | None = Field(
        default=None,
        pattern=_URL,
        repr=False,
        description="An HTTP proxy, such as http://127.0.0.1:3128.",
    )
    batch_lines: int = Field(default=2000, ge=1, le=50_000)
    timeout_s: float = Field(default=10.0, gt=0, le=300)

    @model_validator(mode="after")
    def _one_token(self) -> "UplinkConfig":
        if (self.token is None) == (self.token_file is None):
            raise ValueError("give either token or token_file")
        return self


class DeviceConfig(Model):
    """One device, without its address."""

    id: Identifier
    profile: str
    asset: str | None = Field(
        default=None, min_length=1, max_length=64, description="By default the device's id."
    )
    room: str = ""
    category: Category | None = Field(default=None, description="By default the profile's.")
    usage: dict[str, Any] | None = Field(
        default=None, description="Keys of the profile's usage rule that differ here."
    )

    def address(self, protocol: str) -> Model | None:
        """Return the address given under a protocol's name."""
        return cast("Model | None", getattr(self, protocol, None))


class GatewayConfig(Model):
    """gateway.yaml, without the sections of the protocols."""

    gateway: Identifier
    school: str = Field(pattern=_SCHOOL, description="Ten digits: the school's code.")
    data_dir: Path = Field(
        default=Path("gateway-data"), description="Folder of the buffer; relative to this file."
    )
    profiles: tuple[Path, ...] = Field(default=(), description="Further catalogue folders.")
    buffer: BufferConfig = BufferConfig()
    uplink: UplinkConfig
    devices: tuple[DeviceConfig, ...] = ()

    def section(self, protocol: str) -> Any:
        """Return the section of a protocol; None where there is none."""
        return getattr(self, protocol, None)


def gateway_model() -> type[GatewayConfig]:
    """Return the model of a whole gateway.yaml: with the sections and addresses of protocols."""
    specs = protocols().values()
    addresses: dict[str, Any] = {
        spec.name: (spec.address | None, Field(default=None)) for spec in specs
    }
    device = create_model("DeviceConfig", __base__=DeviceConfig, __doc__="One device.", **addresses)
    sections: dict[str, Any] = {
        spec.name: (spec.section, spec.section_default)
        for spec in specs
        if spec.section is not None
    }
    sections["devices"] = (tuple[device, ...], ())
    return create_model(
        "GatewayConfig", __base__=GatewayConfig, __doc__="gateway.yaml.", **sections
    )


@dataclass(frozen=True, slots=True)
class Device:
    """One device, with everything that is known of it."""

    id: str
    profile: DeviceProfile
    place: Place
    usage: UsageRule | None
    config: DeviceConfig

    @property
    def address(self) -> Any:
        """The address under the name of the profile's protocol."""
        return self.config.address(self.profile.protocol)


@dataclass(frozen=True, slots=True)
class Config:
    """A gateway.yaml that is right, with its paths, its token and its profiles looked up."""

    path: Path
    file: GatewayConfig
    data_dir: Path
    token: str = field(repr=False)
    devices: Mapping[str, Device]
    warnings: tuple[str, ...] = ()
    """What is wrong and keeps nothing from running: a profile file that no device needs."""


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
    model = gateway_model()
    try:
        file = model.model_validate(tree.value)
    except ValidationError as error:
        faults_of_model = model_faults(tree, shown, model, error)
        raise ConfigErrors(
            sorted(
                (_as_config(f.problem, shown, f.line, f.key) for f in faults_of_model),
                key=lambda fault: fault.line or 0,
            )
        ) from error
    return _Check(path, tree, file).config()


class _Check:
    """The cross checks of one file: what its parts must agree on."""

    def __init__(self, path: Path, tree: yaml_tree.Tree, file: GatewayConfig) -> None:
        self._path = path
        self._tree = tree
        self._file = file
        self._faults: list[ConfigError] = []
        self._profile_faults: list[ConfigError] = []
        self._has_unknown_profile = False

    def config(self) -> Config:
        token = self._token()
        self._check_uplink()
        catalogue = self._catalogue()
        self._section_names()
        devices: dict[str, Device] = {}
        seen: dict[tuple[Any, ...], int] = {}
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
        self._judge_profile_faults({config.profile for config in self._file.devices})
        if self._faults:
            raise ConfigErrors(sorted(self._faults, key=lambda fault: fault.line or 0))
        data_dir = self._path.parent / self._file.data_dir
        warnings = tuple(str(fault) for fault in self._profile_faults)
        return Config(self._path, self._file, data_dir, token, devices, warnings)

    def _add(self, path: yaml_tree.Path, problem: str) -> None:
        self._faults.append(_fault(self._tree, str(self._path), path, problem))

    def _token(self) -> str:
        uplink = self._file.uplink
        if uplink.token_file is None:
            return self._checked_token(uplink.token or "", "token")
        path = self._path.parent / uplink.token_file
        try:
            token = path.read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            self._add(
                ("uplink", "token_file"),
                f"{path} cannot be read ({reason}); put the token there, or give uplink.token",
            )
            return ""
        if not token:
            self._add(("uplink", "token_file"), f"{path} is empty; put the token there")
        return self._checked_token(token, "token_file")

    def _checked_token(self, token: str, key: str) -> str:
        """Return the token; add a fault where no HTTP header can carry it."""
        strange = next((c for c in token if not (c.isascii() and c.isprintable())), None)
        if strange is not None:
            self._add(
                ("uplink", key),
                f"the token holds the character U+{ord(strange):04X}, which no token has; "
                "copy it again",
            )
        elif token != token.strip():
            self._add(("uplink", key), "the token begins or ends with a blank; copy it again")
        return token

    def _check_uplink(self) -> None:
        """Add faults of addresses and files that only a request would meet."""
        uplink = self._file.uplink
        for key in ("url", "proxy"):
            address = getattr(uplink, key)
            if address is not None and not _is_address(address):
                self._add(("uplink", key), f"{address} is no address; use http://host:port")
        if uplink.ca_file is None:
            return
        path = self._path.parent / uplink.ca_file
        if not uplink.url.lower().startswith("https:"):
            self._add(("uplink", "ca_file"), "goes with an https address; leave it out with http")
        try:
            ssl.create_default_context(cafile=path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            self._add(("uplink", "ca_file"), f"{path} cannot be used ({reason}); give a PEM file")

    def _catalogue(self) -> Catalogue | None:
        folders = [self._path.parent / folder for folder in self._file.profiles]
        missing = [(number, folder) for number, folder in enumerate(folders) if not folder.is_dir()]
        for number, folder in missing:
            self._add(("profiles", number), f"{folder} is no folder; give one with profile files")
        if missing:
            return None
        catalogue, faults = check_catalogue(CATALOG, *folders)
        self._profile_faults = [_as_config(f.problem, f.path, f.line, f.key) for f in faults]
        return catalogue

    def _judge_profile_faults(self, used: set[str]) -> None:
        """Make faults of this file of those profile faults that a device of it meets."""
        needed = [
            fault
            for fault in self._profile_faults
            if self._has_unknown_profile or Path(fault.path).stem in {*used, "quantities"}
        ]
        self._faults += needed
        self._profile_faults = [fault for fault in self._profile_faults if fault not in needed]

    def _section_names(self) -> None:
        """Add a fault for each name of a section that is given twice."""
        for spec in protocols().values():
            first: dict[str, yaml_tree.Path] = {}
            section = self._file.section(spec.name)
            for key, name in spec.section_names(section) if section is not None else ():
                if name in first:
                    line = self._tree.line((spec.name, *first[name]))
                    self._add((spec.name, *key), f"{name!r} is already used in line {line}")
                first.setdefault(name, key)

    def _profile(
        self, number: int, config: DeviceConfig, catalogue: Catalogue
    ) -> DeviceProfile | None:
        profile = catalogue.get(config.profile)
        if profile is None:
            self._has_unknown_profile = True
            near = catalogue.nearest(config.profile)
            hint = (
                f"did you mean {near[0]}?"
                if near
                else "`campus-profiles list` names those there are"
            )
            self._add(("devices", number, "profile"), f"no profile {config.profile!r}; {hint}")
        return profile

    def _address(self, number: int, config: DeviceConfig, profile: DeviceProfile) -> None:
        spec = protocol_of(profile)
        for other in protocols():
            if other != spec.name and config.address(other) is not None:
                self._add(
                    ("devices", number, other),
                    f"{config.profile} speaks {spec.name}; leave {other} out",
                )
        address = config.address(spec.name)
        if address is None:
            self._add(
                ("devices", number),
                f"{config.id} has no address; {config.profile} speaks {spec.name}, "
                f"give {spec.name}: {spec.address_form}",
            )
            return
        section = self._file.section(spec.name)
        if section is None and spec.section is not None:
            self._add(
                ("devices", number),
                f"{config.id} speaks {spec.name}; give {spec.section_noun} under {spec.name}",
            )
            return
        for key, problem in spec.device_faults(section, profile, address):
            self._add(("devices", number, spec.name, *key), problem)

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
        given = {} if profile.usage is None else profile.usage.model_dump(exclude_unset=True)
        try:
            rule = UsageRule.model_validate(given | config.usage)
        except ValidationError as error:
            for fault in model_faults(self._tree.below(at), "", UsageRule, error):
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


def _names(config: DeviceConfig) -> Iterator[tuple[tuple[Any, ...], str, str]]:
    """Yield what may be used once only: (what, in words, its key)."""
    yield ("id", config.id), repr(config.id), "id"
    asset = config.asset or config.id
    yield (
        ("asset", asset, config.profile),
        f"asset {asset!r} with profile {config.profile}",
        "asset",
    )
    for spec in protocols().values():
        address = config.address(spec.name)
        if address is not None:
            yield _address_name(spec, address, config.profile)


def _address_name(spec: AnySpec, address: Model, profile: str) -> tuple[tuple[Any, ...], str, str]:
    # One unit may serve several devices (the channels of a meter), distinguished by their profiles.
    identity, words = spec.identity(address)
    return (spec.name, identity, profile), f"{words} with profile {profile}", spec.name


def _is_address(url: str) -> bool:
    """Whether a URL names a host, and a port if any, that can be connected to."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")
        return bool(host) and (parts.port is None or parts.port > 0)
    except (ValueError, UnicodeError):
        return False


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
