"""The facts a score stands on: tables, for one school or for many.

Every table has a column `school`. Nothing here reads a clock, a file or a database.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

SCHOOLS = {
    "school": pl.String,
    "school_type": pl.String,
    "classes": pl.Int64,
    "pupils": pl.Int64,
    "teachers": pl.Int64,
}
ROOMS = {"school": pl.String, "room": pl.String, "name": pl.String, "use": pl.String}
ASSETS = {
    "school": pl.String,
    "asset_id": pl.Int64,
    "asset_no": pl.String,
    "name": pl.String,
    "category": pl.String,
    "classification_code": pl.String,
    "classification_list": pl.String,
    "model": pl.String,
    "unit": pl.String,
    "quantity": pl.Float64,
    "original_value_yuan": pl.Float64,
    "acquisition": pl.String,
    "acquired": pl.Date,
    "booked": pl.Date,
    "condition": pl.String,
    "room": pl.String,
    "department": pl.String,
    "custodian": pl.String,
    "tag": pl.String,
    "reported": pl.Date,
}
"""`reported` is the last local day, up to the end of the span, with telemetry; null for none."""
USE = {
    "school": pl.String,
    "asset_id": pl.Int64,
    "category": pl.String,
    "room": pl.String,
    "day": pl.Date,
    "week": pl.String,
    "period": pl.Int64,
    "due_s": pl.Float64,
    "active_s": pl.Float64,
    "standby_s": pl.Float64,
    "off_s": pl.Float64,
    "unobserved_s": pl.Float64,
    "scheduled": pl.Boolean,
    "lesson_over": pl.Boolean,
    "lesson_observed": pl.Boolean,
    "lesson_used": pl.Boolean,
}
"""The roll-up (see `cloud.utilization.rollup`), rows of assets in the ledger."""
SENDERS = {"school": pl.String, "device": pl.String, "asset_id": pl.Int64}
"""Names heard up to the end of the span, and the asset each was bound to when last heard."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of some schools over a span of days, both included."""

    start: date
    end: date
    schools: pl.DataFrame
    rooms: pl.DataFrame
    assets: pl.DataFrame
    use: pl.DataFrame
    senders: pl.DataFrame

    def digest(self) -> str:
        """Return a SHA-256 of all of it, the same however the rows are ordered."""
        digest = hashlib.sha256(f"{self.start} {self.end}\n".encode())
        for table in (self.schools, self.rooms, self.assets, self.use, self.senders):
            rows = table.select(sorted(table.columns)).sort(sorted(table.columns))
            digest.update(rows.write_csv(null_value="\\N").encode())
        return digest.hexdigest()


def table(rows: list[dict[str, object]], columns: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    """Return rows as a table of exactly these columns."""
    return pl.DataFrame(rows, schema=dict(columns), orient="row")
