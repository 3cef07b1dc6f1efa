"""`campus-cloud standard`: what standards there are, what they say, whether a file is right."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.commands import Commands
from cloud.errors import StandardError

if TYPE_CHECKING:
    from cloud.scoring.standard.clause import Clause, Source
    from cloud.scoring.standard.standard import Standard


def add(commands: Commands) -> None:
    """Add the command."""
    standard = commands.add_parser(
        "standard",
        help="list, show, check and compare standards",
        description="A standard is a YAML file, or the id[@date] of one that is shipped; an id "
        "alone is its newest edition.",
    )
    own = standard.add_subparsers(required=True, metavar="COMMAND")
    listing = own.add_parser("list", help="list every edition that is shipped")
    listing.set_defaults(run=_list)
    show = own.add_parser("show", help="show a standard: clauses, thresholds, sources")
    show.add_argument("standard", metavar="FILE|ID")
    show.set_defaults(run=_show)
    check = own.add_parser("check", help="check files; every fault with its line")
    check.add_argument("files", metavar="FILE", nargs="+", type=Path)
    check.set_defaults(run=_check)
    diff = own.add_parser("diff", help="show what a later edition says otherwise")
    diff.add_argument("old", metavar="OLD")
    diff.add_argument("new", metavar="NEW")
    diff.set_defaults(run=_diff)
    schema = own.add_parser("schema", help="print the JSON Schema for editors")
    schema.set_defaults(run=_schema)


def _list(_arguments: argparse.Namespace) -> int:
    from cloud.scoring.standard.standard import editions

    for one in editions():
        print(f"{one.edition}  {one.title.zh} · {one.title.en} ({_size(one)})")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from cloud.scoring.standard.standard import named

    for line in _page(named(arguments.standard)):
        print(line)
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from cloud.scoring.standard.standard import load_standard

    code = 0
    for path in arguments.files:
        try:
            one = load_standard(path)
        except StandardError as error:
            print(error, file=sys.stderr)
            code = 1
        else:
            print(f"{path}: {one.edition}: {_size(one)}")
    return code


def _diff(arguments: argparse.Namespace) -> int:
    from cloud.scoring.standard.diff import differences
    from cloud.scoring.standard.standard import named

    old, new = named(arguments.old), named(arguments.new)
    print("\n".join(differences(old, new) or [f"{old.edition} and {new.edition} say the same"]))
    return 0


def _schema(_arguments: argparse.Namespace) -> int:
    from cloud.scoring.standard.json_schema import standard_schema

    print(json.dumps(standard_schema(), ensure_ascii=False, indent=2))
    return 0


def _size(one: "Standard") -> str:
    return f"{len(one.dimensions)} dimensions, {len(one.clauses)} clauses"


def _page(one: "Standard") -> Iterator[str]:
    yield f"{one.edition}  {one.title.zh} · {one.title.en}"
    yield f"{one.note.zh} {one.note.en}"
    yield ", ".join(_terms(one))
    for dimension in one.dimensions:
        mark = "" if dimension.pass_mark is None else f", pass mark {dimension.pass_mark:g}"
        yield ""
        yield (
            f"{dimension.id}  {dimension.title.zh} · {dimension.title.en} "
            f"(weight {dimension.weight:g}, {dimension.aggregate}{mark})"
        )
        for clause in one.clauses:
            if clause.dimension == dimension.id:
                yield from _clause_lines(clause)
    for rule in one.rules:
        yield ""
        yield (
            f"{rule.id}  {rule.title.zh} · {rule.title.en}: at least {rule.at_least} of "
            f"{', '.join(rule.of)} attain {rule.attained:g}, the others {rule.others_at_least:g}"
        )
        yield from _source(rule.source)
    for variation in one.variation:
        limits = ", ".join(f"{stage} ≤ {most:g}" for stage, most in variation.at_most.items())
        yield ""
        yield (
            f"{variation.id}  {variation.title.zh} · {variation.title.en}: variation of "
            f"{', '.join(variation.clauses)} by {variation.by}: {limits}"
        )
        yield from _source(variation.source)


def _source(source: "Source | None") -> Iterator[str]:
    if source is not None:
        yield f"      {source.title} {source.clause} [{source.confidence}]"


def _terms(one: "Standard") -> Iterator[str]:
    yield f"scale {one.scale:g}"
    yield f"dimensions together: {one.aggregate}"
    yield f"least coverage {one.min_coverage:.0%}"
    if one.declared_cap < 1:
        yield f"declared evidence at most {one.declared_cap:.0%} until confirmed"
    if one.pass_mark is not None:
        yield f"pass mark {one.pass_mark:g}"
    for name, least in one.grades.items():
        yield f"{name} from {least:g}"


def _clause_lines(clause: "Clause") -> Iterator[str]:
    from cloud.scoring.indicators.base import all_indicators

    unit = all_indicators()[clause.indicator].unit
    targets = dict.fromkeys(clause.shape.words(stage, unit) for stage in clause.stages)
    gate = "" if clause.gate is None else f", gate {clause.gate:g}"
    yield f"  {clause.id}  {clause.title.zh} · {clause.title.en}"
    yield (
        f"      {' / '.join(targets)}{gate}; weight {clause.weight:g}; "
        f"{', '.join(clause.stages)}; {clause.indicator} ({clause.data_source})"
    )
    yield from _source(clause.source)
