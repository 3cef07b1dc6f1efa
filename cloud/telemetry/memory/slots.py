"""Usage slots in a dictionary, by school, asset and slot start. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cloud.domain import prevailing
from cloud.telemetry.line_protocol import SeriesKey
from cloud.telemetry.store import LatestSlot, Sender, Slot, UsageWritten
from device_profiles.points import from_ns
from device_profiles.usage import SLOT_S

FIELDS = ("active_s", "standby_s", "off_s", "unobserved_s", "energy_wh")
_SLOT = timedelta(seconds=SLOT_S)


@dataclass(slots=True)
class StoredSlot:
    """One slot as it was written, last values first; a field that never came is missing."""

    school: str
    asset: str
    start: datetime
    first_received_at: datetime
    received_at: datetime
    room: str = ""
    category: str = ""
    values: dict[str, float] = field(default_factory=dict)

    @property
    def is_active(self) -> bool:
        """Whether the asset was active, and in no other state for longer."""
        active_s = self.values.get("active_s", 0.0)
        others = (self.values.get(name, 0.0) for name in ("standby_s", "off_s", "unobserved_s"))
        return active_s > 0 and active_s >= max(others)

    @property
    def seconds(self) -> tuple[float, float, float, float]:
        """Return the seconds active, on standby, off and unobserved."""
        active_s, standby_s, off_s, unobserved_s = (
            self.values.get(name, 0.0) for name in FIELDS[:4]
        )
        return active_s, standby_s, off_s, unobserved_s

    def answer(self) -> Slot:
        """Return the slot as a question is answered."""
        return Slot(
            school=self.school,
            asset=self.asset,
            start=self.start,
            active_s=self.values.get("active_s", 0.0),
            standby_s=self.values.get("standby_s", 0.0),
            off_s=self.values.get("off_s", 0.0),
            unobserved_s=self.values.get("unobserved_s", 0.0),
            energy_wh=self.values.get("energy_wh"),
        )


class Slots:
    """All slots; not safe for threads by itself."""

    def __init__(self) -> None:
        self._slots: dict[tuple[str, str, datetime], StoredSlot] = {}

    def write(
        self, series: SeriesKey, time_ns: int, values: Mapping[str, float], at: datetime
    ) -> UsageWritten:
        """Take the values of a slot: they replace those of an earlier write, and only those."""
        school, asset, start = series.tag("school"), series.tag("asset"), from_ns(time_ns)
        slot = self._slots.setdefault(
            (school, asset, start), StoredSlot(school, asset, start, at, at)
        )
        slot.room, slot.category = series.tag("room"), series.tag("category")
        slot.received_at = at
        slot.values |= values
        return UsageWritten(school, asset, start, start)

    def matching(self, school: str | None = None, asset: str | None = None) -> Iterator[StoredSlot]:
        """Yield the slots of a school and an asset, or of all, in order of asset and time."""
        for key in sorted(self._slots):
            slot = self._slots[key]
            if school in {None, slot.school} and asset in {None, slot.asset}:
                yield slot

    def latest(self, school: str, asset: str | None) -> list[LatestSlot]:
        """Return of each asset the newest slot with a second observed, by asset."""
        newest: dict[str, LatestSlot] = {}
        for slot in self.matching(school, asset):
            active_s, standby_s, off_s, unobserved_s = slot.seconds
            if active_s + standby_s + off_s > 0:
                newest[slot.asset] = LatestSlot(
                    school=slot.school,
                    asset=slot.asset,
                    room=slot.room,
                    category=slot.category,
                    start=slot.start,
                    state=prevailing(active_s, standby_s, off_s, unobserved_s),
                )
        return list(newest.values())

    def active_since(
        self, school: str, assets: Iterable[str], since: datetime
    ) -> dict[str, datetime]:
        """Return since when each asset has been active without a break, up to its newest slot."""
        starts = {}
        for asset in assets:
            slots = [slot for slot in self.matching(school, asset) if slot.start >= since]
            start: datetime | None = None
            for slot in reversed(slots):
                if not slot.is_active or (start is not None and slot.start + _SLOT < start):
                    break
                start = slot.start
            if start is not None:
                starts[asset] = start
        return starts

    def senders(
        self, since: datetime, schools: Sequence[str] | None
    ) -> dict[str, dict[str, Sender]]:
        """Return who sent slots that start at `since` or later, by school and asset."""
        by_school: dict[str, dict[str, Sender]] = {school: {} for school in schools or ()}
        for slot in self.matching():
            if slot.start < since or (schools is not None and slot.school not in schools):
                continue
            senders = by_school.setdefault(slot.school, {})
            known = senders.get(slot.asset)
            senders[slot.asset] = Sender(
                first=known.first if known else slot.start,
                room=slot.room or None,
                category=slot.category or None,
            )
        return by_school

    def received_since(self, moment: datetime) -> list[UsageWritten]:
        """Return the spans of the slots that were written after a moment, by asset and UTC day."""
        return spans(
            UsageWritten(slot.school, slot.asset, slot.start, slot.start)
            for slot in self.matching()
            if slot.received_at > moment
        )

    def last_received_at(self) -> datetime | None:
        """Return when a slot was last written."""
        return max((slot.received_at for slot in self._slots.values()), default=None)

    def purge(self, before: datetime) -> int:
        """Delete older slots; returns how many."""
        old = [key for key, slot in self._slots.items() if slot.start < before]
        for key in old:
            del self._slots[key]
        return len(old)


def spans(written: Iterable[UsageWritten]) -> list[UsageWritten]:
    """Return the slots written as one span for each asset and UTC day, in order."""
    by_day: dict[tuple[str, str, object], UsageWritten] = {}
    for slot in written:
        key = (slot.school, slot.asset, slot.first.date())
        known = by_day.get(key, slot)
        by_day[key] = UsageWritten(
            slot.school, slot.asset, min(known.first, slot.first), max(known.last, slot.last)
        )
    return sorted(by_day.values(), key=lambda span: (span.school, span.asset, span.first))
