"""What the gateway knows of itself and of each device: for the server, and for `status`.

Only the newest report of a kind is worth sending, so the lines carry a key: during an outage there
is one line for the gateway and one for each device, however long it lasts. They are kept in memory
(`edge.uplink.drain`): a report of a process that is gone is of no use, and a card would wear out.
"""

import logging
import os
import shutil
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from device_profiles import points
from device_profiles.reading import Value
from edge.buffer.entry import BufferState, Kind, Line
from edge.clock import Clock
from edge.config import Device
from edge.errors import BufferUnavailable, DeviceError, DriverUnavailable, EdgeError
from edge.levels import DeviceFit
from edge.uplink.drain import UplinkReport

_log = logging.getLogger(__name__)

EVERY_S = 15.0
_RATE_S = 60.0
_LONGEST_TEXT = 300
_NUMBERS = (
    "backlog",
    "oldest_unsent_s",
    "readings_per_s",
    "set_aside",
    "evicted",
    "held",
    "errors",
    "memory_mb",
    "disk_free_mb",
    "uptime_s",
)


@dataclass(slots=True)
class _DeviceHealth:
    readings: int = 0
    errors: int = 0
    last_reading: datetime | None = None
    last_answer: datetime | None = None
    last_error: str = ""
    last_error_kind: str = ""
    last_error_at: datetime | None = None


@dataclass(slots=True)
class _DriverHealth:
    is_ready: bool = False
    ready_since: datetime | None = None
    last_error: str = ""
    last_error_kind: str = ""
    last_error_at: datetime | None = None


