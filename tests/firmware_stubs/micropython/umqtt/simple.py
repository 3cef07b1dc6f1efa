"""What MicroPython's umqtt.simple offers the firmware, for CPython, over paho."""

from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion


class MQTTException(Exception):
    """The broker refused."""


class MQTTClient:
    """A connection; it lives as long as the process."""

    def __init__(self, client_id: str, server: str, port: int, keepalive: int) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2, client_id)
        self._place = (server, port, keepalive)

    def set_last_will(self, topic: bytes, msg: bytes, retain: bool, qos: int) -> None:
        self._client.will_set(topic.decode(), msg, qos, retain)

    def connect(self) -> None:
        self._client.connect(*self._place)
        self._client.loop_start()

    def publish(self, topic: bytes, msg: bytes, retain: bool = False, qos: int = 0) -> None:
        sent: MQTTMessageInfo = self._client.publish(topic.decode(), msg, qos, retain)
        sent.wait_for_publish(timeout=60)
