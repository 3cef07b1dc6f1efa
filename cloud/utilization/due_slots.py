"""What the roll-up needs of a school's books: its days, its lessons, and who owes slots when. Pure.

A device owes slots from the day its binding begins; where the binding has no day, from the day
the school was connected (its first slot of all). Before that nothing could have been observed.
An asset that is bound by nothing but its own number, and that never spoke, is not connected: it
owes nothing, and is counted by how many assets report, not by how much of them was seen.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from cloud.registry.rows import AssetRow, BindingRow, CalendarRow
from cloud.telemetry.store import Sender
from cloud.utilization.periods import Day, Period, local_day
from cloud.utilization.reference_rollup import TEACHING, Target
from cloud.utilization.school_inputs import Owned

WRITTEN_OFF = frozenset({"6", "7"})
"""Codes of the condition (使用状况) with which an asset is no longer expected to work."""


class Books:
    """One school: who is bound to what, and since when the school is connected."""

    def __init__(
        self,
        school: str,
        zone: ZoneInfo,
        assets: Iterable[AssetRow | Owned],
        bindings: Iterable[BindingRow],
        senders: Mapping[str, Sender],
    ) -> None:
        self.school = school
        self.zone = zone
        self._assets = {asset.id: asset for asset in assets}
        self._senders = senders
        self._bindings: dict[str, list[BindingRow]] = {}
        for binding in sorted(bindings, key=lambda b: b.valid_from or date.min):
            self._bindings.setdefault(binding.device, []).append(binding)
        firsts = [self.day_of(sender.first) for sender in senders.values()]
        self.connected = min(firsts, default=None)

    @property
    def names(self) -> set[str]:
        """Every name in telemetry that ever sent a slot, or that may owe some without having."""
        return set(self._senders) | {
            name
            for name, held in self._bindings.items()
            if any(
                row.category in TEACHING and is_stated(binding, row)
                for binding in held
                if (row := self._assets.get(binding.asset_id))
            )
        }

    def day_of(self, moment: datetime) -> date:
        """Return the local day of a moment."""
        return moment.astimezone(self.zone).date()

    def target(self, asset: str, day: date) -> Target:
        """Return whose use a name in telemetry means on a day, and whether it owes slots."""
        sender = self._senders.get(asset)
        room = sender.room if sender else None
        category = sender.category if sender else None
        binding = self._binding(asset, day)
        row = self._assets.get(binding.asset_id) if binding else None
        if binding is None or row is None:
            return Target(self.school, asset, day, None, room, category, owes=False)
        category = row.category or category
        since = binding.valid_from or self.connected
        owes = (
            (sender is not None or (category in TEACHING and is_stated(binding, row)))
            and row.condition not in WRITTEN_OFF
            and since is not None
            and day >= since
        )
        return Target(self.school, asset, day, row.id, row.room or room, category, owes=owes)

    def _binding(self, asset: str, day: date) -> BindingRow | None:
        """Return the binding in force; of several, the one that began last."""
        held = [b for b in self._bindings.get(asset, ()) if b.holds_on(day)]
        return held[-1] if held else None


def is_stated(binding: BindingRow, asset: AssetRow | Owned) -> bool:
    """Whether a device was bound to the asset on purpose; else its number is taken as its name."""
    return bool(asset.device_no) or binding.device != asset.asset_no or bool(binding.valid_from)


def days_between(start: date, end: date) -> list[date]:
    """Return every day of a span, both ends included."""
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def school_days(days: Iterable[date], calendar: Iterable[CalendarRow], zone: ZoneInfo) -> list[Day]:
    """Return the days with the periods that the calendar gives them."""
    periods: dict[date, list[Period]] = {}
    for row in calendar:
        period = Period(row.period, row.name, row.starts_at, row.ends_at)
        periods.setdefault(row.day, []).append(period)
    return [local_day(day, zone, tuple(periods.get(day, ()))) for day in days]
