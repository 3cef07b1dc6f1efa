"""The schools of a selection in their published order, and what the rules make of each. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from cloud.errors import SettingsError
from cloud.scoring.standard.clause import hint
from cloud.selection.candidates import FAILED
from cloud.selection.optimizer import Flags, Limit, SelectionProblem, Whole
from cloud.selection.rules import Quota, SelectionRules, quotas

_NEEDED = ("id", "value", "coverage")


@dataclass(frozen=True, slots=True)
class Group:
    """A quota; its id is `group:code`."""

    group: str
    code: str
    quota: Quota

    @property
    def id(self) -> str:
        """The quota's own code."""
        return f"{self.group}:{self.code}"


@dataclass(frozen=True, slots=True)
class RankedPool:
    """Schools by published order; a number is a school's place in it.

    `values` are scores in units of the last decimal that counts, 0 where there is none. `ranks`
    are those of the scores: schools with the same one share the best of their ranks (1, 2, 2, 4).
    `ties` is the order that would hold, had all the same score.
    """

    schools: tuple[str, ...]
    names: tuple[str, ...]
    values: Whole
    rated: Flags
    ranks: Whole
    ties: Whole
    coverage: tuple[float | None, ...]
    failed: tuple[Mapping[str, Sequence[str]], ...]
    marks_without_data: tuple[Collection[str], ...]
    """Of each school the pass marks that it misses only for lack of data."""
    columns: Mapping[str, Sequence[Any]]
    groups: tuple[Group, ...]
    problem: SelectionProblem
    decimals: int

    @property
    def eligible(self) -> int:
        """How many may be selected by what is hard."""
        return int(self.problem.able.sum())

    def shown(self, value: int) -> str:
        """Return a score as it is published."""
        return f"{value / 10**self.decimals:.{self.decimals}f}"

    def key(self, number: int, value: int | None = None) -> tuple[int, int]:
        """Return what a school is ordered by, as it is or with another score."""
        score = int(self.values[number]) if value is None else value
        return -score, int(self.ties[number])


def ranked_pool(candidates: pl.DataFrame, rules: SelectionRules) -> RankedPool:
    """Return the schools in order; raises SettingsError for what rules name and is not there."""
    _check(candidates, rules)
    frame = _ordered(candidates, rules)
    size = frame.height
    rated = frame["value"].is_not_null().to_numpy()
    covered = rated.copy()
    if rules.min_coverage is not None:
        enough = frame["coverage"].fill_null(0.0) >= rules.min_coverage - 1e-12
        covered &= enough.to_numpy()
    failed = _failed(frame, rules)
    able = covered & np.fromiter((not reasons for reasons in failed), np.bool_, size)
    groups = tuple(Group(group, code, quota) for group, code, quota in quotas(rules))
    schools = tuple(frame["id"].to_list())
    number = {school: at for at, school in enumerate(schools)}
    decided = {
        way: frozenset(
            number[override.school] for override in rules.overrides if override.decision == way
        )
        for way in ("in", "out")
    }
    problem = SelectionProblem(
        values=frame["units"].to_numpy().astype(np.int64),
        able=able,
        places=rules.places,
        limits=tuple(
            Limit(_members(frame, group), group.quota.least, group.quota.most) for group in groups
        ),
        inside=decided["in"],
        outside=decided["out"],
    )
    names = frame["name"].fill_null("").to_list() if "name" in frame.columns else [""] * size
    return RankedPool(
        schools=schools,
        names=tuple(name or school for name, school in zip(names, schools, strict=True)),
        values=problem.values,
        rated=rated,
        ranks=1 + np.searchsorted(-problem.values[rated], -problem.values).astype(np.int64),
        ties=frame["tie"].to_numpy().astype(np.int64),
        coverage=tuple(frame["coverage"].to_list()),
        failed=tuple(
            {**({} if seen else {"coverage": ()}), **reasons}
            for seen, reasons in zip(covered.tolist(), failed, strict=True)
        ),
        marks_without_data=_marks_without_data(frame),
        columns={name: frame[name].to_list() for name in _tie_columns(rules)},
        groups=groups,
        problem=problem,
        decimals=rules.decimals,
    )


def _check(candidates: pl.DataFrame, rules: SelectionRules) -> None:
    known = candidates.columns
    for name in (*_NEEDED, *_tie_columns(rules)):
        if name not in known:
            numbers = [c.name for c in candidates if c.dtype.is_numeric()]
            raise SettingsError(f"tie_break: no column {name!r}; {hint(name, numbers)}")
        kind = candidates[name].dtype
        if name != "id" and not kind.is_numeric() and kind != pl.Null:
            raise SettingsError(f"tie_break: {name} is no number")
    there = set(candidates["id"])
    for number, override in enumerate(rules.overrides):
        if override.school not in there:
            raise SettingsError(
                f"overrides.{number}.school: {override.school} is not among the schools assessed"
            )


def _tie_columns(rules: SelectionRules) -> tuple[str, ...]:
    order = ("coverage",) if rules.tie_break is None else rules.tie_break
    return tuple(name.removeprefix("-") for name in order)


def published_units(score: pl.Expr, decimals: int) -> pl.Expr:
    """Return scores as they are published, cut, in units of the last decimal that counts."""
    scale: int = 10**decimals
    return (score * scale + 1e-6).floor()


def _ordered(candidates: pl.DataFrame, rules: SelectionRules) -> pl.DataFrame:
    order = ("coverage",) if rules.tie_break is None else rules.tie_break
    more = [f"tie:{name}" for name in order]
    units = published_units(pl.col("value"), rules.decimals).fill_null(0)
    return (
        candidates.with_columns(
            pl.col(name.removeprefix("-")).round(9).alias(f"tie:{name}") for name in order
        )
        .sort(*more, "id", descending=[*(name[0] != "-" for name in order), False], nulls_last=True)
        .with_row_index("tie")
        .with_columns(units.cast(pl.Int64).alias("units"), pl.col("value").is_null().alias("none"))
        .sort("none", "units", "tie", descending=[False, True, False])
    )


def _failed(frame: pl.DataFrame, rules: SelectionRules) -> list[dict[str, Sequence[str]]]:
    """Return of each school what it fails of what is hard."""
    failed: list[dict[str, Sequence[str]]] = [{} for _ in range(frame.height)]
    for kind in rules.hard:
        if FAILED[kind] in frame.columns:
            for number, names in enumerate(frame[FAILED[kind]].to_list()):
                if names:
                    failed[number][kind] = tuple(names)
    return failed


def _marks_without_data(frame: pl.DataFrame) -> tuple[Collection[str], ...]:
    if "marks_without_data" not in frame.columns:
        return ((),) * frame.height
    return tuple(tuple(names or ()) for names in frame["marks_without_data"].to_list())


def _members(frame: pl.DataFrame, group: Group) -> Flags:
    if group.group not in frame.columns:
        return np.zeros(frame.height, np.bool_)
    codes = frame[group.group].cast(pl.String)
    there = codes.eq(group.code) if group.group == "stage" else codes.str.starts_with(group.code)
    members: Flags = there.fill_null(value=False).to_numpy().astype(np.bool_)
    return members
