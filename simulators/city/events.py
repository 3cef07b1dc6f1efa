"""Events that the gateways of the schools report: devices that fell silent, faults, cut lines.

Everything follows from the day as reported, so no event contradicts the slots: a device that
died, was unplugged or dropped out falls silent when its slots do and comes back with them, a line
that was cut is lost and found, a gateway that lost its slots starts again after them, and a fault
is the alert that a repair in the records goes back to. Only settings, restarts of half a minute and
faults that pass by themselves are drawn here, from a stream of their own.

Commands are not among them: there are none yet. Days without school are not written.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types

from simulators.city.equipment import KINDS
from simulators.city.records import ticket_rows
from simulators.city.school_model import Home
from simulators.city.seeded_random import Bools, draws
from simulators.city.slots import midnight_us
from simulators.city.tampering import Outage, ReportedDay

COLUMNS = ("school", "asset", "type", "happened_at", "text", "value", "received_at")
_DAY_S = 86_400
_POLLED = frozenset({"meter", "environment"})
_FAULTS = {
    "display": ((3, "背光过热，已降低亮度"), (7, "触控框无响应"), (12, "主板温度过高")),
    "computer": ((21, "硬盘健康度低"), (24, "风扇转速异常")),
    "recorder": ((31, "存储空间不足"), (33, "摄像机无画面")),
    "instrument": ((41, "传感器超出量程"), (44, "校准已过期")),
    "epaper": ((51, "电池电量低"),),
    "meter": ((61, "电压越限"),),
    "environment": ((71, "测量值超出量程"),),
}
"""Codes and words by category, as a maker's manual would list them; ours."""
_PASSING_FAULTS = 0.0012
"""Share of devices a day."""
_RESTARTS, _SETTINGS = 0.008, 0.03
"""Share of schools a day."""


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """Something that a gateway reported; `at` is seconds of the local day."""

    at: int
    asset: str
    """Empty for the gateway itself."""
    type: str
    text: str
    value: float | None = None
    """Seconds of silence, code of a fault, number of a version."""


class Watch:
    """What one school's gateway noticed, day by day; the days have to come in their order."""

    def __init__(self, home: Home, days: Sequence[date], seed: int) -> None:
        self._home = home
        self._seed = seed
        fleet, sensors = home.fleet, home.sensors
        self._names = [*fleet.names, *sensors.names]
        self._categories = [*fleet.categories, *["environment"] * len(sensors.names)]
        self._silent_since = np.full(len(self._names), -1, np.int64)
        self._cut: tuple[date, Outage] | None = None
        self._version = int(draws(seed, "settings", home.school.index).integers(3, 40))
        self._alerts = _alerts(home, days, seed)

    def day(self, day: date, reported: ReportedDay) -> list[Event]:
        """Return the events of a day, in order."""
        random = draws(self._seed, "events", self._home.school.index, day)
        silent = self._silent_all_day(day, reported)
        events = {
            (event.asset, event.type, event.at): event
            for event in (
                *self._lines(day, reported.outages, random),
                *self._silence(day, reported.outages, silent, random),
                *self._drops(reported, silent, random),
                *self._faults(day, reported.outages, silent, random),
                *self._upkeep(reported.outages, random),
            )
        }
        return sorted(events.values())

    def _silent_all_day(self, day: date, reported: ReportedDay) -> Bools:
        school, sensors = self._home.school, self._home.sensors
        unheard = sensors.dies <= day.toordinal()
        if self._home.plan.silent_from <= day < school.inspected:
            unheard = unheard | sensors.is_silenced
        return np.concatenate([reported.flags["dead"] | reported.flags["silenced"], unheard])

    def _lines(
        self, day: date, outages: Sequence[Outage], random: np.random.Generator
    ) -> Iterator[Event]:
        """Yield lines that were cut and came back, and gateways that lost what they had."""
        lag = int(random.integers(5, 60))
        if self._cut is not None and not any(outage.starts == 0 for outage in outages):
            since, cut = self._cut
            # When it came back on a weekend is not known.
            if day.toordinal() == since.toordinal() + 1:
                yield _back(cut, lag)
            self._cut = None
        for outage in outages:
            if not outage.is_lost:
                yield Event(outage.starts, "", "uplink_lost", "连不上云平台，数据先存本地")
            if outage.ends < _DAY_S:
                yield _back(outage, outage.ends + (lag if outage.is_lost else 0))
            else:
                self._cut = day, outage

    def _silence(
        self, day: date, outages: Sequence[Outage], silent: Bools, random: np.random.Generator
    ) -> Iterator[Event]:
        """Yield devices that fell silent over night and those that speak again."""
        is_silent = self._silent_since >= 0
        lags = random.integers(30, 300, len(self._names))
        for device in np.flatnonzero(silent != is_silent):
            at = _seen(outages, int(lags[device]))
            if at is None:
                continue
            now = day.toordinal() * _DAY_S + at
            if silent[device]:
                self._silent_since[device] = now
                yield self._silent(int(device), at)
            else:
                yield self._speaks(int(device), at, now - int(self._silent_since[device]))
                self._silent_since[device] = -1

    def _drops(
        self, reported: ReportedDay, silent: Bools, random: np.random.Generator
    ) -> Iterator[Event]:
        for drop in reported.drops:
            lag = int(random.integers(20, 90))
            if silent[drop.device]:
                continue
            start = _seen(reported.outages, drop.starts + lag)
            end = _seen(reported.outages, min(drop.ends, _DAY_S - 1))
            if start is not None and end is not None and start < end:
                yield self._silent(drop.device, start)
                yield self._speaks(drop.device, end, end - drop.starts)

    def _faults(
        self, day: date, outages: Sequence[Outage], silent: Bools, random: np.random.Generator
    ) -> Iterator[Event]:
        """Yield the alerts of repairs, and faults that pass by themselves."""
        passing = np.flatnonzero(random.random(len(self._names)) < _PASSING_FAULTS)
        noticed = [(int(place), int(random.integers(27_000, 61_200))) for place in passing]
        place = {name: i for i, name in enumerate(self._names)}
        for name, reported in self._alerts.get(day, ()):
            if name in place:
                noticed.append((place[name], reported - int(random.integers(60, 900))))
        for device, at in noticed:
            known = _FAULTS[self._categories[device]]
            code, words = known[int(random.integers(len(known)))]
            if not silent[device] and _seen(outages, at) == at:
                yield Event(at, self._names[device], "fault", words, float(code))

    def _upkeep(self, outages: Sequence[Outage], random: np.random.Generator) -> Iterator[Event]:
        """Yield restarts that the buffer bridges, and settings that came from the cloud."""
        luck, moments = random.random(2), random.integers(0, (3600, 28_800))
        if luck[0] < _RESTARTS:
            at, took = 7_200 + int(moments[0]), float(random.integers(15, 55))
            if _seen(outages, at) == at:
                yield Event(at, "", "gateway_restarted", "升级后重新启动", took)
        at = 30_600 + int(moments[1])
        if luck[1] < _SETTINGS and not any(o.starts <= at < o.ends for o in outages):
            self._version += 1
            words = f"配置第 {self._version} 版开始生效"
            yield Event(at, "", "configuration", words, float(self._version))

    def _silent(self, device: int, at: int) -> Event:
        is_polled = self._categories[device] in _POLLED
        words = "连续三次轮询没有应答" if is_polled else "超过最长间隔没有消息"
        return Event(at, self._names[device], "device_silent", words)

    def _speaks(self, device: int, at: int, silent_s: int) -> Event:
        return Event(at, self._names[device], "device_back", "重新有消息", float(silent_s))


