"""From deliveries to lines on disk: the sink that every driver is given.

A delivery becomes one entry of the buffer: its readings as lines, the observations that the usage
meter needs, and the driver's checkpoints. Meters learn of readings only once they are durable, so
nothing is ever reported that a crash could take back.

Wrong clock. A machine without a clock of its own starts in 1970 until it has received the time, and
one whose clock was set to local time is hours ahead. While the clock is not good (`edge.clock`)
deliveries are held back on disk with their age by the monotonic clock, and dated anew once it is.
After a power cut that monotonic clock is gone: what a plausible clock had dated keeps that time and
is uncertain; the rest cannot be saved, is counted and reported. At most `MAX_HELD` deliveries are
held, the oldest go first; from half of it on a plausible clock is believed. A reading dated more
than `MOST_APART` ahead of a good clock is bad and dated now; usage marks ahead are taken back.
"""

import asyncio
import json
import logging
import math
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from device_profiles.counter import CounterLevel, Judgement
from device_profiles.points import line, reading_lines, to_ns, usage_line
from device_profiles.reading import Quality, Reading
from device_profiles.usage import PRESENCE, MeterState, UsageMeter, energy_of
from edge.buffer.entry import Entry, Held, Kind, Line, Observation
from edge.buffer.sqlite import SqliteBuffer
from edge.buffer.tables import MAX_HELD
from edge.clock import GOOD_SINCE, MOST_APART, Clock, ComparedClock, is_good, is_possible
from edge.config import Device
from edge.driver import Delivery
from edge.errors import BufferUnavailable, DecodeError, DeviceError, DriverUnavailable
from edge.health import Health
from edge.levels import KEY as LEVELS
from edge.levels import UNKNOWN_USE, DeviceLevels

_log = logging.getLogger(__name__)

HEARTBEAT_S = 300.0
_SAME = timedelta(seconds=1)  # a clock that was set by less was right all the time
_OF_GATEWAY = "gateway/"
_FINAL = "gateway/final/"
_COUNTER = "gateway/counter/"
_EVENTS = {
    "noise": "counter_noise",
    "reset": "counter_reset",
    "above_ceiling": "above_ceiling",
}
"""A judgement of the meter -> the type of its event."""
_RETRY_S = 1.0
_NEVER = "1970-01-01T00:00:00+00:00"


