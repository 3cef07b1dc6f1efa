"""The configuration of the MQTT driver: a broker and the devices that publish to it."""

import ssl
from dataclasses import dataclass, field

from device_profiles.protocols.mqtt import MqttProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttBroker:
    """The school's broker, and how to speak to it."""

    host: str = "127.0.0.1"
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    client_id: str
    receive_maximum: int = 200
    keepalive_s: int = 30
    tls: ssl.SSLContext | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class MqttDevice:
    """One device; `device` is its own part of its topics, `{device}` in the profile."""

    id: str
    profile: MqttProfile
    device: str
