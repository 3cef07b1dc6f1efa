"""The facts of a simulated city, without a registry or a store: books read as they are written.

What the importer, the loader and the roll-up do is done here in a few lines of SQL, straight from
the city's files, so that a hundred schools take seconds. `tests/cloud/utilization` holds the
roll-up to its reference.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import polars as pl

from cloud.integrity import inputs as integrity
from cloud.integrity.inputs import Facts
from cloud.integrity.occupancy import PERIODS, from_co2
from cloud.scoring.evidence import evidence
from cloud.scoring.evidence.evidence import Evidence
from cloud.utilization.due_slots import WRITTEN_OFF
from cloud.utilization.periods import Day, Period, cuts, local_day, week_of
from cloud.utilization.reference_rollup import TEACHING, LessonRule
from device_profiles.usage import SLOT_S

ZONE = ZoneInfo("Asia/Shanghai")

RULE = LessonRule()
_USE = f"""
with seen as (
    select slots.school, asset, day, period,
           sum(active_s * overlap_s / {SLOT_S}) as active_s,
           sum(standby_s * overlap_s / {SLOT_S}) as standby_s,
           sum(off_s * overlap_s / {SLOT_S}) as off_s
    from slots join cuts using (school, slot_start) group by all
),
lengths as (select school, day, period, sum(overlap_s) as due_s from cuts group by all),
found as (
    select school, asset_id, category, room, day, week, period, due_s,
           coalesce(active_s, 0) as active_s, coalesce(standby_s, 0) as standby_s,
           coalesce(off_s, 0) as off_s, scheduled is not null as scheduled
    from targets join lengths using (school, day)
    left join seen using (school, asset, day, period)
    left join lessons using (school, room, day, period)
),
judged as (
    select *, active_s + standby_s + off_s as seen_s,
           scheduled and active_s + standby_s + off_s >= {RULE.observed_share} * due_s as observed
    from found
)
select *, greatest(due_s - seen_s, 0) as unobserved_s, scheduled as lesson_over,
       observed as lesson_observed,
       observed and active_s >= {RULE.used_share} * due_s as lesson_used
from judged
"""
_REPORTED = """
select school, asset as device, max(cast(slot_start + interval 8 hours as date)) as day
from slots where unobserved_s < 300 group by school, asset
"""
_CO2 = """
select school, room, cast(observed_at + interval 8 hours as date) as day, observed_at as at,
       number as co2_ppm
