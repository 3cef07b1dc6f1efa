"""The books of many schools as tables, as scoring reads them."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cached_property

import polars as pl

from cloud.registry.codes import statistics
from cloud.registry.queries import bulk_queries
from cloud.registry.store import Registry
from cloud.scoring.evidence import evidence
from cloud.scoring.evidence.evidence import YEAR, Columns

_BINDINGS = {
    "school": pl.String,
    "device": pl.String,
    "asset_id": pl.Int64,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
}
_LESSONS = {
    "school": pl.String,
    "term": pl.Int64,
    "weekday": pl.Int64,
    "period": pl.Int64,
    "room": pl.String,
}


class Books:
    """The ledger, the records and the timetables of some schools."""

    def __init__(self, registry: Registry, schools: Sequence[str]) -> None:
        self.registry = registry
        self.asked = list(schools)

    def schools(self) -> pl.DataFrame:
        """Return the schools."""
        return _table(bulk_queries.schools(self.registry, self.asked), evidence.SCHOOLS)

    def stages(self) -> pl.DataFrame:
        """Return every stage taught; a school of one stage is as large as its stage."""
        sizes = _table(bulk_queries.stage_sizes(self.registry, self.asked), evidence.STAGES)
        types = {item.code: list(statistics.stages(item.code)) for item in _TYPES}
        taught = (
            self._schools.select(
                "school",
                pl.col("school_type")
                .replace_strict(types, default=[], return_dtype=pl.List(pl.String))
                .alias("stage"),
                pl.col("classes").alias("all_classes"),
                pl.col("pupils").alias("all_pupils"),
            )
            .with_columns((pl.col("stage").list.len() == 1).alias("is_whole"))
            .explode("stage")
            .drop_nulls("stage")
        )
        whole = pl.col("is_whole")
        return (
            taught.join(sizes, on=["school", "stage"], how="full", coalesce=True)
            .select(
                "school",
                "stage",
                *(
                    pl.coalesce(name, pl.when(whole).then(pl.col(f"all_{name}"))).alias(name)
                    for name in ("classes", "pupils")
                ),
            )
            .sort("school", "stage")
        )

    def rooms(self) -> pl.DataFrame:
        """Return the rooms."""
        return _table(bulk_queries.rooms(self.registry, self.asked), evidence.ROOMS)

    def assets(self) -> pl.DataFrame:
        """Return the assets; when each last reported is not in the registry."""
        columns = {name: kind for name, kind in evidence.ASSETS.items() if name != "reported"}
        assets = _table(bulk_queries.assets(self.registry, self.asked), columns)
        return assets.with_columns(pl.col("original_value_yuan") / 100)

    def bindings(self) -> pl.DataFrame:
        """Return which name in telemetry belongs to which asset, and on which days."""
        return _table(bulk_queries.bindings(self.registry, self.asked), _BINDINGS)

    def tickets(self, start: date, end: date) -> pl.DataFrame:
        """Return the repairs reported in a span, in their state at its end."""
        tickets = _table(bulk_queries.tickets(self.registry, self.asked), evidence.TICKETS)
        day = pl.col("reported_at").dt.date()
        return tickets.filter((day >= start) & (day <= end)).with_columns(
            pl.when(pl.col(name).dt.date() <= end).then(pl.col(name)).alias(name)
            for name in ("accepted_at", "closed_at", "verified_at")
        )

    def stocktakes(self, end: date) -> pl.DataFrame:
        """Return of each asset number the last count of the year up to a day."""
        after = end - timedelta(days=YEAR)
        columns = bulk_queries.stocktakes(self.registry, self.asked, after, end)
        return (
            _table(columns, evidence.STOCKTAKES)
            .sort("school", "asset_no", "counted_on")
            .unique(["school", "asset_no"], keep="last", maintain_order=True)
        )

    def disposals(self, end: date) -> pl.DataFrame:
        """Return the disposals of the year up to a day."""
        after = end - timedelta(days=YEAR)
        columns = bulk_queries.disposals(self.registry, self.asked, after, end)
        return _table(columns, evidence.DISPOSALS)

    def chemicals(self) -> pl.DataFrame:
        """Return the batches of dangerous chemicals."""
        return _table(bulk_queries.chemicals(self.registry, self.asked), evidence.CHEMICALS)

    def declarations(self, end: date) -> pl.DataFrame:
        """Return of each item the newest declaration up to a day."""
        columns = bulk_queries.declarations(self.registry, self.asked, end)
        return (
            _table(columns, evidence.DECLARATIONS)
            .sort("school", "item", "declared_on")
            .unique(["school", "item"], keep="last", maintain_order=True)
        )

    def timetable(self) -> pl.DataFrame:
        """Return the timetables: school, term (its id), weekday, period, room."""
        return _table(bulk_queries.timetable(self.registry, self.asked), _LESSONS)

    @cached_property
    def _schools(self) -> pl.DataFrame:
        return self.schools()


def _table(queried: bulk_queries.Columns, columns: Columns) -> pl.DataFrame:
    """Return queried columns, in the order of the table's columns, as the table."""
    values = queried or [()] * len(columns)
    return pl.DataFrame(
        [
            pl.Series(name, series, dtype=kind, strict=False)
            for (name, kind), series in zip(columns.items(), values, strict=True)
        ]
    ).sort(*list(columns)[:2])


_TYPES = statistics.SCHOOL_TYPES.items
