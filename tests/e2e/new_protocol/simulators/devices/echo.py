"""Echo devices of a simulated school: each listens on a port of its own."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from device_profiles.protocols.echo import EchoExample

from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile
from simulators.devices import protocol
from simulators.devices.actor import Actor, Shutdown, SimulatedDevice


class EchoDevice:
    """Answers every line with the values of the moment."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    async def run(self, halt: Shutdown, ready: Callable[[], None]) -> None:
        """Listen until the end."""
        address = self.actor.planned.address
        async with await asyncio.start_server(self._answer, address.host, address.port):
            ready()
            await halt.stop.wait()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            now = self.actor.clock()
            self.actor.advance(now)
            values = self.actor.values(now)
            for example in Simulator.examples(self.actor.planned.profile, values, now):
                writer.write(f"{example.line}\n".encode())
            self.actor.report(values, now)
        writer.close()


class Simulator(protocol.Simulator):
    """Devices that share nothing."""

    sections: ClassVar[Mapping[str, Any]] = {}
    transports: ClassVar = ("echo",)

    def device(self, actor: Actor) -> SimulatedDevice:
        """Return a device on its port."""
        return EchoDevice(actor)

    @classmethod
    def examples(
        cls, profile: DeviceProfile, values: Mapping[str, Value], at: datetime
    ) -> Sequence[EchoExample]:
        """Return a line for each point."""
        del at
        return [
            EchoExample(
                source="what the simulator sends",
                line=f"{point.word} {values[name]}",
                readings={name: values[name]},
            )
            for name, point in profile.points.items()
        ]

    @classmethod
    def planned_address(cls, transport: str, number: int, device: str) -> Any:
        """Return a port for each device."""
        del transport, device
        return {"port": 19100 + number}

    @classmethod
    def planned_sections(cls, port: int) -> Mapping[str, Any]:
        """Return nothing: the address is all there is."""
        del port
        return {}

    @classmethod
    def planned_gateway(cls, port: int, folder: Path) -> Any:
        """Return nothing: the address is all there is."""
        del port, folder