@dataclass(slots=True)
class EventTable:
    """The events of a day, school by school."""

    day: date
    _columns: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in COLUMNS})

    def add(
        self,
        school: str,
        events: Iterable[Event],
        outages: Sequence[Outage],
        random: np.random.Generator,
    ) -> None:
        """Add what a school's gateway reported; what it could not send at once came later."""
        midnight = midnight_us(self.day)
        for event in events:
            received = event.at + int(random.integers(2, 45))
            for outage in outages:
                if outage.starts <= event.at < outage.ends:
                    received = max(received, outage.ends + outage.delay_s + 20)
            columns = self._columns
            columns["school"].append(school)
            columns["asset"].append(event.asset)
            columns["type"].append(event.type)
            columns["happened_at"].append(midnight + event.at * 1_000_000)
            columns["text"].append(event.text)
            columns["value"].append(event.value)
            columns["received_at"].append(midnight + received * 1_000_000)

    def table(self) -> Any:
        """Return all of it as an Arrow table."""
        kinds = {"happened_at": pa.timestamp("us"), "received_at": pa.timestamp("us"),
                 "value": pa.float64()}  # fmt: skip
        return pa.table(
            {
                name: pa.array(values, kinds.get(name, pa.string()))
                for name, values in self._columns.items()
            }
        )


def _alerts(home: Home, days: Sequence[date], seed: int) -> dict[date, list[tuple[str, int]]]:
    """Return by day the devices whose own alert began a repair, and when that was reported."""
    devices = {line.number: line.device for line in home.ledger.lines if line.has_reported}
    kinds = {line.number: KINDS[line.kind].category for line in home.ledger.lines}
    alerts: dict[date, list[tuple[str, int]]] = {}
    for _, _, asset, origin, reported_at, *_ in ticket_rows(home, list(days), seed):
        number = str(asset)
        if origin == "预警" and number in devices and kinds[number] in _FAULTS:
            at = datetime.fromisoformat(str(reported_at))
            seconds = at.hour * 3600 + at.minute * 60
            alerts.setdefault(at.date(), []).append((devices[number], seconds))
    return alerts


def _back(outage: Outage, at: int) -> Event:
    took = float(outage.ends - outage.starts)
    if outage.is_lost:
        return Event(at, "", "gateway_restarted", "断电后重新启动，其间的数据没有", took)
    return Event(at, "", "uplink_back", "已连上云平台，补传本地数据", took)


def _seen(outages: Sequence[Outage], at: int) -> int | None:
    """Return when a gateway notices what happens at a moment; None where not on this day.

    One that is without power notices when it starts again.
    """
    for outage in outages:
        if outage.is_lost and outage.starts <= at < outage.ends:
            at = outage.ends + 90
    return at if at < _DAY_S else None
