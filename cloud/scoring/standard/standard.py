"""An equipment standard as data: YAML -> Standard, every fault as `file:line: key: what`.

One dated file per edition, `standards/<id>/<effective-date>.yaml`. A clause names its
indicator, its thresholds, its stages, the source of the thresholds and how sure we are of it.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from cloud.errors import StandardError
from cloud.scoring.standard.attainment import STAGES, Band, Block, Linear, Stage
from cloud.scoring.standard.clause import (
    Aggregate,
    Clause,
    Dimension,
    Rule,
    Share,
    Titles,
    Variation,
    formed,
    hint,
)
from device_profiles import yaml_tree
from device_profiles.errors import ProfileError
from device_profiles.fault_text import model_faults

__all__ = [
    "STAGES",
    "Band",
    "Clause",
    "Dimension",
    "Linear",
    "Rule",
    "Stage",
    "Standard",
    "Variation",
    "editions",
    "in_force",
    "load_standard",
    "named",
    "parse_standard",
    "standard_file",
]

TOTAL = "total"
"""What a pass mark of the whole is called where it is missed."""
_RESERVED = ("id", "score", "coverage", TOTAL)
_FOLDER = Path(__file__).parents[1] / "standards"


class Standard(Block):
    """One edition of a standard."""

    id: Annotated[str, formed(r"[a-z0-9]+(-[a-z0-9]+)*", "use a-z, 0-9 and single dashes")]
    effective: date
    title: Titles
    note: Titles
    scale: float = Field(default=100, gt=0, description="The most that a score can be.")
    min_coverage: float = Field(ge=0, le=1)
    declared_cap: Share = Field(
        default=1.0, description="The most that declared evidence attains until it is confirmed."
    )
    aggregate: Aggregate = Field(
        default="arithmetic", description="How the dimensions become the score."
    )
    pass_mark: float | None = Field(default=None, ge=0, description="Least score, of `scale`.")
    grades: dict[str, float] = Field(default_factory=dict, description="Least score of each.")
    dimensions: tuple[Dimension, ...] = Field(min_length=1)
    clauses: tuple[Clause, ...] = Field(min_length=1)
    rules: tuple[Rule, ...] = ()
    variation: tuple[Variation, ...] = ()

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
        ids = [clause.id for clause in self.clauses]
        for key, listed in (
            ("dimensions", names),
            ("clauses", ids),
            ("rules", [rule.id for rule in self.rules]),
            ("variation", [limit.id for limit in self.variation]),
        ):
            doubled = sorted({name for name in listed if listed.count(name) > 1})
            if doubled:
                raise ValueError(f"{key}: {', '.join(doubled)} is there twice")
        for number, clause in enumerate(self.clauses):
            if clause.dimension not in names:
                raise ValueError(
                    f"clauses.{number}.dimension: {clause.dimension!r} does not exist; "
                    f"use one of {', '.join(names)}"
                )
        empty = [name for name in names if not any(c.dimension == name for c in self.clauses)]
        if empty:
            raise ValueError(f"dimensions: {', '.join(empty)} has no clause")
        faults = [*self._beyond_the_scale(), *self._strange_clauses(ids)]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def _beyond_the_scale(self) -> Iterator[str]:
        marks = [("pass_mark", self.pass_mark)]
        marks += [(f"dimensions.{n}.pass_mark", d.pass_mark) for n, d in enumerate(self.dimensions)]
        marks += [(f"grades.{name}", least) for name, least in self.grades.items()]
        for key, mark in marks:
            if mark is not None and not 0 <= mark <= self.scale:
                yield f"{key}: got {mark:g}, expected 0 to {self.scale:g} (`scale`)"
        for number, dimension in enumerate(self.dimensions):
            if dimension.id in _RESERVED:
                yield f"dimensions.{number}.id: {dimension.id} means something else in tables"
        if len(set(self.grades.values())) < len(self.grades):
            yield "grades: two begin at the same score"

    def _strange_clauses(self, ids: Sequence[str]) -> Iterator[str]:
        lists = [(f"rules.{n}.of", rule.of) for n, rule in enumerate(self.rules)]
        lists += [
            (f"variation.{n}.clauses", limit.clauses) for n, limit in enumerate(self.variation)
        ]
        for key, listed in lists:
            for name in dict.fromkeys(listed):
                if name not in ids:
                    yield f"{key}: clause {name!r} does not exist; {hint(name, ids)}"
                elif listed.count(name) > 1:
                    yield f"{key}: {name} is there twice"
        for number, rule in enumerate(self.rules):
            if rule.at_least > len(rule.of):
                yield f"rules.{number}.at_least: got {rule.at_least} of {len(rule.of)} clauses"


def load_standard(path: Path) -> Standard:
    """Return the standard in a file; raises StandardError with one line per fault."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise StandardError(f"{path.name}:1: not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise StandardError(f"{path}: cannot be read: {error.strerror}") from None
    return parse_standard(text, path.name)


def parse_standard(text: str, name: str) -> Standard:
    """Return the standard in a text; each fault begins with `name` and its line."""
    tree = yaml_tree.parse(text)
    faults = [f"{name}:{fault.line}: {fault.problem}" for fault in tree.faults]
    if not faults:
        try:
            return Standard.model_validate(tree.value)
        except ValidationError as error:
            faults = [
                line
                for fault in model_faults(tree, name, Standard, error)
                for line in _lines(tree, fault)
            ]
    raise StandardError("\n".join(faults))


def standard_file(edition: str, folder: Path = _FOLDER) -> Path | None:
    """Return the file shipped for `id@date`, of the newest edition for an `id`; None for none."""
    name, _, day = edition.partition("@")
    paths = [
        path
        for path in sorted(folder.glob("*/*.yaml"))
        if path.parent.name == name and day in {"", path.stem}
    ]
    return paths[-1] if paths else None


def named(standard: str) -> Standard:
    """Return the standard in a file, or the shipped one of an `id` or `id@date`."""
    shipped = standard_file(standard)
    path = Path(standard)
    if shipped is not None and not path.is_file():
        return load_standard(shipped)
    if shipped is None and not path.is_file() and path.suffix not in {".yaml", ".yml"}:
        known = ", ".join(sorted({file.parent.name for file in _FOLDER.glob("*/*.yaml")}))
        raise StandardError(f"{standard}: neither a file nor a standard that is shipped: {known}")
    return load_standard(path)


def editions(folder: Path = _FOLDER) -> list[Standard]:
    """Return every edition shipped, by id and date; files are named `<id>/<date>.yaml`."""
    standards = []
    for path in sorted(folder.glob("*/*.yaml")):
        standard = load_standard(path)
        named = f"{path.parent.name}@{path.stem}"
        if standard.edition != named:
            raise StandardError(f"{path.name}:1: is {standard.edition}, but filed as {named}")
        standards.append(standard)
    return standards


def in_force(standards: Sequence[Standard], name: str, day: date) -> Standard | None:
    """Return the edition of a standard that is in force on a day; None before the first."""
    dated = [
        standard for standard in standards if standard.id == name and standard.effective <= day
    ]
    return max(dated, key=lambda standard: standard.effective, default=None)


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
