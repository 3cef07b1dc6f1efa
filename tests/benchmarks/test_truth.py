"""What a score is worth where the truth is known: errors, loss of data, floors.

The seeds are used for nothing else, so that what they show was not aimed at.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cloud.scoring.engine.school_table import evidence_table
from cloud.selection.rules import SelectionRules
from simulators.city.city import write_city
from tests._parts.small_city import city_options
from tests._parts.true_city import (
    City,
    assessed,
    differences,
    edition,
    errors,
    gathered,
    scores_of,
)
from tests._parts.true_city_loss import WAYS, Loss, books_only, change, scores_after

SCHOOLS, DAYS, SEED = 200, 8, 401
LOST = (0.05, 0.1, 0.2, 0.3)
FLOORS = ("G01", "G02", "H01")
FLOOR_SEEDS, FLOOR_SCHOOLS = (402, 403, 404), 100
RULES = SelectionRules(places=SCHOOLS // 20, hard=())

pytestmark = pytest.mark.benchmark


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    folder = tmp_path_factory.mktemp("truth")
    options = city_options(
        folder / "city", schools=SCHOOLS, days=DAYS, seed=SEED, keeps_true_slots=True
    )
    return assessed(options, folder)


def show(capsys: pytest.CaptureFixture[str], title: str, rows: Iterable[Iterable[object]]) -> None:
    with capsys.disabled():
        print(f"\n{title}")  # noqa: T201  the figures are what a benchmark is for
        for row in rows:
            print("| " + " | ".join(map(str, row)) + " |")  # noqa: T201  as above


def test_the_error_of_each_indicator(city: City, capsys: pytest.CaptureFixture[str]) -> None:
    rows = differences(city.recorded, city.true).join(city.characters, on="id")
    honest = pl.col("character") == "honest"
    for title, some in (
        ("honest schools", rows.filter(honest)),
        ("all others", rows.filter(~honest)),
    ):
        show(capsys, title, map(_error_row, errors(some).iter_rows(named=True)))
    show(
        capsys,
        "found where the truth is known",
        map(_error_row, errors(differences(city.computed, city.true)).iter_rows(named=True)),
    )
    points = pl.concat(
        city.recorded.clauses.select("id", pl.col(f"{clause.id}.points").alias("recorded"))
        .join(city.true.clauses.select("id", pl.col(f"{clause.id}.points").alias("true")), on="id")
        .with_columns(pl.lit(clause.id).alias("clause"))
        for clause in edition().clauses
    ).join(city.characters, on="id")
    lost = (pl.col("recorded").fill_null(0.0) - pl.col("true").fill_null(0.0)).mean()
    by_clause = points.filter(honest).group_by("clause").agg(lost.alias("points")).sort("points")
    show(capsys, "points of honest schools", ([a, f"{b:.2f}"] for a, b in by_clause.iter_rows()))
    kept = change(city.true, city.recorded, RULES)
    show(
        capsys,
        "true ranking and the measured one: tau, rho, selected changed, covered",
        [[f"{kept.tau:.3f}", f"{kept.rho:.3f}", f"{kept.changed:.0%}", f"{kept.covered:.0%}"]],
    )
    ranks = city.recorded.totals.select("id", "raw", "coverage").join(
        city.true.totals.select("id", pl.col("raw").alias("true")), on="id"
    )
    off = pl.col("raw") - pl.col("true")
    scores = (
        ranks.join(city.characters, on="id")
        .group_by("character")
        .agg(
            pl.len().alias("schools"),
            off.mean().alias("bias"),
            off.abs().median().alias("median"),
            off.abs().quantile(0.9).alias("p90"),
            pl.col("coverage").mean(),
        )
        .sort("character")
    )
    show(
        capsys,
        "scores: schools, bias, median, p90 of errors, coverage",
        ([row[0], row[1], *(f"{value:.2f}" for value in row[2:])] for row in scores.iter_rows()),
    )


def _error_row(row: dict[str, float]) -> list[object]:
    figures = [f"{row[name]:.4f}" for name in ("median", "p90", "bias")]
    return [row["clause"], row["indicator"], row["schools"], *figures, f"{row['inside']:.0%}"]


def test_a_ranking_after_loss(
    city: City, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    books = books_only(city.folder, tmp_path / "bare")
    rows = []
    for loss in [Loss("slots", 0.0), *(Loss(way, share) for way in WAYS for share in LOST)]:
        after = scores_after(loss, city.folder, books, tmp_path / "one")
        kept = change(city.recorded, after, RULES)
        assert kept.gained <= 1e-9
        rows.append(
            [
                loss.way,
                f"{loss.share:.0%}",
                f"{kept.tau:.3f}",
                f"{kept.rho:.3f}",
                f"{kept.moved:.0f}",
                f"{kept.changed:.0%}",
                kept.unrated,
                f"{kept.covered:.0%}",
            ]
        )
    show(capsys, "loss, share, tau, rho, ranks moved, selected changed, unrated, covered", rows)


def test_floors_still_distinguish_schools(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = []
    for seed in FLOOR_SEEDS:
        options = city_options(
            tmp_path / f"city-{seed}", schools=FLOOR_SCHOOLS, days=DAYS, seed=seed
        )
        write_city(options)
        measured = gathered(options.folder, tmp_path / f"data-{seed}", first=1)
        clauses = scores_of(evidence_table(edition(), measured)).clauses
        for clause in FLOORS:
            attained = clauses[f"{clause}.attainment"].drop_nulls().to_numpy()
            quarters = np.quantile(attained, (0.1, 0.25, 0.5, 0.75, 0.9))
            none, full = (attained <= 0).mean(), (attained >= 1).mean()
            rows.append([seed, clause, len(attained), f"{none:.0%}", f"{full:.0%}",
                         *(f"{value:.2f}" for value in quarters)])  # fmt: skip
    show(capsys, "seed, clause, schools, nothing, everything, deciles 1, quartiles, 9", rows)
