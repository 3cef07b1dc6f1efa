"""MQTT devices of a simulated school: clients of its broker."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from device_profiles import yaml_tree
from device_profiles.model import Model, Port
from device_profiles.protocols.mqtt import MqttProfile
from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile, Example
from simulators.devices import mqtt_encode, protocol
from simulators.devices.actor import Actor, SimulatedDevice
from simulators.errors import SimulatorError
from simulators.school.planned import SchoolPlan


class BrokerPlan(Model):
    """The school's broker."""

    host: str = "127.0.0.1"
    port: Port = 1883


class Simulator(protocol.Simulator):
    """Devices that publish to the broker of the plan; the broker itself is run by others."""

    sections: ClassVar[Mapping[str, Any]] = {"broker": (BrokerPlan | None, None)}
    transports: ClassVar = ("mqtt",)
    needs_subscriber: ClassVar = True

    def device(self, actor: Actor) -> SimulatedDevice:
        """Return a client of the broker."""
        # Imported here: a plan can be written and audited without an MQTT library.
        from simulators.devices.mqtt_device import SimulatedMqttDevice  # noqa: PLC0415

        profile, broker = actor.planned.profile, self.school.plan.section("broker")
        if not isinstance(profile, MqttProfile) or not isinstance(broker, BrokerPlan):
            raise SimulatorError(f"{actor.id}: the plan has no way to reach an MQTT device")
        return SimulatedMqttDevice(
            actor, profile, actor.planned.address.device, host=broker.host, port=broker.port
        )

    @classmethod
    def device_fault(
        cls, plan: SchoolPlan, device: str, address: Any
    ) -> tuple[yaml_tree.Path, str] | None:
        """Return that the broker is missing, or None."""
        del address
        if plan.section("broker") is None:
            return (), f"{device} speaks mqtt; give the broker under broker"
        return None

    @classmethod
    def examples(
        cls, profile: DeviceProfile, values: Mapping[str, Value], at: datetime
    ) -> Sequence[Example]:
        """Return one message for each topic."""
        if not isinstance(profile, MqttProfile):
            raise TypeError(f"{profile.id} is no MQTT profile")
        return mqtt_encode.examples(profile, values, at)

    @classmethod
    def planned_address(cls, transport: str, number: int, device: str) -> Any:
        """Return the device's id as its part of the topics."""
        del transport, number
        return {"device": device}

    @classmethod
    def planned_sections(cls, port: int) -> Mapping[str, Any]:
        """Return a broker on this machine."""
        return {"broker": {"host": "127.0.0.1", "port": port}}

    @classmethod
    def planned_gateway(cls, port: int, folder: Path) -> Any:
        """Return the same broker, as the gateway has it."""
        del folder
        return {"host": "127.0.0.1", "port": port}
