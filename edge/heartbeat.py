"""Which readings are sent: those that differ enough from the last one sent, and a heartbeat.

A number within the deadband of the last one sent, or equal to it, is left out until that one is
half of `max_gap_s` old. States and texts are always sent: a text may be an event.
"""

from collections.abc import Iterable, Mapping

from device_profiles.reading import Reading
from edge.config import Device

HEARTBEAT_S = 300.0
"""Of a device without a usage rule."""


class LastSent:
    """The last reading sent of each point."""

    def __init__(self, devices: Mapping[str, Device]) -> None:
        self._devices = devices
        self._deadbands = {
            (id_, name): point.deadband
            for id_, device in devices.items()
            for name, point in device.profile.points.items()
        }
        self._readings: dict[tuple[str, str], Reading] = {}

    def is_sent(self, reading: Reading) -> bool:
        """Whether a reading is to be sent; it is then what later ones are compared with."""
        key = (reading.device, reading.point)
        last = self._readings.get(key)
        is_due = self._is_due(reading, last)
        if is_due and (last is None or reading.observed_at > last.observed_at):
            self._readings[key] = reading
        return is_due

    def is_news(self, reading: Reading) -> bool:
        """Whether a reading is to be sent and is not the same number as the last one sent."""
        last = self._readings.get((reading.device, reading.point))
        is_same = last is not None and last.value == reading.value and self._is_alike(reading, last)
        return not is_same and self._is_due(reading, last)

    def forget(self, readings: Iterable[Reading]) -> None:
        """Forget readings that could not be kept: the next ones are sent."""
        for reading in readings:
            self._readings.pop((reading.device, reading.point), None)

    def _is_due(self, reading: Reading, last: Reading | None) -> bool:
        if last is None or not self._is_alike(reading, last):
            return True
        age_s = (reading.observed_at - last.observed_at).total_seconds()
        rule = self._devices[reading.device].usage
        heartbeat_s = rule.max_gap_s / 2 if rule is not None else HEARTBEAT_S
        return age_s <= 0 or age_s >= heartbeat_s

    def _is_alike(self, reading: Reading, last: Reading) -> bool:
        if isinstance(reading.value, (bool, str)) or isinstance(last.value, (bool, str)):
            return False
        deadband = self._deadbands.get((reading.device, reading.point), 0.0)
        is_near = reading.value == last.value or abs(reading.value - last.value) < deadband
        return is_near and reading.quality is last.quality
