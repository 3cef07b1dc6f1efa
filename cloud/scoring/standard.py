"""An equipment standard as data: YAML -> Standard, every fault as `file:line: key: what`.

One dated file per edition, `standards/<id>/<effective-date>.yaml`. A clause says which indicator
it asks, with which thresholds, for which stages, where that is written and how sure we are of it.
"""

import re
from collections.abc import Collection, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from cloud.errors import StandardError
from cloud.scoring.indicator import all_indicators
from device_profiles import yaml_tree
from device_profiles.errors import ProfileError
from device_profiles.loader import model_faults

Stage = Literal["KG", "PRI", "JUN", "SEN"]
STAGES: tuple[Stage, ...] = ("KG", "PRI", "JUN", "SEN")
ByStage = float | dict[Stage, float]
_FOLDER = Path(__file__).parent / "standards"


def _formed(pattern: str, words: str) -> AfterValidator:
    """Return a validator that says in words what form a text has to have."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"{value!r} has the wrong form; {words}")
        return value

    return AfterValidator(check)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Titles(_Model):
    """The same thing in Chinese and in English."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Source(_Model):
    """Where a threshold stands, and how sure we are that it stands there."""

    title: str = Field(min_length=2)
    clause: str = ""
    confidence: Annotated[
        str,
        _formed(
            r"(VERIFIED-[ABC]|MEMORY \((high|medium|low)\)|project default)(?![\w-]).*",
            "begin with VERIFIED-A, -B or -C, MEMORY (high), (medium) or (low), or project default",
        ),
    ]


class Dimension(_Model):
    """A part of the standard; the weights of all add up to 100."""

    id: str
    title: Titles
    weight: float = Field(gt=0, le=100)


class Linear(_Model):
    """Attainment 0 at the floor and below, 1 at the target and above, linear between."""

    floor: ByStage = 0.0
    target: ByStage

    @model_validator(mode="after")
    def _in_order(self) -> "Linear":
        for stage in STAGES:
            if self.knows(stage) and _at(self.floor, stage) >= _at(self.target, stage):
                raise ValueError("need floor < target")
        return self

    def attainment(self, measured: float, stage: Stage) -> float:
        """Return 0 to 1."""
        floor, target = _at(self.floor, stage), _at(self.target, stage)
        return min(1.0, max(0.0, (measured - floor) / (target - floor)))

    def words(self, stage: Stage, unit: str = "") -> str:
        """Return the threshold as people write it."""
        return f"≥ {_shown(_at(self.target, stage), unit)}"

    def knows(self, stage: Stage) -> bool:
        """Whether there is a threshold for the stage."""
        return _knows(self.target, stage) and _knows(self.floor, stage)


class Band(_Model):
    """Attainment 1 between `low` and `high`, falling to 0 at `low_floor` and at `high_ceiling`."""

    low_floor: float = 0.0
    low: float
    high: float
    high_ceiling: float

    @model_validator(mode="after")
    def _in_order(self) -> "Band":
        if not self.low_floor <= self.low <= self.high <= self.high_ceiling:
            raise ValueError("need low_floor <= low <= high <= high_ceiling")
        return self

    def attainment(self, measured: float, _stage: Stage) -> float:
        """Return 0 to 1."""
        if measured < self.low:
            width = self.low - self.low_floor
            return max(0.0, (measured - self.low_floor) / width) if width else 0.0
        if measured > self.high:
            width = self.high_ceiling - self.high
            return max(0.0, (self.high_ceiling - measured) / width) if width else 0.0
        return 1.0

    def words(self, _stage: Stage, unit: str = "") -> str:
        """Return the band as people write it."""
        return f"{_shown(self.low, unit)}–{_shown(self.high, unit)}"

    def knows(self, _stage: Stage) -> bool:
        """Say yes: a band holds for every stage."""
        return True


class Clause(_Model):
    """One thing the standard asks for."""

    id: Annotated[str, _formed(r"[A-Z]\d{2}", "use a letter and two digits, such as A08")]
    title: Titles
    dimension: str
    weight: float = Field(gt=0)
    stages: tuple[Stage, ...] = Field(default=STAGES, min_length=1)
    min_classes: int = Field(default=0, ge=0, description="Smaller schools: not applicable.")
    indicator: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    linear: Linear | None = None
    band: Band | None = None
    data_source: Literal["telemetry", "ledger", "declared"]
    source: Source
    remedy: Titles

    @model_validator(mode="after")
    def _whole(self) -> "Clause":
        if (self.linear is None) == (self.band is None):
            raise ValueError("give either linear (floor, target) or band (low, high)")
        known = all_indicators()
        if self.indicator not in known:
            raise ValueError(
                f"indicator: {self.indicator!r} does not exist; {_hint(self.indicator, known)}"
            )
        problems = known[self.indicator].problems(self.parameters)
        if problems:
            raise ValueError("\n".join(f"parameters.{problem}" for problem in problems))
        if self.band and not known[self.indicator].bands:
            raise ValueError(
                f"band: {self.indicator} does not bound what nobody saw, so a sensor switched off "
                "could raise the score; use linear"
            )
        for stage in self.stages:
            if not self.shape.knows(stage):
                key = "linear" if self.linear else "band"
                raise ValueError(f"{key}: no threshold for stage {stage}, to which it applies")
        return self

    @property
    def shape(self) -> Linear | Band:
        """How what is measured becomes attainment."""
        return cast("Linear | Band", self.linear or self.band)


