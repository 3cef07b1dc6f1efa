"""Listens to the devices that publish to the school's MQTT broker."""

from collections.abc import Sequence

from edge.clock import Clock
from edge.driver import Sink
from edge.drivers.mqtt.device import MqttBroker, MqttDevice

__all__ = ["MqttBroker", "MqttDevice", "MqttDriver"]


class MqttDriver:
    """One connection to the broker, and the devices that publish to it."""

    def __init__(self, broker: MqttBroker, devices: Sequence[MqttDevice], clock: Clock) -> None:
        self.name = "mqtt"

    async def run(self, sink: Sink) -> None:
        """Listen until cancelled."""
