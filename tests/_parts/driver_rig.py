"""What a driver supplies to be held to the contract: two devices that the test can play.

A module `tests/_parts/driver_rigs/<protocol>.py` holds one class, `Rig`. Both devices have one
profile with one point, `power` in W. Everything of the rig runs in the process of the test, except
what is a process of its own.
"""

from abc import ABC, abstractmethod
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Self, cast

import yaml

from edge.config import Config, load_config

FIRST, SECOND = "first", "second"


class DriverRig(ABC):
    """Two devices of one protocol, `FIRST` and `SECOND`, and the way to them."""

    protocol: ClassVar[str]
    point: ClassVar[dict[str, Any]]
    """Where the point `power` is, and its type."""
    example: ClassVar[dict[str, Any]]
    """What is sent for 85 W, as an example of a profile."""
    more: ClassVar[dict[str, Any]] = {}
    """Further keys of the profile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    async def start(self) -> None:
        """Make the devices reachable; they send nothing of their own accord."""

    @abstractmethod
    async def stop(self) -> None:
        """Take everything away."""

    @property
    @abstractmethod
    def section(self) -> Any:
        """The protocol's section of gateway.yaml."""

    @abstractmethod
    def address(self, device: str) -> dict[str, Any]:
        """Return a device's address, as gateway.yaml has it."""

    @abstractmethod
    async def send(self, device: str, power: float) -> None:
        """Make a device report so many watts, or have them ready when it is asked."""

    @abstractmethod
    async def send_bad(self, device: str) -> None:
        """Make a device report what is no number of watts."""

    @abstractmethod
    async def die(self, device: str) -> None:
        """Make a device disappear without a goodbye."""

    def config(self) -> Config:
        """Return the configuration of a gateway that reaches both devices."""
        profile_id = f"rig-{self.protocol}"
        profile = {
            "id": profile_id,
            "vendor": "Rig",
            "model": self.protocol,
            "title": {"zh": "测试设备", "en": "test device"},
            "category": "meter",
            "protocol": self.protocol,
            "source": "synthetic, for the contract of drivers",
            "points": {"power": {"quantity": "power", "unit": "W", **self.point}},
            "examples": [{"source": "synthetic", "readings": {"power": 85}, **self.example}],
            **self.more,
        }
        gateway = {
            "gateway": "gw-rig",
            "school": "2133100001",
            "profiles": ["profiles"],
            "uplink": {"url": "http://127.0.0.1:1", "token": "none"},
            self.protocol: self.section,
            "devices": [
                {"id": device, "profile": profile_id, self.protocol: self.address(device)}
                for device in (FIRST, SECOND)
            ],
        }
        folder = self.folder / "profiles"
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / f"{profile_id}.yaml", profile)
        _write(self.folder / "gateway.yaml", gateway)
        return load_config(self.folder / "gateway.yaml")

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


def rig_of(protocol: str) -> type[DriverRig]:
    """Return the rig of a protocol; a driver without one fails here."""
    return cast("type[DriverRig]", import_module(f"tests._parts.driver_rigs.{protocol}").Rig)


def _write(path: Path, tree: Any) -> None:
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
