"""The tables of `truth/`: their columns, and files that are written a part at a time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it ships no types

Schema = dict[str, Any]
SCHOOLS: Schema = {
    "school": pa.string(), "character": pa.string(), "division": pa.string(),
    "school_type": pa.string(), "urban_rural": pa.string(), "classes": pa.int64(),
    "pupils": pa.int64(), "keenness": pa.float64(), "care": pa.float64(),
    "connected": pa.float64(), "share": pa.float64(), "starts": pa.date32(),
    "inspected": pa.date32(), "closed": pa.date32(), "display_hours_week": pa.float64(),
    "computer_room_share": pa.float64(),
}  # fmt: skip
ASSETS: Schema = {
    "school": pa.string(), "asset_no": pa.string(), "asset": pa.string(), "category": pa.string(),
    "room": pa.string(), "quantity": pa.int64(), "exists": pa.bool_(), "has_reported": pa.bool_(),
    "is_left_on": pa.bool_(), "is_machine_made": pa.bool_(), "is_silenced": pa.bool_(),
    "dead_from": pa.date32(), "is_frozen": pa.bool_(),
}  # fmt: skip
OUTAGES: Schema = {
    "school": pa.string(), "day": pa.date32(), "starts_s": pa.int64(), "ends_s": pa.int64(),
    "is_lost": pa.bool_(), "delay_s": pa.int64(),
}  # fmt: skip
DECLARATIONS: Schema = {
    "school": pa.string(), "item": pa.string(), "value": pa.float64(), "actual": pa.float64(),
    "untruth": pa.string(),
}  # fmt: skip


def table_of(schema: Schema, rows: Sequence[tuple[object, ...]]) -> Any:
    """Return rows as an Arrow table of a schema."""
    columns: list[Any] = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    return pa.table(
        {
            name: pa.array(column, kind)
            for (name, kind), column in zip(schema.items(), columns, strict=True)
        }
    )


class Parts:
    """Parquet files that grow by a table at a time; use it in a `with`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for writer in self._writers.values():
            writer.close()

    def add(self, name: str, table: Any) -> None:
        """Add the rows of a table to the file of a name."""
        if name not in self._writers:
            path = self._folder / f"{name}.parquet"
            self._writers[name] = pq.ParquetWriter(
                path, table.schema, compression="zstd", store_schema=False
            )
        self._writers[name].write_table(table)