from readings where point = 'co2'
"""
_SENSED = """
select school, asset as device, max(cast(observed_at + interval 8 hours as date)) as day
from readings group by school, asset
"""


def city_facts(folder: Path) -> Facts:
    """Return what the cloud would know of a city, with the days of its reviews."""
    options = json.loads((folder / "city.json").read_text(encoding="utf-8"))
    days = [date.fromisoformat(day) for day in options["days"]]
    books = _Books(folder, days)
    parts = sorted((folder / "slots" / f"day={days[0]}").glob("part-*.parquet"))
    parts_read = [_rolled_up(folder, part.name, books) for part in parts]
    assets, senders = books.senders(pl.concat([reports for _, reports, _ in parts_read]))
    start, end = days[0], days[-1]
    return Facts(
        evidence=Evidence(
            start=start,
            end=end,
            schools=books.schools,
            rooms=books.rooms,
            assets=assets,
            use=pl.concat([use for use, _, _ in parts_read]),
            senders=senders,
            declarations=books.declarations,
        ),
        occupancy=pl.concat([occupancy for _, _, occupancy in parts_read]),
        bindings=books.bound.select(list(integrity.BINDINGS)),
        inspections=books.divisions.select(
            "school",
            pl.col("division").replace_strict(options["inspections"]).str.to_date().alias("day"),
        ),
    )


def truth(folder: Path, name: str) -> pl.DataFrame:
    """Return a table of what is true of a city."""
    return pl.read_parquet(folder / "truth" / f"{name}.parquet")


class _Books:
    """The books of a city, and the days of each school."""

    def __init__(self, folder: Path, days: list[date]) -> None:
        self.folder, self.days = folder, days
        schools = self._read("schools")
        self.divisions = schools.select("school", pl.col("division").cast(pl.String))
        self.schools = _shaped(schools, evidence.SCHOOLS)
        rooms = self._read("rooms").rename(
            {"room_name": "name", "room_use": "use", "class": "home_class"}
        )
        self.rooms = _shaped(rooms, evidence.ROOMS)
        self.assets = (
            self._read("assets").with_row_index("asset_id", 1).rename({"location": "room"})
        )
        self.bound = self.assets.filter(pl.col("device").is_not_null()).with_columns(
            pl.col("asset_id").cast(pl.Int64), stated=True
        )
        declared = self._read("declarations").with_columns(
            confirmed=pl.col("confirmed_on").is_not_null()
        )
        self.declarations = _shaped(declared, evidence.DECLARATIONS)

    def senders(self, reports: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the assets with the day they last reported, and the devices that reported."""
        names = self.bound.select("school", "device", "asset_id")
        last = reports.group_by("school", "device").agg(pl.col("day").max())
        senders = last.join(names, on=["school", "device"], how="left")
        reported = senders.select("asset_id", pl.col("day").alias("reported")).drop_nulls()
        assets = self.assets.with_columns(pl.col("asset_id").cast(pl.Int64))
        assets = assets.join(reported, on="asset_id", how="left")
        return _shaped(assets, evidence.ASSETS), _shaped(senders, evidence.SENDERS)

    def school_days(self, schools: list[str]) -> Iterator[tuple[str, Day]]:
        """Yield every day of the city for every one of the schools."""
        off = self._read("holidays")
        closed = {(row["school"], row["day"]) for row in off.iter_rows(named=True)}
        periods = self._read("periods").unique(["school", "period"], maintain_order=True)
        for school, rows in periods.partition_by("school", as_dict=True).items():
            if school[0] not in schools:
                continue
            clock = [
                (row["period"], row["name"], _clock(row["starts"]), _clock(row["ends"]))
                for row in rows.iter_rows(named=True)
            ]
            for day in self.days:
                start = local_day(day, ZONE).start
                hours = () if (school[0], str(day)) in closed else clock
                yield (
                    school[0],
                    local_day(
                        day,
                        ZONE,
                        tuple(Period(n, name, start + a, start + b) for n, name, a, b in hours),
                    ),
                )

    def periods(self, schools: list[str]) -> pl.DataFrame:
        """Return the periods of every school day, naive UTC."""
        rows = [
            (
                school,
                day.day,
                period.number,
                period.start.replace(tzinfo=None),
                period.end.replace(tzinfo=None),
            )
            for school, day in self.school_days(schools)
            for period in day.periods
        ]
        return pl.DataFrame(rows, schema=dict(PERIODS), orient="row")

    def lessons(self, schools: list[str]) -> pl.DataFrame:
        """Return every lesson, by the weekday that each day is taught as."""
        off = self._read("holidays").filter(pl.col("school").is_null())
        follows = dict(off.select("day", "follows").iter_rows())
        taught = [int(follows.get(str(day)) or day.isoweekday()) for day in self.days]
        table = self._read("timetable").filter(pl.col("school").is_in(schools))
        return (
            table.select("school", "room", "weekday", "period", scheduled=True)
            .unique()
            .join(pl.DataFrame({"day": self.days, "weekday": taught}), on="weekday")
        )

    def targets(self, schools: list[str]) -> pl.DataFrame:
        """Return who owes slots on which day."""
        able = self.bound.filter(
            ~pl.col("condition").is_in(sorted(WRITTEN_OFF)),
            pl.col("school").is_in(schools)
            & pl.col("category").is_in(sorted(TEACHING | {"meter"})),
        )
        days = pl.DataFrame(
            {
                "day": self.days,
                "week": [week_of(day) for day in self.days],
            }
        )
        return able.join(days, how="cross").select(
            "school",
            pl.col("device").alias("asset"),
            "day",
            "week",
            "asset_id",
            "room",
            "category",
        )

    def _read(self, kind: str) -> pl.DataFrame:
        (folder,) = (self.folder / "books").glob(f"*-{kind}")
        tables = [pl.read_csv(path, infer_schema=False) for path in sorted(folder.glob("*.csv"))]
        table = pl.concat(tables)
        numbers = {"period": pl.Int64, "weekday": pl.Int64, "follows": pl.Int64}
        return table.cast({k: v for k, v in numbers.items() if k in table.columns})


def _cuts(books: _Books, schools: list[str]) -> Iterator[dict[str, object]]:
    for school, day in books.school_days(schools):
        for cut in cuts(day):
            start = _naive(cut.slot_start)
            yield {"school": school, "day": cut.day, "period": cut.period, "slot_start": start,
                   "overlap_s": cut.overlap_s}  # fmt: skip


def _rolled_up(folder: Path, part: str, books: _Books) -> tuple[pl.DataFrame, ...]:
    """Return of the schools of one part the roll-up, the reporting devices, and the occupancy."""
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        for name in ("slots", "readings"):
            files = (folder / name / "*" / part).as_posix()
            table = f"read_parquet('{files}', hive_partitioning = false)"
            con.execute(f"create view {name} as from {table}")
        schools = [row[0] for row in con.execute("select distinct school from slots").fetchall()]
        con.register("cuts", pl.DataFrame(list(_cuts(books, schools)), orient="row").to_arrow())
        con.register("targets", books.targets(schools).to_arrow())
        lessons = books.lessons(schools)
        con.register("lessons", lessons.to_arrow())
        use = con.sql(_USE).pl()
        reports = [con.sql(query).pl() for query in (_REPORTED, _SENSED)]
        occupancy = from_co2(con.sql(_CO2).pl(), books.periods(schools), lessons)
    return _shaped(use, evidence.USE), pl.concat(reports), occupancy


def _shaped(table: pl.DataFrame, columns: evidence.Columns) -> pl.DataFrame:
    missing = [pl.lit(None).alias(name) for name in columns if name not in table.columns]
    shaped = table.with_columns(missing).select(list(columns))
    dates = [
        name
        for name, kind in columns.items()
        if kind == pl.Date and shaped[name].dtype == pl.String
    ]
    return shaped.with_columns(pl.col(dates).str.to_date()).cast(pl.Schema(columns))


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def _clock(text: str) -> timedelta:
    hours, minutes = text.split(":")[:2]
    return timedelta(hours=int(hours), minutes=int(minutes))
