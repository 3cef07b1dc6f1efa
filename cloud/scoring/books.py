"""The books of many schools as tables, as scoring reads them: one query for each table."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import polars as pl
from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from cloud.registry import code_lists, tables
from cloud.registry.store import Registry
from cloud.scoring import evidence
from cloud.scoring.evidence import YEAR, Columns

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
    """The ledger, the papers and the timetables of some schools."""

    def __init__(self, registry: Registry, schools: Sequence[str]) -> None:
        self.registry = registry
        self.asked = list(schools)

    def schools(self) -> pl.DataFrame:
        """Return the schools."""
        one = tables.School
        fields = [one.id, *(getattr(one, name) for name in list(evidence.SCHOOLS)[1:])]
        return self._read(select(*fields), one.id, evidence.SCHOOLS)

    def stages(self) -> pl.DataFrame:
        """Return every stage taught; a school of one stage is as large as its stage."""
        one = tables.StageSize
        query = select(one.school_id, one.stage, one.classes, one.pupils)
        sizes = self._read(query, one.school_id, evidence.STAGES)
        types = {item.code: list(code_lists.stages(item.code)) for item in _TYPES}
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
        one = tables.Room
        query = select(
            one.school_id, one.number, one.name, one.use, one.area_m2, one.seats, one.home_class
        )
        return self._read(query, one.school_id, evidence.ROOMS)

    def assets(self) -> pl.DataFrame:
        """Return the assets; when each last reported is not in the books."""
        one = tables.Asset
        query = select(
            one.school_id,
            one.id,
            one.asset_no,
            one.name,
            one.category,
            one.classification_code,
            one.classification_list,
            one.model,
            one.unit,
            one.quantity,
            one.original_value_fen,
            one.acquisition,
            one.acquired,
            one.booked,
            one.condition,
            tables.Room.number,
            one.department,
            one.custodian,
            one.tag,
            one.life_years,
            one.assessed,
        ).outerjoin(tables.Room, one.room_id == tables.Room.id)
        columns = {name: kind for name, kind in evidence.ASSETS.items() if name != "reported"}
        found = self._read(query, one.school_id, columns)
        return found.with_columns(pl.col("original_value_yuan") / 100)

    def bindings(self) -> pl.DataFrame:
        """Return which name in telemetry belongs to which asset, and on which days."""
        one = tables.Binding
        query = select(one.school_id, one.device, one.asset_id, one.valid_from, one.valid_to)
        return self._read(query, one.school_id, _BINDINGS)

    def tickets(self, start: date, end: date) -> pl.DataFrame:
        """Return the repairs reported in a span, as they stood at its end."""
        one = tables.Ticket
        query = select(
            one.school_id,
            one.ticket_no,
            one.asset_id,
            one.origin,
            one.reported_at,
            one.accepted_at,
            one.closed_at,
            one.verified_at,
            one.is_fault,
        )
        found = self._read(query, one.school_id, evidence.TICKETS)
        day = pl.col("reported_at").dt.date()
        return found.filter((day >= start) & (day <= end)).with_columns(
            pl.when(pl.col(name).dt.date() <= end).then(pl.col(name)).alias(name)
            for name in ("accepted_at", "closed_at", "verified_at")
        )

    def stocktakes(self, end: date) -> pl.DataFrame:
        """Return of each asset number the last count of the year up to a day."""
        one = tables.Stocktake
        query = select(one.school_id, one.asset_no, one.counted_on, one.result).where(
            one.counted_on > end - timedelta(days=YEAR), one.counted_on <= end
        )
        return (
            self._read(query, one.school_id, evidence.STOCKTAKES)
            .sort("school", "asset_no", "counted_on")
            .unique(["school", "asset_no"], keep="last", maintain_order=True)
        )

    def disposals(self, end: date) -> pl.DataFrame:
        """Return the disposals of the year up to a day."""
        one = tables.Disposal
        query = select(
            one.school_id,
            one.asset_no,
            one.disposed_on,
            one.method,
            one.approval_no,
            one.record_no,
        ).where(one.disposed_on > end - timedelta(days=YEAR), one.disposed_on <= end)
        return self._read(query, one.school_id, evidence.DISPOSALS)

    def chemicals(self) -> pl.DataFrame:
        """Return the batches of dangerous chemicals."""
        one = tables.Chemical
        query = select(
            one.school_id,
            one.batch_no,
            one.name,
            one.book_quantity,
            one.counted_quantity,
            one.counted_on,
        )
        return self._read(query, one.school_id, evidence.CHEMICALS)

    def declarations(self, end: date) -> pl.DataFrame:
        """Return of each item the newest declaration up to a day."""
        one = tables.Declaration
        query = select(
            one.school_id, one.item, one.value, one.declared_on, one.confirmed_on.is_not(None)
        ).where(one.declared_on <= end)
        return (
            self._read(query, one.school_id, evidence.DECLARATIONS)
            .sort("school", "item", "declared_on")
            .unique(["school", "item"], keep="last", maintain_order=True)
        )

    def timetable(self) -> pl.DataFrame:
        """Return the timetables: school, term (its id), weekday, period, room."""
        one = tables.Lesson
        query = select(
            tables.Room.school_id, one.term_id, one.weekday, one.period, tables.Room.number
        ).join(tables.Room, one.room_id == tables.Room.id)
        return self._read(query, tables.Room.school_id, _LESSONS)

    @cached_property
    def _schools(self) -> pl.DataFrame:
        return self.schools()

    def _read(
        self, query: Select[*tuple[Any, ...]], owner: InstrumentedAttribute[str], columns: Columns
    ) -> pl.DataFrame:
        """Return the answer as a table; the query's columns stand in the order of the table's."""
        with Session(self.registry.engine) as session:
            rows = session.execute(query.where(owner.in_(self.asked))).all()
        if not rows:
            return pl.DataFrame(schema=dict(columns))
        found = dict(zip(columns, zip(*rows, strict=True), strict=True))
        return pl.DataFrame(
            {
                name: pl.Series(name, values, dtype=kind, strict=False)
                for (name, values), kind in zip(found.items(), columns.values(), strict=True)
            }
        ).sort(*list(columns)[:2])


_TYPES = code_lists.SCHOOL_TYPES.items