class Standard(_Model):
    """One edition of a standard."""

    id: Annotated[str, _formed(r"[a-z0-9]+(-[a-z0-9]+)*", "use a-z, 0-9 and single dashes")]
    effective: date
    title: Titles
    note: Titles
    min_coverage: float = Field(ge=0, le=1)
    dimensions: tuple[Dimension, ...] = Field(min_length=1)
    clauses: tuple[Clause, ...] = Field(min_length=1)

    @property
    def edition(self) -> str:
        """What a score is filed under: id@effective date."""
        return f"{self.id}@{self.effective.isoformat()}"

    @model_validator(mode="after")
    def _consistent(self) -> "Standard":
        names = [dimension.id for dimension in self.dimensions]
        total = sum(dimension.weight for dimension in self.dimensions)
        if abs(total - 100) > 1e-9:
            raise ValueError(f"dimensions: the weights add up to {total:g}, expected 100")
        for key, found in (("dimensions", names), ("clauses", [c.id for c in self.clauses])):
            doubled = sorted({one for one in found if found.count(one) > 1})
            if doubled:
                raise ValueError(f"{key}: {', '.join(doubled)} stands there twice")
        for number, clause in enumerate(self.clauses):
            if clause.dimension not in names:
                raise ValueError(
                    f"clauses.{number}.dimension: {clause.dimension!r} does not exist; "
                    f"use one of {', '.join(names)}"
                )
        empty = [name for name in names if not any(c.dimension == name for c in self.clauses)]
        if empty:
            raise ValueError(f"dimensions: {', '.join(empty)} has no clause")
        return self


def load_standard(path: Path) -> Standard:
    """Return the standard in a file; raises StandardError with one line per fault."""
    try:
        tree = yaml_tree.parse(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise StandardError(f"{path.name}:1: not UTF-8 text; save it as UTF-8") from None
    faults = [f"{path.name}:{fault.line}: {fault.problem}" for fault in tree.faults]
    if not faults:
        try:
            return Standard.model_validate(tree.value)
        except ValidationError as error:
            found = model_faults(tree, path.name, Standard, error)
            faults = [line for fault in found for line in _lines(tree, fault)]
    raise StandardError("\n".join(faults))


def editions(folder: Path = _FOLDER) -> list[Standard]:
    """Return every edition shipped, by id and date; files are named `<id>/<date>.yaml`."""
    found = []
    for path in sorted(folder.glob("*/*.yaml")):
        one = load_standard(path)
        named = f"{path.parent.name}@{path.stem}"
        if one.edition != named:
            raise StandardError(f"{path.name}:1: is {one.edition}, but filed as {named}")
        found.append(one)
    return found


def in_force(standards: Sequence[Standard], name: str, day: date) -> Standard | None:
    """Return the edition of a standard that is in force on a day; None before the first."""
    dated = [one for one in standards if one.id == name and one.effective <= day]
    return max(dated, key=lambda one: one.effective, default=None)


def _lines(tree: yaml_tree.Tree, fault: ProfileError) -> list[str]:
    """Return a fault as lines; where its text begins with a key of the file, as that key's."""
    shown = []
    for text in fault.problem.splitlines():
        head, _, rest = text.partition(": ")
        dotted = f"{fault.key}.{head}".strip(".")
        path = tuple(int(part) if part.isdecimal() else part for part in dotted.split("."))
        if rest and path in tree.lines:
            sharp = ProfileError(rest, path=fault.path, line=tree.line(path), key=dotted)
            shown.append(str(sharp))
        else:
            shown.append(str(ProfileError(text, path=fault.path, line=fault.line, key=fault.key)))
    return shown


def _hint(word: str, known: Collection[str]) -> str:
    near = get_close_matches(word, known, 1)
    return f"did you mean {near[0]}?" if near else f"use one of {', '.join(known)}"


def _knows(value: ByStage, stage: Stage) -> bool:
    return not isinstance(value, dict) or stage in value


def _at(value: ByStage, stage: Stage) -> float:
    return value[stage] if isinstance(value, dict) else value


def _shown(value: float, unit: str) -> str:
    return f"{100 * value:g}%" if unit == "%" else f"{value:g}"
