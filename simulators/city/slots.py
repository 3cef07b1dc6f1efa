"""Usage slots of some schools on one day -> a Parquet file, sorted by school, asset and start."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it ships no types

from simulators.city.fleet import Fleet
from simulators.city.habits import SLOT_S, SLOTS
from simulators.city.seeded_random import Bools, Floats, Ints
from simulators.school.timetable import ZONE

COLUMNS = (
    "school",
    "asset",
    "slot_start",
    "room",
    "category",
    "active_s",
    "standby_s",
    "off_s",
    "unobserved_s",
    "energy_wh",
    "received_at",
)
_ROW_GROUP = SLOTS * 512


@dataclass(slots=True)
class SlotTable:
    """The slots of a day, school by school."""

    day: date
    _parts: list[dict[str, Any]] = field(default_factory=list)
    _names: dict[str, int] = field(default_factory=dict)
    _schools: list[str] = field(default_factory=list)

    def add(
        self,
        school: str,
        fleet: Fleet,
        active: Floats,
        standby: Floats,
        unobserved: Floats,
        received_us: Ints,
        is_sent: Bools,
        random: np.random.Generator,
    ) -> None:
        """Add what a school sent; [D, 288] seconds, [288] microseconds after local midnight."""
        number = len(fleet)
        if not number:
            return
        off = SLOT_S - active - standby - unobserved
        watts = fleet.watts[:, :, None]
        energy = active * watts[:, 0] + standby * watts[:, 1] + off * watts[:, 2]
        energy *= np.float32(1 / 3600)
        noise = random.random((number, SLOTS), dtype=np.float32)
        energy *= np.float32(0.94) + np.float32(0.12) * noise
        energy = np.rint(energy * 50) / np.float32(50)
        unknown = ~fleet.has_energy[:, None] | (unobserved == SLOT_S)
        midnight = midnight_us(self.day)
        start = np.broadcast_to(midnight + np.arange(SLOTS) * (SLOT_S * 1_000_000), active.shape)
        matrices = {
            "active_s": active,
            "standby_s": standby,
            "off_s": off,
            "unobserved_s": unobserved,
            "energy_wh": energy,
            "unknown": unknown,
            "slot_start": start,
            "received_at": np.broadcast_to(midnight + received_us, active.shape),
        }
        for column, values in (
            ("asset", fleet.names),
            ("room", fleet.rooms),
            ("category", fleet.categories),
        ):
            codes = np.array([self._code(value) for value in values], np.int32)
            matrices[column] = np.broadcast_to(codes[:, None], active.shape)
        matrices["school"] = np.full(active.shape, self._code(school), np.int32)
        self._parts.append(
            {
                name: values.ravel() if is_sent.all() else values[:, is_sent].ravel()
                for name, values in matrices.items()
            }
        )

    def table(self) -> Any:
        """Return all of it as an Arrow table."""
        joined = {
            name: np.concatenate([part[name] for part in self._parts] or [np.zeros(0)])
            for name in (*COLUMNS, "unknown")
        }
        words = pa.array(list(self._names) or [""], pa.string())
        columns = {}
        for name in COLUMNS:
            values = joined[name]
            if name in {"school", "asset", "room", "category"}:
                columns[name] = pa.DictionaryArray.from_arrays(
                    pa.array(values.astype(np.int32)), words
                )
            elif name in {"slot_start", "received_at"}:
                columns[name] = pa.array(values.astype(np.int64)).cast(pa.timestamp("us"))
            elif name == "energy_wh":
                mask = joined["unknown"].astype(np.bool_)
                columns[name] = pa.array(values.astype(np.float32), mask=mask)
            else:
                columns[name] = pa.array(values.astype(np.float32))
        return pa.table(columns)

    def write(self, path: Path) -> int:
        """Write the file and return its rows."""
        table = self.table()
        write_parquet(table, path, row_group=_ROW_GROUP)
        return int(table.num_rows)

    def _code(self, word: str) -> int:
        return self._names.setdefault(word, len(self._names))


def write_parquet(table: Any, path: Path, *, row_group: int | None = None) -> None:
    """Write an Arrow table so that every reader sees plain strings."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=1,
        row_group_size=row_group,
        store_schema=False,
    )


def midnight_us(day: date) -> int:
    """Return the local midnight of a day, in microseconds of UTC."""
    return int(datetime.combine(day, time(), ZONE).timestamp()) * 1_000_000
