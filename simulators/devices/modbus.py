"""Modbus devices of a simulated school: units on TCP ports and on serial lines."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, ClassVar

from pydantic import Field

from device_profiles import yaml_tree
from device_profiles.model import Model, Port
from device_profiles.protocols.modbus import ModbusProfile
from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile, Example
from simulators.audit.truth import TruthLog
from simulators.devices import modbus_encode, protocol
from simulators.devices.actor import Actor, Shutdown, SimulatedDevice, until_due
from simulators.devices.modbus_unit import ModbusUnit, Units
from simulators.devices.modbus_wire import RtuBus, TcpBus
from simulators.errors import SimulatorError
from simulators.school.planned import School, SchoolPlan

_TCP, _RTU = "modbus_tcp", "modbus_rtu"
_PLANNED = {_TCP: "tcp-1", _RTU: "rtu-1"}
_PLANNED_LINK = "rtu-1.pty"
_MAX_UNIT = 247
_ANSWER_S = 5.0
"""A simulated device answers at once; on a busy machine it may have to wait for the processor."""


class TcpPlan(Model):
    """One Modbus TCP server with all units of a bus."""

    bus: str
    host: str = "127.0.0.1"
    port: Port


class RtuPlan(Model):
    """A serial line; `link` is made to point at its gateway side, relative to the plan folder."""

    bus: str
    link: Path
    loss: float = Field(
        default=0.0, ge=0, lt=1, description="Share of the requests whose answer is lost."
    )


class SimulatedModbusDevice:
    """A unit that changes state on its own; its bus does the answering."""

    def __init__(self, actor: Actor, unit: ModbusUnit) -> None:
        self.actor = actor
        self.unit = unit
        actor.can_refuse = True

    async def run(self, halt: Shutdown, ready: Callable[[], None]) -> None:
        """Change state when it is due."""
        ready()
        far = timedelta(days=1)
        while await until_due(self.actor, self.actor.clock() + far, halt.quiet):
            self.actor.advance(self.actor.clock())
        await halt.stop.wait()


class Simulator(protocol.Simulator):
    """Units that answer on the buses of the plan."""

    sections: ClassVar[Mapping[str, Any]] = {
        _TCP: (tuple[TcpPlan, ...], ()),
        _RTU: (tuple[RtuPlan, ...], ()),
    }
    transports: ClassVar = (_TCP, _RTU)

    def __init__(self, school: School, truth: TruthLog) -> None:
        super().__init__(school, truth)
        self._devices: dict[str, list[SimulatedModbusDevice]] = {}
        self._buses: list[TcpBus | RtuBus] = []

    def device(self, actor: Actor) -> SimulatedDevice:
        """Return a unit of its bus."""
        profile, address = actor.planned.profile, actor.planned.address
        if not isinstance(profile, ModbusProfile):
            raise SimulatorError(f"{actor.id}: the plan has no way to reach a Modbus device")
        device = SimulatedModbusDevice(actor, ModbusUnit(actor, profile, address.unit_id))
        self._devices.setdefault(address.bus, []).append(device)
        return device

    async def start(self) -> None:
        """Open every bus of the plan."""
        plan = self.school.plan
        for tcp in plan.section(_TCP) or ():
            bus = TcpBus(tcp.bus, tcp.host, tcp.port, self._units(tcp.bus), self.truth)
            for device in self._devices.get(tcp.bus, ()):
                device.actor.hang_up = bus.hang_up
            await self._open(bus)
        for rtu in plan.section(_RTU) or ():
            link = self.school.folder / rtu.link
            noise = Random(f"{self.school.plan.seed}/{rtu.bus}")  # noqa: S311  noise, no secret
            units = self._units(rtu.bus)
            await self._open(RtuBus(rtu.bus, link, units, self.truth, loss=rtu.loss, random=noise))

    async def stop(self) -> None:
        """Close every bus."""
        for bus in reversed(self._buses):
            await bus.stop()

    async def _open(self, bus: TcpBus | RtuBus) -> None:
        await protocol.opened(bus.start(), f"bus {bus.bus}")
        self._buses.append(bus)

    def _units(self, bus: str) -> Units:
        return Units([device.unit for device in self._devices.get(bus, ())])

    @classmethod
    def device_fault(
        cls, plan: SchoolPlan, device: str, address: Any
    ) -> tuple[yaml_tree.Path, str] | None:
        """Return that the plan has no such bus, or None."""
        del device
        buses = [bus.bus for key in cls.sections for bus in plan.section(key) or ()]
        if address.bus not in buses:
            known = ", ".join(buses) or "none is given"
            return ("modbus", "bus"), f"no bus {address.bus!r}; the buses are: {known}"
        return None

    @classmethod
    def transport(cls, plan: SchoolPlan, address: Any) -> str:
        """Return whether the unit is on a TCP port or on a serial line."""
        return _TCP if address.bus in {bus.bus for bus in plan.section(_TCP) or ()} else _RTU

    @classmethod
    def bus(cls, address: Any) -> str | None:
        """Return the bus of the unit."""
        name: str = address.bus
        return name

    @classmethod
    def examples(
        cls, profile: DeviceProfile, values: Mapping[str, Value], at: datetime
    ) -> Sequence[Example]:
        """Return the registers, an example for each register table."""
        del at
        if not isinstance(profile, ModbusProfile):
            raise TypeError(f"{profile.id} is no Modbus profile")
        return modbus_encode.examples(profile, values)

    @classmethod
    def planned_address(cls, transport: str, number: int, device: str) -> Any:
        """Return the next unit of the transport's bus; raises SimulatorError where it is full."""
        del device
        if number > _MAX_UNIT:
            raise SimulatorError(f"a bus holds {_MAX_UNIT} units; plan fewer devices")
        return {"bus": _PLANNED[transport], "unit_id": number}

    @classmethod
    def planned_sections(cls, port: int) -> Mapping[str, Any]:
        """Return a TCP port and a serial line on this machine."""
        return {
            _TCP: [{"bus": _PLANNED[_TCP], "host": "127.0.0.1", "port": port}],
            _RTU: [{"bus": _PLANNED[_RTU], "link": _PLANNED_LINK}],
        }

    @classmethod
    def with_noise(cls, sections: Mapping[str, Any], loss: float) -> Mapping[str, Any]:
        """Return the sections with frames lost on each serial line."""
        lines = [{**bus, "loss": loss} for bus in sections.get(_RTU, ())]
        return {**sections, _RTU: lines} if lines else sections

    @classmethod
    def planned_gateway(cls, port: int, folder: Path) -> Any:
        """Return the same buses, as the gateway has them."""
        serial = str(folder.resolve() / _PLANNED_LINK)
        return [
            {
                "bus": _PLANNED[_TCP],
                "host": "127.0.0.1",
                "port": port,
                "timeout_s": _ANSWER_S,
            },
            {
                "bus": _PLANNED[_RTU],
                "serial": serial,
                "baudrate": 9600,
                "timeout_s": _ANSWER_S,
            },
        ]

    @classmethod
    def only(cls, sections: Mapping[str, Any], address: Any, folder: Path) -> Mapping[str, Any]:
        """Return the device's bus alone; a serial line keeps its place in the old folder."""
        kept = {
            key: [dict(bus) for bus in buses or () if bus["bus"] == address["bus"]]
            for key, buses in sections.items()
        }
        for bus in kept.get(_RTU, ()):
            bus["link"] = str(folder.resolve() / bus["link"])
        return kept
