"""The same city with a part of its data taken away, assessed anew by the whole chain.

Four ways to lose a share of the data: single slots anywhere, whole devices, whole days of schools,
and whole schools. Whatever is lost at a small share is lost at a larger one too. The first day
stays whole: it represents the time before the span, in which every device reported once.
"""

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]  # it ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it ships no types
from numpy.typing import NDArray

from cloud.robustness.monte_carlo import uncertainty
from cloud.scoring.engine.engine import Scores
from cloud.scoring.engine.school_table import evidence_table
from cloud.selection.rules import SelectionRules
from cloud.selection.select import select_scores
from simulators.city.city import read_city
from tests._parts.city_facts import truth
from tests._parts.loaded import load
from tests._parts.true_city import edition, gathered, scores_of

WAYS = ("slots", "devices", "days", "schools")
SHARES = {"slots": (0.1, 0.3), "devices": (0.1, 0.3), "days": (0.3,), "schools": (0.3,)}
"""What the tests take away, by way; the benchmark takes more steps."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What is taken away: a way, a share of the data, and a seed of what it hits."""

    way: str
    share: float
    seed: int = 1


def books_only(city: Path, folder: Path) -> Path:
    """Return a data folder with the records of a city, and without any telemetry."""
    bare, data = folder / "bare", folder / "books"
    bare.mkdir(parents=True)
    (bare / "books").symlink_to(city / "books")
    (bare / "city.json").symlink_to(city / "city.json")
    asyncio.run(load(bare, data))
    return data


def scores_after(loss: Loss, city: Path, books: Path, folder: Path) -> Scores:
    """Return the scores of a city after a loss; `books` is its data folder without telemetry."""
    folder.mkdir()
    lossy, data = folder / "city", folder / "data"
    write_lossy(loss, city, lossy)
    shutil.copytree(books, data)
    scores = scores_of(evidence_table(edition(), gathered(lossy, data, first=1)))
    shutil.rmtree(folder)
    return scores


def write_lossy(loss: Loss, city: Path, out: Path) -> None:
    """Write the city without what is lost."""
    city_plan = read_city(city)
    days = [date.fromisoformat(day) for day in city_plan["days"]]
    gone = _gone(loss, city, city_plan["schools"], days)
    out.mkdir(parents=True)
    (out / "books").symlink_to(city / "books")
    for kind in ("slots", "readings"):
        for turn, day in enumerate(days):
            folder = out / kind / f"day={day}"
            if turn == 0:
                folder.parent.mkdir()
                folder.symlink_to(city / kind / folder.name)
                continue
            folder.mkdir()
            for part, path in enumerate(sorted((city / kind / folder.name).iterdir())):
                table = pq.read_table(path, partitioning=None)
                if loss.way == "slots":
                    random = np.random.default_rng([loss.seed, turn, part, len(kind)])
                    kept = random.random(table.num_rows) >= loss.share
                else:
                    kept = _kept(table, day, gone)
                if kept.any():
                    left = table.filter(pa.array(kept))
                    pq.write_table(left, folder / path.name, store_schema=False)
    (out / "city.json").symlink_to(city / "city.json")


def _kept(table: pa.Table, day: date, gone: pl.DataFrame) -> NDArray[np.bool_]:
    keys = pl.DataFrame(
        {name: pl.Series(table[name].to_pylist(), dtype=pl.String) for name in ("school", "asset")}
    ).with_columns(pl.lit(day).alias("day"))
    on = gone.columns
    marked = keys.join(
        gone.with_columns(pl.lit(value=False).alias("kept")),
        on=on,
        how="left",
        maintain_order="left",
    )
    return marked["kept"].fill_null(value=True).to_numpy()


def _gone(loss: Loss, city: Path, schools: Sequence[str], days: Sequence[date]) -> pl.DataFrame:
    """Return the devices, days or schools that are lost, by the columns that name them."""
    random = np.random.default_rng([loss.seed, WAYS.index(loss.way)])
    if loss.way == "schools":
        return pl.DataFrame({"school": _first(list(schools), loss.share, random)})
    reporting = truth(city, "assets").filter("has_reported").sort("school", "asset")
    names = dict(reporting.group_by("school", maintain_order=True).agg("asset").iter_rows())
    rows: list[tuple[str, object]] = []
    for school in schools:
        units = days[1:] if loss.way == "days" else names.get(school, [])
        rows += [(school, unit) for unit in _first(list(units), loss.share, random)]
    kind = ("day", pl.Date) if loss.way == "days" else ("asset", pl.String)
    return pl.DataFrame(rows, schema=[("school", pl.String), kind], orient="row")


def _first(units: list[object], share: float, random: np.random.Generator) -> list[object]:
    """Return that share of the units, the first in an order that the share does not change."""
    order = random.permutation(len(units))
    return [units[i] for i in order[: round(share * len(units))]]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a ranking: of schools rated both before and after, but for `unrated`."""

    tau: float
    """Kendall's, of the ranks."""
    rho: float
    """Spearman's."""
    moved: float
    """Ranks that the median school moved."""
    changed: float
    """Share of the selected who were not selected before."""
    unrated: int
    """Schools that are not rated any more."""
    covered: float
    """Share of schools whose earlier rank lies in the interval that is shown."""
    gained: float
    """The most by which any score rose."""


def change(before: Scores, after: Scores, rules: SelectionRules, *, runs: int = 2000) -> Change:
    """Return how the ranking after a loss differs from the one before."""
    old = before.totals.select("id", "value", "raw")
    pair = old.join(after.totals.select("id", "value", "raw"), on="id", suffix="_now")
    rated = pair.filter(pl.col("value").is_not_null() & pl.col("value_now").is_not_null())
    was, now = (_ranks(rated[name]) for name in ("value", "value_now"))
    selected = set(select_scores(before, rules).selected)
    selected_now = set(select_scores(after, rules).selected)
    intervals = uncertainty(after, rules, 1, runs=runs).schools
    both = rated.with_columns(pl.Series("was", was)).join(intervals, on="id")
    inside = both["was"].is_between(both["rank_low"], both["rank_high"])
    lost = pair.filter(pl.col("value").is_not_null() & pl.col("value_now").is_null())
    return Change(
        tau=_kendall(was, now),
        rho=float(np.corrcoef(was, now)[0, 1]),
        moved=float(np.median(np.abs(was - now))),
        changed=len(selected_now - selected) / max(1, len(selected_now)),
        unrated=lost.height,
        covered=float(np.mean(inside.to_numpy())),
        gained=float(np.nanmax((pair["raw_now"] - pair["raw"]).to_numpy())),
    )


def _ranks(values: pl.Series) -> NDArray[np.float64]:
    return values.rank("ordinal", descending=True).cast(pl.Float64).to_numpy()


def _kendall(first: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return Kendall's tau of two rankings without ties."""
    signs = np.sign(first[:, None] - first) * np.sign(other[:, None] - other)
    return float(signs.sum() / (len(first) * (len(first) - 1)))
