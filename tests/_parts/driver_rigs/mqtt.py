"""Two devices that publish to a real mosquitto."""

import json
from pathlib import Path
from typing import Any, ClassVar

import aiomqtt

from tests._parts import driver_rig
from tests._parts.mosquitto import Mosquitto


class Rig(driver_rig.DriverRig):
    """A device that dies leaves its last will, as the broker would publish it."""

    protocol = "mqtt"
    point: ClassVar = {"topic": "rig/{device}", "path": "p"}
    example: ClassVar = {"topic": "rig/{device}", "payload": {"p": 85}}
    more: ClassVar = {"presence": {"topic": "rig/{device}/will", "online": "on", "offline": "off"}}

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._broker = Mosquitto(folder / "mosquitto", persistence=True)

    async def start(self) -> None:
        await self._broker.start()

    async def stop(self) -> None:
        await self._broker.kill()

    @property
    def section(self) -> Any:
        return {"host": self._broker.host, "port": self._broker.port}

    def address(self, device: str) -> dict[str, Any]:
        return {"device": device}

    async def send(self, device: str, power: float) -> None:
        await self._publish(f"rig/{device}", json.dumps({"p": power}))

    async def send_bad(self, device: str) -> None:
        await self._publish(f"rig/{device}", json.dumps({"p": "much"}))

    async def die(self, device: str) -> None:
        await self._publish(f"rig/{device}/will", "off")

    async def _publish(self, topic: str, payload: str) -> None:
        async with aiomqtt.Client(self._broker.host, self._broker.port) as client:
            await client.publish(topic, payload, qos=1)
