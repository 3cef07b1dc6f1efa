"""Schools as a selection sees them, made out of scores; and what things are called. Pure."""

from collections.abc import Mapping, Sequence

import polars as pl

from cloud.localized_text import LocalizedText
from cloud.registry.codes import own, statistics
from cloud.scoring.engine.engine import Scores
from cloud.scoring.standard.attainment import STAGES
from cloud.scoring.standard.standard import TOTAL, Standard

Titles = Mapping[str, LocalizedText]
"""What clauses, dimensions, rules and columns are called."""

COLUMNS: Mapping[str, type[pl.DataType]] = {
    "id": pl.String,
    "name": pl.String,
    "value": pl.Float64,
    "coverage": pl.Float64,
    "division": pl.String,
    "stage": pl.String,
    "urban_rural": pl.String,
}
FAILED: Mapping[str, str] = {
    "gates": "failed_gates",
    "marks": "failed_marks",
    "rules": "failed_rules",
}

_KINDS_OF_PLACE = {
    "1": LocalizedText("城镇", "Urban"),
    "11": LocalizedText("城区", "City"),
    "12": LocalizedText("镇区", "Town"),
    "2": LocalizedText("乡村", "Rural"),
}
_USUAL: Titles = {
    TOTAL: LocalizedText("总分", "total score"),
    "coverage": LocalizedText("证据覆盖率", "evidence coverage"),
    "pupils": LocalizedText("学生数", "pupils"),
    "classes": LocalizedText("班级数", "classes"),
    "teachers": LocalizedText("教师数", "teachers"),
}


def candidates(scores: Scores) -> pl.DataFrame:
    """Return the schools of an assessment: value, coverage, what failed, groups, columns for ties.

    The stage is the highest one that the school's type teaches, as school statistics count mixed
    schools; where the type is unknown the one with the most pupils.
    """
    known = scores.table["school_type"].drop_nulls().unique().to_list()
    highest = {kind: taught[-1] for kind in known if (taught := statistics.stages(kind))}
    by_type = pl.col("school_type").replace_strict(highest, default=None, return_dtype=pl.String)
    sizes = [pl.col(f"pupils_{stage}").fill_null(0) for stage in STAGES]
    largest = pl.concat_list(sizes).list.arg_max()
    by_size = pl.when(pl.max_horizontal(sizes) > 0).then(
        largest.replace_strict(dict(enumerate(STAGES)), default=None, return_dtype=pl.String)
    )
    return (
        scores.table.select(
            "id",
            "name",
            "division",
            "urban_rural",
            pl.when(pl.col("school_type").is_null())
            .then(by_size)
            .otherwise(by_type)
            .alias("stage"),
            "pupils",
            "classes",
            "teachers",
        )
        .join(scores.totals, on="id", maintain_order="left")
        .join(
            scores.dimensions.select("id", *(one.id for one in scores.standard.dimensions)),
            on="id",
            maintain_order="left",
        )
    )


def titles(standard: Standard) -> Titles:
    """Return what a standard calls its clauses, dimensions and rules."""
    return {
        **_USUAL,
        **{one.id: LocalizedText(one.title.zh, one.title.en) for one in standard.dimensions},
        **{one.id: LocalizedText(one.title.zh, one.title.en) for one in standard.rules},
        **{
            one.id: LocalizedText(f"{one.id} {one.title.zh}", f"{one.id} {one.title.en}")
            for one in standard.clauses
        },
    }


def usual_order(standard: Standard) -> Sequence[str]:
    """Return the order of ties where rules give none: dimensions by weight, then coverage."""
    return (*(d.id for d in sorted(standard.dimensions, key=lambda d: -d.weight)), "coverage")


def called(names: Titles, key: str) -> LocalizedText:
    """Return what something is called, its own key where nobody said."""
    return names.get(key) or _USUAL.get(key) or LocalizedText(key, key)


def group_title(group: str, code: str) -> LocalizedText:
    """Return what the group of a quota is called."""
    lists = {
        "division": statistics.DIVISIONS,
        "stage": own.STAGE_CODES,
        "urban_rural": statistics.URBAN_RURAL,
    }
    item = lists[group].find(code)
    if item is not None:
        return LocalizedText(item.zh, item.en)
    if group == "urban_rural" and code in _KINDS_OF_PLACE:
        return _KINDS_OF_PLACE[code]
    what = {
        "division": LocalizedText("县（市、区）", "division"),
        "stage": LocalizedText("学段", "stage"),
        "urban_rural": LocalizedText("城乡类型", "urban or rural type"),
    }[group]
    return LocalizedText(f"{what.zh} {code}", f"{what.en} {code}")
