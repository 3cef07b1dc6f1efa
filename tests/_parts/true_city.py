"""The truth of a simulated city, indicator by indicator, compared with the cloud's figures.

- Use, air and ledgers: plain sums over the simulator's own days and lines (`true_city_use`).
- `OWN`: what the line carried, what a count would find, which figures are right: sums of `truth/`.
- `OF_THE_RECORDS`: repairs and counts, as recorded, without the rows of things that do not exist.
- The rest, rooms and declared figures: the records of the true city.

The true city is a folder that the cloud loads like any other: the true slots and readings, and
records of what exists. Rows of things that do not exist are out, devices in no ledger are in, rooms
and values are filled in, figures are declared as they were. What the cloud computes of it has to be
the plain sums: so an indicator that is wrong cannot hide by being wrong twice.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from cloud.bulk.offline import offline
from cloud.scoring.engine.engine import Scores, score_table
from cloud.scoring.engine.result import evidence_rows
from cloud.scoring.engine.school_table import evidence_table
from cloud.scoring.evidence.collect import gather
from cloud.scoring.evidence.evidence import YEAR, Evidence
from cloud.scoring.standard.standard import Standard, named
from device_profiles.usage import SLOT_S
from simulators.city.city import Options, read_city, write_city
from simulators.city.readings import ReadingTable
from simulators.city.rooms import function_rooms, make_rooms
from simulators.city.school_model import Home, make_home
from simulators.city.schools import VALUE_PER_SCHOOL_YUAN, make_schools, with_more_rooms
from simulators.city.seeded_random import draws
from simulators.city.slots import write_parquet
from simulators.city.term import CityCalendar, make_calendar
from tests._parts.city_facts import truth
from tests._parts.loaded import clock_after, load
from tests._parts.true_city_use import plain_ledger, plain_use

_DAY_S = 86_400
_SLOTS_A_DAY = _DAY_S // SLOT_S
_LATE_S = 600
"""Seconds after its end from which a slot is late."""
_NEVER = 10_000_000
_WRITTEN_OFF = ("6", "7")
_ABLE = ("display", "recorder", "instrument", "epaper", "computer", "environment")
_SENDING = ("display", "recorder", "instrument", "epaper", "computer", "meter")
_TO_A_TENTH = (
    "display_hours_week",
    "computer_room_hours_logged",
)
_SCHOOLS_AT_ONCE = 50


def write_true_city(options: Options, out: Path) -> None:
    """Write the city of these options, which is there already, as it truly was."""
    city = options.folder
    calendar, homes = home_of(options)
    out.mkdir(parents=True)
    (out / "slots").symlink_to(city / "truth" / "slots")
    for day in calendar.days:
        write_parquet(
            _air(homes, calendar, day, options.seed),
            out / "readings" / f"day={day}" / "part-000.parquet",
        )
    for kind in sorted((city / "books").iterdir()):
        mend = _MENDED.get(kind.name.partition("-")[2])
        folder = out / "books" / kind.name
        if mend is None:
            folder.parent.mkdir(exist_ok=True)
            folder.symlink_to(kind)
            continue
        folder.mkdir(parents=True)
        for path in sorted(kind.iterdir()):
            mend(pl.read_csv(path, infer_schema=False), city, homes).write_csv(folder / path.name)
    (out / "city.json").write_bytes((city / "city.json").read_bytes())


@cache
def home_of(options: Options) -> tuple[CityCalendar, Mapping[str, Home]]:
    """Return the days of a city, and each of its schools with all it has."""
    calendar = make_calendar(options.end, options.days)
    schools = make_schools(options.schools, options.seed, calendar)
    usual = [function_rooms(make_rooms(school, options.seed)) for school in schools]
    return calendar, {
        school.code: make_home(school, calendar.days, options.seed)
        for school in with_more_rooms(schools, usual)
    }


def _air(homes: Mapping[str, Home], calendar: CityCalendar, day: date, seed: int) -> object:
    """Return what every sensor of a room would have sent, had it worked and reported."""
    table = ReadingTable(day)
    for home in homes.values():
        school, sensors = home.school, home.sensors
        alive = replace(
            sensors,
            dies=np.full_like(sensors.dies, _NEVER),
            is_silenced=np.zeros_like(sensors.is_silenced),
        )
        weekday = None if day == school.closed else calendar.weekday_taught(day)
        random = draws(seed, "air", school.index, day)
        table.add(school, alive, weekday, (), school.inspected, random)
    return table.table()


def _true_ledger(recorded: pl.DataFrame, city: Path, homes: Mapping[str, Home]) -> pl.DataFrame:
    """Return the ledger with a row for what exists, and none for what does not."""
    known = truth(city, "assets").filter(
        pl.col("school").is_in(recorded["school"].unique().to_list())
    )
    known_rows = known.filter(pl.col("asset_no") != "").select(
        "school", "asset_no", "exists", "has_reported", pl.col("room").alias("true_room")
    )
    factor = VALUE_PER_SCHOOL_YUAN * len(homes) / sum(h.ledger.total() for h in homes.values())
    values = pl.DataFrame(
        [
            (school, line.number, str(round(float(price) * factor)))
            for school, home in homes.items()
            for line, price in zip(home.ledger.lines, home.ledger.price, strict=True)
        ],
        schema=["school", "asset_no", "true_value"],
        orient="row",
    )
    there = (
        recorded.join(known_rows, on=["school", "asset_no"], how="left", maintain_order="left")
        .join(values, on=["school", "asset_no"], how="left", maintain_order="left")
        .filter("exists")
        .with_columns(
            pl.coalesce("location", pl.col("true_room").replace("", None)).alias("location"),
            pl.coalesce("original_value_yuan", "true_value").alias("original_value_yuan"),
            pl.when("has_reported").then("device").alias("device"),
        )
    )
    unlisted = known.filter(pl.col("asset_no") == "").select(
        "school",
        pl.col("asset").alias("asset_no"),
        pl.lit("台式计算机").alias("name"),
        "category",
        pl.col("asset").alias("device"),
        pl.lit("1").alias("quantity"),
        pl.lit("1").alias("condition"),
        pl.col("room").alias("location"),
    )
    return pl.concat([there.select(recorded.columns), unlisted], how="diagonal")


def _true_declarations(
    recorded: pl.DataFrame, city: Path, _homes: Mapping[str, Home]
) -> pl.DataFrame:
    """Return the figures as they would have been right, to as many digits as they are declared."""
    actual = truth(city, "declarations").select("school", "item", "actual")
    right = pl.when(pl.col("item").is_in(_TO_A_TENTH)).then(pl.col("actual").round(1))
    return (
        recorded.join(actual, on=["school", "item"], how="left", maintain_order="left")
        .with_columns(right.otherwise(pl.col("actual").round(0)).cast(pl.String).alias("value"))
        .select(recorded.columns)
    )


def _true_counts(recorded: pl.DataFrame, city: Path, _homes: Mapping[str, Home]) -> pl.DataFrame:
    """Return the counts without those of what does not exist."""
    phantoms = truth(city, "assets").filter(~pl.col("exists"))
    return recorded.join(phantoms, on=["school", "asset_no"], how="anti", maintain_order="left")


_MENDED: Mapping[str, Callable[[pl.DataFrame, Path, Mapping[str, Home]], pl.DataFrame]] = {
    "assets": _true_ledger,
    "declarations": _true_declarations,
    "stocktakes": _true_counts,
}


def gathered(city: Path, data: Path, *, first: int = 0) -> Evidence:
    """Return what the cloud knows of a city, from its first day but so many on; loads it."""
    recorded = read_city(city)
    days = [date.fromisoformat(day) for day in recorded["days"]][first:]

    async def work() -> list[Evidence]:
        await load(city, data)
        schools = recorded["schools"]
        with offline(data, clock=clock_after()) as (store, registry):
            return [
                await gather(
                    store, registry, schools[at : at + _SCHOOLS_AT_ONCE], days[0], days[-1]
                )
                for at in range(0, len(schools), _SCHOOLS_AT_ONCE)
            ]

    parts = asyncio.run(work())
    tables = [name for name in Evidence.__dataclass_fields__ if name not in {"start", "end"}]
    return replace(
        parts[0], **{name: pl.concat([getattr(part, name) for part in parts]) for name in tables}
    )


@dataclass(frozen=True, slots=True)
class City:
    """A city, and its scores: as recorded, as true, and as the cloud computes them of the truth."""

    folder: Path
    recorded: Scores
    true: Scores
    computed: Scores

    @property
    def characters(self) -> pl.DataFrame:
        """What each school is like."""
        return truth(self.folder, "schools").select(pl.col("school").alias("id"), "character")


def assessed(options: Options, folder: Path) -> City:
    """Return a city of these options, written and loaded below a folder, with its truth."""
    write_city(options)
    write_true_city(options, folder / "true")
    recorded = gathered(options.folder, folder / "recorded-data", first=1)
    true = gathered(folder / "true", folder / "true-data", first=1)
    return City(
        options.folder,
        recorded=scores_of(evidence_table(edition(), recorded)),
        true=scores_of(true_table(options, recorded, true)),
        computed=scores_of(evidence_table(edition(), true)),
    )


@cache
def edition() -> Standard:
    """Return the edition whose indicators are measured."""
    return named("taizhou-smart-management@2026-11-01")


def true_table(options: Options, recorded: Evidence, true: Evidence) -> pl.DataFrame:
    """Return the evidence table of what is true, to be scored like any other."""
    standard, city = edition(), options.folder
    calendar, homes = home_of(options)
    first = calendar.days.index(recorded.start)
    table = evidence_table(standard, true)
    of_records = evidence_table(standard, of_what_exists(city, recorded))
    true_sums = {
        **{name: work(city, recorded) for name, work in OWN.items()},
        **plain_use(homes, calendar, options.seed, first=first),
        **plain_ledger(homes, recorded.end),
    }
    for clause in standard.clauses:
        names = [f"{clause.id}.{what}" for what in ("part", "whole", "unknown")]
        if clause.indicator in true_sums:
            columns_of_clause = true_sums[clause.indicator].select(
                pl.col("school").alias("id"),
                pl.col("part", "whole").cast(pl.Float64).name.prefix(f"{clause.id}."),
                pl.lit(0.0).alias(names[2]),
            )
        elif clause.indicator in OF_THE_RECORDS:
            columns_of_clause = of_records.select("id", *names)
        else:
            continue
        table = table.drop(names).join(columns_of_clause, on="id", how="left")
    return table


OF_THE_RECORDS = frozenset({
    "alerts_handled", "counted_this_year", "fault_free", "repairs_completed", "repairs_in_time",
    "repairs_that_last", "response_in_time",
})  # fmt: skip
"""Indicators of how records are kept: the truth is their rows of things that exist."""


def of_what_exists(city: Path, recorded: Evidence) -> Evidence:
    """Return the recorded evidence, without the rows of the ledger for things that do not exist."""
    phantoms = truth(city, "assets").filter(~pl.col("exists"))
    return replace(
        recorded, assets=recorded.assets.join(phantoms, on=["school", "asset_no"], how="anti")
    )


def _counted(city: Path, recorded: Evidence) -> pl.DataFrame:
    """Return what a count of every row would find: what exists matches, and nothing else."""
    exists = truth(city, "assets").select("school", "asset_no", "exists")
    is_old = pl.col("acquired") <= recorded.end - timedelta(days=YEAR)
    counts = recorded.stocktakes.select("school", "asset_no", "result")
    rows = (
        recorded.assets.filter(~pl.col("condition").is_in(_WRITTEN_OFF))
        .join(counts, on=["school", "asset_no"], how="left")
        .filter(pl.col("result").is_not_null() | is_old.fill_null(value=True))
        .join(exists, on=["school", "asset_no"])
        .select(
            "school", (pl.col("exists") & (pl.col("result") != "missing").fill_null(value=True))
        )
    )
    beyond = counts.filter(result="surplus").select("school", pl.lit(value=False).alias("exists"))
    return _shares(pl.concat([rows, beyond]), pl.col("exists"))


def _shares(rows: pl.DataFrame, part: pl.Expr) -> pl.DataFrame:
    return rows.group_by("school").agg(
        part.cast(pl.Float64).sum().alias("part"), pl.len().cast(pl.Float64).alias("whole")
    )


def _ledger(city: Path, recorded: Evidence) -> pl.DataFrame:
    """Return the rows of the ledger for things that exist, with their condition."""
    condition = recorded.assets.select("school", "asset_no", "condition")
    return (
        truth(city, "assets")
        .filter((pl.col("asset_no") != "") & pl.col("exists"))
        .join(condition, on=["school", "asset_no"])
    )


def _known_devices(city: Path, recorded: Evidence) -> pl.DataFrame:
    """Return the reporting devices by whether they are in a ledger; dead ones do not report."""
    first = recorded.use["day"].min()
    reporting = truth(city, "assets").filter(
        pl.col("has_reported")
        & (pl.col("dead_from").is_null() | (pl.col("dead_from") > first) | pl.col("is_frozen"))
    )
    return _shares(reporting, pl.col("asset_no") != "")


def _reporting(city: Path, recorded: Evidence) -> pl.DataFrame:
    """Return what can report by whether it is connected and lived until a week before the end."""
    able = _ledger(city, recorded).filter(
        pl.col("category").is_in(_ABLE) & pl.col("condition").is_in(["1", "2"])
    )
    dead = pl.col("dead_from") <= recorded.end - timedelta(days=7)
    alive = pl.col("is_frozen") | ~dead.fill_null(value=False)
    return _shares(able, pl.col("has_reported") & alive)


def _lines(city: Path, recorded: Evidence) -> pl.DataFrame:
    """Return of every device and school day which share of it was carried, in time, in school.

    A device that is dead or was silenced carries nothing; of the others what the line lost is
    missing, and what it sent after a cut is late.
    """
    use = truth(city, "use").filter(pl.col("asset_no") != "")
    schools = truth(city, "schools").select("school", "closed")
    days = use.join(schools, on="school").filter(
        (pl.col("day") >= recorded.start) & pl.col("closed").ne_missing(pl.col("day"))
    )
    silent = _ledger(city, recorded).filter(
        pl.col("asset").ne("")
        & ~pl.col("has_reported")
        & pl.col("category").is_in(_SENDING)
        & ~pl.col("condition").is_in(_WRITTEN_OFF)
    )
    mute = silent.join(days.select("school", "day").unique(), on="school").select(
        "school", "day", pl.lit(value=True).alias("mute")
    )
    device_days = days.select("school", "day", (pl.col("dead") | pl.col("silenced")).alias("mute"))
    return pl.concat([device_days, mute]).join(_carried(city), on=["school", "day"], how="left")


@cache
def _carried(city: Path) -> pl.DataFrame:
    """Return of every school and day the share of slots that came, came in time, and in school."""
    (periods,) = (city / "books").glob("*-periods")
    clock = pl.concat([pl.read_csv(path, infer_schema=False) for path in periods.iterdir()])
    spans = {
        row["school"]: (_seconds(row["starts"]), _seconds(row["ends"]))
        for row in clock.group_by("school")
        .agg(pl.col("starts").min(), pl.col("ends").max())
        .iter_rows(named=True)
    }
    cuts: dict[tuple[str, date], list[tuple[int, int, bool, int]]] = {}
    for school, day, *cut in truth(city, "outages").iter_rows():
        cuts.setdefault((school, day), []).append(tuple(cut))
    ends = (np.arange(_SLOTS_A_DAY) + 1) * SLOT_S
    rows = []
    for school, (opens, closes) in spans.items():
        inside = np.clip(np.minimum(ends, closes) - np.maximum(ends - SLOT_S, opens), 0, None)
        for text in read_city(city)["days"]:
            day = date.fromisoformat(text)
            came, in_time = np.ones(_SLOTS_A_DAY, np.bool_), np.ones(_SLOTS_A_DAY, np.bool_)
            for starts, stops, is_lost, delay in cuts.get((school, day), []):
                touched = (ends > starts) & (ends - SLOT_S < stops)
                came &= ~(touched & is_lost)
                in_time &= ~(touched & (is_lost | (stops + delay - ends > _LATE_S - 45)))
            share = float(inside[came].sum() / inside.sum())
            rows.append((school, day, float(came.mean()), float(in_time.mean()), share))
    return pl.DataFrame(
        rows,
        schema={"school": pl.String, "day": pl.Date, "came": pl.Float64, "in_time": pl.Float64,
                "in_school": pl.Float64},
        orient="row",
    )  # fmt: skip


def _seconds(clock: str) -> int:
    hours, minutes = clock.split(":")[:2]
    return 3600 * int(hours) + 60 * int(minutes)


def _line_share(what: str) -> Callable[[Path, Evidence], pl.DataFrame]:
    def work(city: Path, recorded: Evidence) -> pl.DataFrame:
        carried = pl.when("mute").then(0.0).otherwise(what)
        return _shares(_lines(city, recorded), carried)

    return work


_TERMINALS = ("teacher_terminals", "pupil_terminals")


def _honest_figures(city: Path, recorded: Evidence) -> pl.DataFrame:
    """Return the declared figures that can be compared by whether they are about right.

    A row that counts nothing only opens a figure that was added to another one's.
    """
    clause = next(
        clause for clause in edition().clauses if clause.indicator == "declarations_agree"
    )
    rows = clause_rows(clause.id, recorded).filter(pl.col("whole") > 0).select("school", "label")
    item = pl.when(pl.col("item").is_in(_TERMINALS)).then(pl.lit("terminals")).otherwise("item")
    figures = (
        truth(city, "declarations")
        .group_by("school", item.alias("item"))
        .agg(pl.col("value", "actual").sum())
    )
    label = pl.when(pl.col("label").is_in(_TERMINALS)).then(pl.lit("terminals")).otherwise("label")
    off = (pl.col("value") - pl.col("actual")).abs()
    comparable = rows.select("school", label.alias("item")).join(figures, on=["school", "item"])
    return _shares(
        comparable, off <= float(clause.parameters["tolerance"]) * pl.col("actual") + 1.0
    )


def clause_rows(clause_id: str, evidence: Evidence) -> pl.DataFrame:
    """Return the evidence rows of a clause of the edition."""
    (clause,) = (clause for clause in edition().clauses if clause.id == clause_id)
    return evidence_rows(clause, evidence)


OWN: Mapping[str, Callable[[Path, Evidence], pl.DataFrame]] = {
    "count_agreement": _counted,
    "declarations_agree": _honest_figures,
    "iot_coverage": _reporting,
    "ledger_telemetry_agreement": _known_devices,
    "reachable_rate": _line_share("in_school"),
    "slots_complete": _line_share("came"),
    "slots_in_time": _line_share("in_time"),
}


def scores_of(table: pl.DataFrame) -> Scores:
    """Return the scores of an evidence table by the edition."""
    return score_table(edition(), table)


def differences(recorded: Scores, true: Scores) -> pl.DataFrame:
    """Return a row for each school and clause: the recorded figure, its upper bound, the true one.

    A clause of which one side has no evidence has null there; one that does not apply has no row.
    """
    parts = []
    for clause in edition().clauses:
        measured = f"{clause.id}.measured"
        high = pl.col(f"{clause.id}.part") + pl.col(f"{clause.id}.unknown").fill_null(0.0)
        parts.append(
            recorded.table.join(recorded.clauses, on="id")
            .filter(pl.col(f"{clause.id}.weight") > 0)
            .select(
                "id",
                pl.lit(clause.id).alias("clause"),
                pl.lit(clause.indicator).alias("indicator"),
                pl.col(measured).alias("recorded"),
                (high / pl.col(f"{clause.id}.whole")).alias("high"),
            )
            .join(true.clauses.select("id", pl.col(measured).alias("true")), on="id")
        )
    return pl.concat(parts)


_SLACK = 0.002
"""Of the whole: seconds that the simulation rounds away."""


def errors(rows: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Return by clause how far recorded figures are from true ones (see `differences`)."""
    off = pl.col("recorded") - pl.col("true")
    slack = _SLACK * pl.max_horizontal(1.0, "true")
    inside = pl.col("true").is_between(pl.col("recorded") - slack, pl.col("high") + slack)
    return (
        rows.filter(pl.col("true").is_not_null())
        .group_by("clause", "indicator", *by)
        .agg(
            pl.col("recorded").is_not_null().sum().alias("schools"),
            pl.col("recorded").is_null().sum().alias("no_data"),
            off.abs().median().alias("median"),
            off.abs().quantile(0.9).alias("p90"),
            off.mean().alias("bias"),
            inside.mean().alias("inside"),
        )
        .sort("clause", *by)
    )
