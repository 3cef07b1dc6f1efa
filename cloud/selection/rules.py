"""The rules of a selection: places, quotas, hard requirements, the order of ties.

YAML -> SelectionRules, every fault as `file:line: key: what`:

    places: 50
    hard: [gates, marks, rules]             # what a school has to pass; coverage it always needs
    min_coverage: 0.85                      # where it is more than the standard requires
    decimals: 2                             # scores that agree in so many are a tie
    tie_break: [use, ledger, coverage]      # more is better; "-pupils": less is better; if left
                                            # out: the dimensions by weight, then coverage
    quotas:
      division: {"331002": {least: 3, most: 8}}
      stage: {KG: {most: 10}}
      urban_rural: {"2": {least: 8}}        # codes that begin with 2
    overrides:
      - {school: "2133100001", decision: out, reason: ..., by: ...}
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from cloud.errors import SettingsError
from cloud.registry.codes.statistics import Stage
from cloud.scoring.standard.attainment import Block
from cloud.scoring.standard.clause import formed
from device_profiles import yaml_tree
from device_profiles.fault_text import model_faults

Hard = Literal["gates", "marks", "rules"]
GROUPS = ("division", "stage", "urban_rural")
Column = Annotated[
    str, formed(r"-?[a-z][a-z0-9]*([_-][a-z0-9]+)*", "use a dimension or coverage, or -pupils")
]


class Quota(Block):
    """How many of a group are selected: at least, at most."""

    least: int = Field(default=0, ge=0)
    most: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> "Quota":
        if self.most is not None and self.least > self.most:
            raise ValueError(f"least {self.least} is more than most {self.most}")
        return self


class Quotas(Block):
    """Quotas of counties, stages and urban or rural types; a code is a prefix."""

    division: dict[str, Quota] = Field(default_factory=dict)
    stage: dict[Stage, Quota] = Field(default_factory=dict)
    urban_rural: dict[str, Quota] = Field(default_factory=dict)


class Override(Block):
    """What a reviewer decided against the rules, and why."""

    school: str = Field(min_length=1)
    decision: Literal["in", "out"]
    reason: str = Field(min_length=2)
    by: str = Field(min_length=1)


class SelectionRules(Block):
    """By which rules schools are selected."""

    places: int = Field(default=50, ge=0, le=1_000_000)
    hard: tuple[Hard, ...] = ("gates", "marks", "rules")
    min_coverage: float | None = Field(default=None, ge=0, le=1)
    decimals: int = Field(default=2, ge=0, le=6)
    tie_break: tuple[Column, ...] | None = None
    quotas: Quotas = Quotas()
    overrides: tuple[Override, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> "SelectionRules":
        for key, names in (
            ("overrides", [override.school for override in self.overrides]),
            ("tie_break", [column.removeprefix("-") for column in self.tie_break or ()]),
            ("hard", [str(kind) for kind in self.hard]),
        ):
            doubled = sorted({name for name in names if names.count(name) > 1})
            if doubled:
                raise ValueError(f"{key}: {', '.join(doubled)} is there twice")
        return self


def load_rules(path: Path) -> SelectionRules:
    """Return the rules in a file; raises SettingsError with one line per fault."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise SettingsError(f"{path.name}:1: not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    return parse_rules(text, path.name)


def parse_rules(text: str, name: str) -> SelectionRules:
    """Return the rules in a text; `name` comes before the line of each fault."""
    tree = yaml_tree.parse(text)
    faults = [f"{name}:{fault.line}: {fault.problem}" for fault in tree.faults]
    if not faults:
        value = {} if tree.value is None else tree.value
        try:
            return SelectionRules.model_validate(_texts(value))
        except ValidationError as error:
            rule_faults = model_faults(tree, name, SelectionRules, error)
            faults = [str(fault) for fault in rule_faults]
    raise SettingsError("\n".join(faults))


def rules_of(value: Mapping[str, Any]) -> SelectionRules:
    """Return rules from JSON; raises SettingsError with one line per fault."""
    try:
        return SelectionRules.model_validate(_texts(value))
    except ValidationError as error:
        tree = yaml_tree.Tree(value, lines=dict.fromkeys(_paths(_texts(value)), 1))
        rule_faults = model_faults(tree, "rules", SelectionRules, error)
        raise SettingsError("\n".join(str(fault) for fault in rule_faults)) from None


def _paths(value: Any, path: yaml_tree.Path = ()) -> Iterator[yaml_tree.Path]:
    yield path
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _paths(inner, (*path, number))


def _texts(value: Any) -> Any:
    """Return rules with the codes of quotas as text, for YAML reads bare ones as numbers."""
    quotas = value.get("quotas") if isinstance(value, Mapping) else None
    if not isinstance(quotas, Mapping):
        return value
    return {
        **value,
        "quotas": {
            group: {str(code): quota for code, quota in codes.items()}
            if isinstance(codes, Mapping)
            else codes
            for group, codes in quotas.items()
        },
    }


def quotas(rules: SelectionRules) -> Sequence[tuple[str, str, Quota]]:
    """Return every quota with its group and its code."""
    rows: list[tuple[str, str, Quota]] = []
    for group in GROUPS:
        by_code: Mapping[str, Quota] = getattr(rules.quotas, group)
        rows += [(group, code, by_code[code]) for code in sorted(by_code)]
    return rows
