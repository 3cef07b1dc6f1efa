"""Parquet files of slots and readings, written by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it ships no types

from cloud.telemetry import bulk_files

SlotRow = tuple[str, str, datetime, str]
"""School, asset, start (aware UTC) and the state of all of the slot."""


def slot_rows(school: str, asset: str, start: datetime, end: datetime, state: str) -> list[SlotRow]:
    """Return slots of one state from one moment to another."""
    slots = []
    while start < end:
        slots.append((school, asset, start, state))
        start += timedelta(minutes=5)
    return slots


def slot_table(rows: Sequence[SlotRow]) -> pa.Table:
    """Return slots as a table, in the order they are given; each came in time."""
    return pa.table(
        {
            "school": [school for school, *_ in rows],
            "asset": [asset for _, asset, *_ in rows],
            "slot_start": [naive(start) for _, _, start, _ in rows],
            "room": ["101"] * len(rows),
            "category": ["display"] * len(rows),
            **{
                f"{state}_s": [300.0 if state == slot_state else 0.0 for *_, slot_state in rows]
                for state in ("active", "standby", "off", "unobserved")
            },
            "energy_wh": [None] * len(rows),
            "received_at": [naive(start) + timedelta(minutes=6) for _, _, start, _ in rows],
        },
        schema=bulk_files.SLOTS,
    )


def write_slots(path: Path, rows: Sequence[SlotRow]) -> Path:
    """Write a file of slots."""
    return write_table(path, slot_table(rows))


def write_readings(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """Write a file of readings."""
    return write_table(path, pa.Table.from_pylist(list(rows), schema=bulk_files.READINGS))


def write_table(path: Path, table: pa.Table) -> Path:
    """Write any table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


def naive(moment: datetime) -> datetime:
    """Return a moment as files hold it."""
    return moment.astimezone(UTC).replace(tzinfo=None)