class Collector:
    """The sink: keeps what drivers deliver, and the usage that follows from it."""

    def __init__(
        self,
        buffer: SqliteBuffer,
        health: Health,
        devices: Mapping[str, Device],
        *,
        school: str,
        clock: Clock,
        boot: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._buffer = buffer
        self._health = health
        self._devices = devices
        self._school = school
        self._clock = clock
        self._boot = boot
        self._sleep = sleep
        self._meters = {
            id_: self._new_meter(id_) for id_, device in devices.items() if device.usage is not None
        }
        self._watched = {id_: _watched(meter) for id_, meter in self._meters.items()}
        self._deadbands = {
            (id_, name): point.deadband
            for id_, device in devices.items()
            for name, point in device.profile.points.items()
            if point.deadband > 0
        }
        self._written: dict[tuple[str, str], Reading] = {}
        self._final: dict[str, datetime | None] = dict.fromkeys(devices)
        self._last_judged: dict[tuple[str, str], datetime] = {}
        self._is_clock_ahead: bool | None = None
        self._has_held = False
        self._held_writes = 0
        self._all_held_written = asyncio.Event()
        self._all_held_written.set()
        self._releasing = asyncio.Lock()
        self._levels = DeviceLevels(devices)
        health.fits = self._levels.fits

    async def restore(self) -> None:
        """Take up usage where the last run left it."""
        kept: dict[str, list[Reading]] = defaultdict(list)
        for seen in await self._buffer.observations():
            kept[seen.device].append(Reading(seen.device, seen.point, seen.value, seen.at))
        finals = self._buffer.checkpoints(_FINAL)
        counters = self._buffer.checkpoints(_COUNTER)
        for id_, meter in self._meters.items():
            text = finals.get(_FINAL + id_)
            final = datetime.fromisoformat(text) if text else None
            self._final[id_] = final
            counter = counters.get(_COUNTER + id_)
            level = CounterLevel(*json.loads(counter)) if counter else None
            meter.restore(MeterState(final, tuple(kept[id_]), level))
        self._levels.restore(self._buffer.checkpoints(LEVELS))
        self._has_held = (await self._buffer.state()).held > 0

    async def deliver(self, delivery: Delivery) -> None:
        """Return once the delivery is on disk; wait as long as that takes."""
        if self._has_held and self.has_good_clock:
            await self.release_held()
        departures = [Reading(device, PRESENCE, False, at) for device, at in delivery.departed]
        readings, held = self._split([*delivery.readings, *departures])
        if not held:
            await self._keep(readings, checkpoints=delivery.checkpoints)
            return
        self._has_held = True
        self._held_writes += 1
        self._all_held_written.clear()
        try:
            await self._keep(readings, checkpoints=delivery.checkpoints, held=held)
        finally:
            self._held_writes -= 1
            if not self._held_writes:
                self._all_held_written.set()

    def checkpoints(self, prefix: str) -> Mapping[str, str]:
        """Return the checkpoints kept so far whose key begins with `prefix`."""
        return self._buffer.checkpoints(prefix)

    async def forget(self, device_id: str) -> None:
        """Forget what drivers have learned of a device: cuts, counters, marks of its clock.

        Those are the checkpoints with the device's id as a part of their key; what the gateway
        itself keeps (`gateway/`) stays.
        """
        keys = [
            key
            for key in self._buffer.checkpoints("")
            if not key.startswith(_OF_GATEWAY) and device_id in key.split("/")[1:]
        ]
        if keys:
            await self._durable(Entry(checkpoints=dict.fromkeys(keys)))

    def device_failed(self, error: DeviceError) -> None:
        """Count a device's failure."""
        self._health.device_failed(error)

    def device_answered(self, device_id: str) -> None:
        """Note that a device is alive."""
        self._health.device_answered(device_id)

    def driver_failed(self, error: DriverUnavailable) -> None:
        """Count a driver's failure."""
        self._health.driver_failed(error)

    def driver_ready(self, driver: str) -> None:
        """Note that a driver's way to its devices is open."""
        self._health.driver_ready(driver)

    @property
    def has_good_clock(self) -> bool:
        """Whether the wall clock can be right."""
        return is_good(self._clock)

    async def emit_usage(self, *, is_last: bool = False) -> None:
        """Keep the usage slots that are closed or changed, and forget what only they needed.

        The last time, before a stop, those that are still open too.
        """
        if not self.has_good_clock:
            return
        now = self._clock.now()
        await self._take_back_marks(now)
        lines: list[Line] = []
        forget: dict[str, datetime] = {}
        fits = {id_: known.fit for id_, known in self._levels.fits.items()}
        checkpoints: dict[str, str | None] = {**self._levels.judge(is_last=is_last)}
        for id_, known in self._levels.fits.items():
            self._meters[id_].is_use_known = known.fit not in UNKNOWN_USE
            if known.fit != fits[id_] and not (fits[id_] == "learning" and known.fit == "fits"):
                lines.append(self._event(id_, f"rule_{known.fit}", known.text() or "{}", now))
        for id_, meter in self._meters.items():
            place = self._devices[id_].place
            for slot in meter.slots(now, is_last=is_last):
                key = f"usage/{id_}/{slot.start.isoformat()}"
                lines.append(Line(Kind.USAGE, usage_line(place, slot), key))
            lines += self._judged_lines(id_, meter.take_judgements())
            final = meter.final_until
            if final is not None and final != self._final[id_]:
                self._final[id_] = final
                checkpoints[_FINAL + id_] = final.isoformat()
                forget[id_] = meter.needed_since or final
                if meter.counter is not None:
                    checkpoints[_COUNTER + id_] = json.dumps(astuple(meter.counter))
        if lines or checkpoints:
            await self._durable(Entry(lines=lines, checkpoints=checkpoints, forget_before=forget))

    def _judged_lines(self, device_id: str, judgements: Sequence[Judgement]) -> list[Line]:
        """Return an event for the first judgement of a kind in an hour, of noise in a day."""
        lines = []
        device = self._devices[device_id]
        for judgement in judgements:
            at = datetime.fromtimestamp(judgement.at_ms / 1000, UTC)
            pause = timedelta(days=1) if judgement.kind == "noise" else timedelta(hours=1)
            last = self._last_judged.get((device_id, judgement.kind))
            if last is not None and at < last + pause:
                continue
            self._last_judged[device_id, judgement.kind] = at
            name = (device.usage.energy_point if device.usage is not None else None) or ""
            unit = device.profile.points[name].unit
            text = f"{name}: {judgement.before:.10g} -> {judgement.value:.10g} {unit}"
            lines.append(self._event(device_id, _EVENTS[judgement.kind], text, at))
        return lines

    def _event(self, device_id: str, type_: str, text: str, at: datetime) -> Line:
        """Return an event of a device."""
        asset = self._devices[device_id].place.asset
        tags = {"school": self._school, "asset": asset, "type": type_}
        return Line(Kind.EVENT, line("event", tags, {"text": text}, to_ns(at)))

    async def release_held(self) -> None:
        """Date the readings that were held back, once the clock is good.

        All of them before anything that comes later, which is compared with the last of them.
        Where half of what can be held is used, the machine's clock is believed: the other half is
        for a clock that shows 1970, which no wait makes right.
        """
        if isinstance(self._clock, ComparedClock) and self._clock.is_waiting:
            state = await self._buffer.state()
            if state.held >= MAX_HELD // 2:
                self._clock.stop_waiting()
        if not self.has_good_clock:
            return
        async with self._releasing:
            await self._all_held_written.wait()
            while self._has_held and (held := await self._buffer.held()):
                await self._release(held)
            self._has_held = False

    async def _release(self, held: Sequence[Held]) -> None:
        now, monotonic = self._clock.now(), self._clock.monotonic()
        dated = {entry.number: self._dated(entry, now, monotonic) for entry in held}
        lost = [number for number, readings in dated.items() if readings is None]
        if lost:
            await self.report_event(
                "clock",
                f"{len(lost)} deliveries from before a power cut could not be dated: "
                "the clock was wrong when they came",
                released=lost,
            )
        known = {number: readings for number, readings in dated.items() if readings is not None}
        if known:
            await self._keep(list(chain.from_iterable(known.values())), released=list(known))

    async def watch_clock(self) -> None:
        """Report once that the machine's clock is not the server's, and that it is again."""
        if not isinstance(self._clock, ComparedClock) or not self.has_good_clock:
            return
        ahead_s = self._clock.ahead_s
        is_apart = ahead_s != 0
        if is_apart == (self._is_clock_ahead or False):
            return
        self._is_clock_ahead = is_apart
        if is_apart:
            way = "ahead of" if ahead_s > 0 else "behind"
            text = (
                f"the gateway's clock is {timedelta(seconds=round(abs(ahead_s)))} {way} the "
                "server's; the server's time is used"
            )
        else:
            text = "the gateway's clock and the server's agree again"
        await self.report_event("clock", text)

    async def _take_back_marks(self, now: datetime) -> None:
        """Forget marks of usage that lie in the future: a clock that was ahead has left them."""
        limit = now + MOST_APART
        ahead = {
            id_: final
            for id_, meter in self._meters.items()
            if (final := meter.final_until) is not None and final > limit
        }
        if not ahead:
            return
        kept: dict[str, list[Reading]] = defaultdict(list)
        for seen in await self._buffer.observations():
            if seen.at <= limit:
                kept[seen.device].append(Reading(seen.device, seen.point, seen.value, seen.at))
        for id_ in ahead:
            self._meters[id_] = self._new_meter(id_)
            self._meters[id_].restore(MeterState(None, tuple(kept[id_])))
            self._final[id_] = None
        await self._durable(Entry(checkpoints={_FINAL + id_: None for id_ in ahead}))
        await self.report_event(
            "clock",
            f"the usage marks of {len(ahead)} devices lay in the future, the furthest at "
            f"{max(ahead.values()).isoformat()}: the clock had been ahead; they were taken back",
        )

    def _new_meter(self, id_: str) -> UsageMeter:
        device = self._devices[id_]
        if device.usage is None:
            raise ValueError(f"{id_} has no usage rule")
        return UsageMeter(
            device.place.asset,
            device.usage,
            energy=energy_of(device.profile, device.usage, device.place.category),
        )

    async def report_event(self, type_: str, text: str, *, released: Sequence[int] = ()) -> None:
        """Keep an event of the gateway itself."""
        now = self._clock.now()
        _log.warning("%s", text)
        if not self.has_good_clock:
            return
        event = line("event", {"school": self._school, "type": type_}, {"text": text}, to_ns(now))
        await self._durable(Entry(lines=[Line(Kind.EVENT, event)], released=released))

    async def _keep(
        self,
        readings: Sequence[Reading],
        *,
        checkpoints: Mapping[str, str | None] | None = None,
        held: Sequence[Held] = (),
        released: Sequence[int] = (),
    ) -> None:
        by_device: dict[str, list[Reading]] = defaultdict(list)
        for reading in readings:
            if reading.point != PRESENCE and self._is_sound(reading):
                by_device[reading.device].append(reading)
        # Remembered before it is durable: deliveries overlap, and the next compares with this one.
        sent = {
            id_: [r for r in of_device if self._is_sent(r)] for id_, of_device in by_device.items()
        }
        watched = [
            r
            for id_, of_device in by_device.items()
            for r in of_device
            if r.point in self._watched.get(id_, ())
        ]
        watched += [r for r in readings if r.point == PRESENCE and r.device in self._meters]
        watched.sort(key=lambda reading: reading.observed_at)
        entry = Entry(
            lines=[
                Line(Kind.READING, _printable(text))
                for id_, of_device in sent.items()
                for text in reading_lines(self._devices[id_].place, of_device)
            ],
            checkpoints=checkpoints or {},
            observations=[Observation(r.device, r.point, r.observed_at, r.value) for r in watched],
            held=held,
            released=released,
        )
        try:
            await self._durable(entry)
        except BaseException:
            for of_device in sent.values():
                for reading in of_device:
                    self._written.pop((reading.device, reading.point), None)
            raise
        for id_, of_device in by_device.items():
            self._health.reading_kept(id_, max(r.observed_at for r in of_device), len(of_device))
        for reading in watched:
            self._meters[reading.device].observe(reading)
            self._levels.observe(reading)

    def _split(self, readings: Sequence[Reading]) -> tuple[Sequence[Reading], Sequence[Held]]:
        """Return the readings that are dated well, and the others as they are held back."""
        now = self._clock.now()
        if self.has_good_clock:
            return [self._not_ahead(reading, now) for reading in readings], ()
        good: list[Reading] = []
        wrong = readings
        if now < GOOD_SINCE:
            good = [reading for reading in readings if reading.observed_at >= GOOD_SINCE]
            wrong = [reading for reading in readings if reading.observed_at < GOOD_SINCE]
        if not wrong:
            return good, ()
        body = json.dumps({"own": now.isoformat(), "readings": [_held(r, now) for r in wrong]})
        return good, [Held(self._boot, round(self._clock.monotonic() * 1e6), body)]

    def _not_ahead(self, reading: Reading, now: datetime) -> Reading:
        if reading.observed_at <= now + MOST_APART or reading.device not in self._devices:
            return reading
        self._health.device_failed(
            DecodeError(
                reading.device,
                f"{reading.point}: dated {reading.observed_at:%Y-%m-%d %H:%M} UTC, which is still "
                "to come; the time of now is used",
                point=reading.point,
            )
        )
        return replace(reading, observed_at=now, quality=Quality.BAD)

    def _dated(self, held: Held, now: datetime, monotonic_s: float) -> list[Reading] | None:
        """Return what was held back, dated by a good clock; None where that cannot be."""
        content = json.loads(held.body)
        if isinstance(content, list):  # as it was written before 2026-12
            content = {"own": _NEVER, "readings": content}
        then, stated = now - timedelta(seconds=monotonic_s - held.monotonic_us / 1e6), None
        dated = datetime.fromisoformat(content["own"])
        if abs(then - dated) < _SAME:
            then = dated  # to the microsecond, as a message that the broker repeats would be dated
        if held.boot != self._boot:
            stated = then = datetime.fromisoformat(content["own"])
            if not is_possible(stated) or stated > now:
                return None
        readings = []
        for device, point, value, age_us, quality, *at in content["readings"]:
            moment = datetime.fromisoformat(at[0]) if at else then - timedelta(microseconds=age_us)
            known = Quality(quality)
            if stated is not None and known is Quality.GOOD:
                known = Quality.UNCERTAIN
            readings.append(self._not_ahead(Reading(device, point, value, moment, known), now))
        return readings

    def _is_sound(self, reading: Reading) -> bool:
        if reading.device not in self._devices:
            return False
        if isinstance(reading.value, float) and not math.isfinite(reading.value):
            self._health.device_failed(
                DecodeError(
                    reading.device,
                    f"{reading.point}: {reading.value} is no measurement",
                    point=reading.point,
                )
            )
            return False
        return True

    def _is_sent(self, reading: Reading) -> bool:
        """Whether a reading differs enough from the last one sent, or that one is old."""
        key = (reading.device, reading.point)
        if key not in self._deadbands:
            return True
        last = self._written.get(key)
        if last is not None and reading.observed_at <= last.observed_at:
            return True
        if last is not None and self._is_alike(reading, last):
            return False
        self._written[key] = reading
        return True

    def _is_alike(self, reading: Reading, last: Reading) -> bool:
        if isinstance(reading.value, (bool, str)) or isinstance(last.value, (bool, str)):
            return False
        rule = self._devices[reading.device].usage
        heartbeat_s = rule.max_gap_s / 2 if rule is not None else HEARTBEAT_S
        age_s = (reading.observed_at - last.observed_at).total_seconds()
        return (
            abs(reading.value - last.value) < self._deadbands[reading.device, reading.point]
            and age_s < heartbeat_s
            and reading.quality is last.quality
        )

    async def _durable(self, entry: Entry) -> None:
        while True:
            try:
                await self._buffer.append(entry)
            except BufferUnavailable as error:
                self._health.buffer_failed(error)
                await self._sleep(_RETRY_S)
            else:
                return


def _watched(meter: UsageMeter) -> frozenset[str]:
    names = {meter.rule.point}
    if meter.energy is not None:
        names.add(meter.energy.point)
    return frozenset(names)


def _held(reading: Reading, now: datetime) -> list[Any]:
    """Return a reading as it is held back: with its age, or with the time that it states itself."""
    age = now - reading.observed_at
    row = [
        reading.device,
        reading.point,
        reading.value,
        age // timedelta(microseconds=1),
        reading.quality,
    ]
    return row if abs(age) <= MOST_APART else [*row, reading.observed_at.isoformat()]


def _printable(text: str) -> str:
    """Replace what UTF-8 cannot carry: JSON may hold halves of characters."""
    return text.encode("utf-8", "replace").decode("utf-8")