class Health:
    """Counts what happens, and reports it."""

    def __init__(
        self,
        *,
        gateway: str,
        school: str,
        version: str,
        devices: Mapping[str, Device],
        clock: Clock,
    ) -> None:
        self._gateway = gateway
        self._school = school
        self._version = version
        self._places = devices
        self._clock = clock
        self._started = clock.monotonic()
        self._devices = {id_: _DeviceHealth() for id_ in devices}
        self._drivers: dict[str, _DriverHealth] = {}
        self._readings = 0
        self._errors = 0
        self._last_error = ""
        self._last_error_kind = ""
        self._last_error_at: datetime | None = None
        self._counts = deque([(self._started, 0)])
        self.fits: Mapping[str, DeviceFit] = {}
        """Device -> whether its usage rule fits; only of devices of which that can be learned."""

    def reading_kept(self, device_id: str, at: datetime, number: int) -> None:
        """Count readings that are on disk; `at` is the newest of them."""
        self._readings += number
        health = self._devices[device_id]
        health.readings += number
        health.last_answer = self._clock.now()
        if health.last_reading is None or at > health.last_reading:
            health.last_reading = at

    def device_answered(self, device_id: str) -> None:
        """Note that a device is alive."""
        self._devices[device_id].last_answer = self._clock.now()

    def device_failed(self, error: DeviceError) -> None:
        """Count a device's failure."""
        health = self._devices.get(error.device_id)
        if health is not None:
            if not health.errors or health.last_error != error.problem:
                _log.warning("%s", error)
            health.errors += 1
            health.last_error = error.problem[:_LONGEST_TEXT]
            health.last_error_kind = error.kind
            health.last_error_at = self._clock.now()
        self._count(error)

    def driver_failed(self, error: DriverUnavailable) -> None:
        """Count a driver's failure."""
        health = self._drivers.setdefault(error.driver, _DriverHealth())
        if health.is_ready or health.last_error != str(error):
            _log.warning("%s", error)
        health.is_ready = False
        health.last_error = str(error)[:_LONGEST_TEXT]
        health.last_error_at = self._clock.now()
        self._count(error)

    def driver_ready(self, driver: str) -> None:
        """Note that a driver's way is open."""
        health = self._drivers.setdefault(driver, _DriverHealth())
        if not health.is_ready:
            _log.info("%s: ready", driver)
            health.ready_since = self._clock.now()
        health.is_ready = True

    def buffer_failed(self, error: BufferUnavailable) -> None:
        """Count a write that the disk did not take."""
        if self._last_error != str(error):
            _log.error("%s", error)
        self._count(error)

    def report(self, state: BufferState, uplink: UplinkReport, data_dir: Path) -> dict[str, Any]:
        """Return everything, as `status.json` holds it."""
        now = self._clock.now()
        last_error, kind = self._last_error, self._last_error_kind
        last_error_at = self._last_error_at
        if uplink.last_error_at is not None and (
            last_error_at is None or uplink.last_error_at > last_error_at
        ):
            last_error, kind = uplink.last_error, uplink.last_error_kind
            last_error_at = uplink.last_error_at
        oldest_s = (now - state.oldest_at).total_seconds() if state.oldest_at else 0.0
        return {
            "gateway": self._gateway,
            "school": self._school,
            "version": self._version,
            "at": _iso(now),
            "pid": os.getpid(),
            "uptime_s": round(self._clock.monotonic() - self._started, 1),
            "backlog": state.lines,
            "buffer_bytes": state.size_bytes,
            "oldest_unsent_s": round(max(0.0, oldest_s), 1),
            "held": state.held,
            "evicted": state.evicted,
            "set_aside": state.set_aside,
            "readings": self._readings,
            "readings_per_s": round(self._rate(), 2),
            "sent": uplink.sent,
            "uplink": "up" if uplink.is_up else "down",
            "uplink_error": "" if uplink.is_up else uplink.last_error,
            "errors": self._errors + uplink.failures,
            "last_error": last_error[:_LONGEST_TEXT],
            "last_error_kind": kind,
            "last_error_at": _iso(last_error_at),
            "memory_mb": round(memory_mb(), 1),
            "disk_free_mb": round(shutil.disk_usage(data_dir).free / 1e6),
            "drivers": {
                name: {
                    "ready": health.is_ready,
                    "ready_since": _iso(health.ready_since, "microseconds"),
                    "last_error": health.last_error,
                    "last_error_at": _iso(health.last_error_at),
                }
                for name, health in self._drivers.items()
            },
            "devices": {id_: self._device_report(id_) for id_ in self._devices},
        }

    def lines(self, report: Mapping[str, Any]) -> Sequence[Line]:
        """Return a report as one line for the gateway and one for each device."""
        now_ns = points.to_ns(self._clock.now())
        tags = {"school": self._school, "gateway": self._gateway}
        fields: dict[str, Value] = {name: float(report[name]) for name in _NUMBERS}
        fields["last_error"] = report["last_error"]
        fields["last_error_kind"] = report["last_error_kind"]
        fields["version"] = self._version
        lines = [Line(Kind.GATEWAY, points.line("gateway", tags, fields, now_ns), "gateway")]
        for id_, device in report["devices"].items():
            known = self._places[id_]
            place = known.place
            device_tags = {
                **tags,
                "asset": place.asset,
                "device": id_,
                "profile": place.profile,
                "protocol": device["protocol"],
            }
            device_fields: dict[str, Value] = {
                "readings": float(device["readings"]),
                "errors": float(device["errors"]),
                "last_error": device["last_error"],
                "last_error_kind": device["last_error_kind"],
            }
            if rule := points.rule_text(known.usage, known.profile.usage):
                device_fields["usage_rule"] = rule
            if (known_fit := self.fits.get(id_)) is not None:
                device_fields["rule_fit"] = known_fit.fit
                if text := known_fit.text():
                    device_fields["levels"] = text
            for moment in ("last_reading", "last_answer", "last_error_at"):
                if device[moment]:
                    device_fields[moment] = device[moment]
            text = points.line("gateway", device_tags, device_fields, now_ns)
            lines.append(Line(Kind.GATEWAY, text, f"gateway/{id_}"))
        return lines

    def _device_report(self, device_id: str) -> dict[str, Any]:
        health = self._devices[device_id]
        device = self._places[device_id]
        return {
            "asset": device.place.asset,
            "room": device.place.room,
            "profile": device.place.profile,
            "protocol": device.profile.protocol,
            "readings": health.readings,
            "errors": health.errors,
            "last_reading": _iso(health.last_reading),
            "last_answer": _iso(health.last_answer),
            "last_error": health.last_error,
            "last_error_kind": health.last_error_kind,
            "last_error_at": _iso(health.last_error_at),
            "usage": self.fits[device_id].tree() if device_id in self.fits else None,
        }

    def _rate(self) -> float:
        """Return readings a second over the last minute."""
        now = self._clock.monotonic()
        self._counts.append((now, self._readings))
        while self._counts[1][0] <= now - _RATE_S and len(self._counts) > 2:
            self._counts.popleft()
        then, readings = self._counts[0]
        return (self._readings - readings) / (now - then) if now > then else 0.0

    def _count(self, error: EdgeError) -> None:
        self._errors += 1
        self._last_error = str(error)
        self._last_error_kind = error.kind
        self._last_error_at = self._clock.now()


def memory_mb() -> float:
    """Return the resident memory of this process, 0 where the system does not report it."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0.0
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _iso(moment: datetime | None, timespec: str = "milliseconds") -> str:
    if moment is None:
        return ""
    return moment.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")
