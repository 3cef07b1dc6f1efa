"""The newest value of every point and the newest slot of every asset, in memory.

They are filled from the file at start, then by each write.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from cloud.telemetry.line_protocol import SeriesKey
from cloud.telemetry.store import AssetLatest, GatewayLatest, Latest, LatestSlot
from device_profiles.points import from_ns
from device_profiles.reading import Value

_QUALITY = "_quality"


@dataclass(slots=True)
class _Source:
    """The latest values of one asset, or of one gateway's report."""

    key: SeriesKey
    latest_ns: int = -(2**63)
    values: dict[str, tuple[int, Value]] = field(default_factory=dict)

    def update(self, key: SeriesKey, name: str, time_ns: int, value: Value) -> None:
        if time_ns >= self.latest_ns:
            self.key, self.latest_ns = key, time_ns
        known = self.values.get(name)
        if known is None or time_ns >= known[0]:
            self.values[name] = (time_ns, value)

    def latest(self) -> dict[str, Latest]:
        return {
            name: Latest(value, from_ns(time_ns))
            for name, (time_ns, value) in self.values.items()
            if not name.endswith(_QUALITY)
        }


class Newest:
    """The newest values; written by the writer thread, read by everyone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._assets: dict[str, dict[str, _Source]] = {}
        self._gateways: dict[tuple[str, ...], _Source] = {}
        self._slots: dict[str, dict[str, LatestSlot]] = {}

    def update_slot(self, slot: LatestSlot) -> None:
        """Take a usage slot with a second observed."""
        with self._lock:
            slots = self._slots.setdefault(slot.school, {})
            known = slots.get(slot.asset)
            if known is None or slot.start >= known.start:
                slots[slot.asset] = slot

    def update(self, key: SeriesKey, name: str, time_ns: int, value: Value) -> None:
        """Take one value of a `reading` or `gateway` point."""
        with self._lock:
            source = self._source(key)
            if source is not None:
                source.update(key, name, time_ns, value)

    def _source(self, key: SeriesKey) -> _Source | None:
        tags = dict(key.tags)
        school = tags.get("school", "")
        if key.measurement == "reading":
            asset = tags.get("asset", "")
            assets = self._assets.setdefault(school, {})
            if asset not in assets:
                assets[asset] = _Source(key)
            return assets[asset]
        if key.measurement == "gateway":
            name = (school, tags.get("gateway", ""), tags.get("device", ""), tags.get("asset", ""))
            if name not in self._gateways:
                self._gateways[name] = _Source(key)
            return self._gateways[name]
        return None

    def schools(self) -> list[str]:
        """Return the schools that ever sent anything, sorted."""
        with self._lock:
            return sorted({s for s in self._assets if s} | {name[0] for name in self._gateways})

    def readings(self, school: str, asset: str | None) -> list[AssetLatest]:
        """Return the latest readings of the assets of a school."""
        with self._lock:
            assets = self._assets.get(school, {})
            if asset is not None:
                assets = {asset: assets[asset]} if asset in assets else {}
            return [_asset(school, name, source) for name, source in sorted(assets.items())]

    def slots(self, school: str, asset: str | None) -> list[LatestSlot]:
        """Return the newest observed slots of the assets of a school, by asset."""
        with self._lock:
            slots = self._slots.get(school, {})
            return [slots[name] for name in sorted(slots) if asset in {None, name}]

    def gateways(self, school: str | None) -> list[GatewayLatest]:
        """Return the latest reports of gateways and of their devices."""
        with self._lock:
            return list(self._reports(school))

    def _reports(self, school: str | None) -> Iterator[GatewayLatest]:
        for name, source in sorted(self._gateways.items()):
            if school is not None and name[0] != school:
                continue
            tags = dict(source.key.tags)
            yield GatewayLatest(
                school=name[0],
                gateway=name[1],
                device=name[2],
                asset=name[3],
                profile=tags.get("profile", ""),
                protocol=tags.get("protocol", ""),
                fields=source.latest(),
            )


def _asset(school: str, name: str, source: _Source) -> AssetLatest:
    tags = dict(source.key.tags)
    return AssetLatest(
        school=school,
        asset=name,
        room=tags.get("room", ""),
        category=tags.get("category", ""),
        profile=tags.get("profile", ""),
        points=source.latest(),
    )
