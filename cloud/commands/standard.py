"""`campus-cloud standard`: what standards there are, what they contain, whether a file is right."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud.commands import print_json
from cloud.errors import StandardError
from device_profiles.command_line.parser import Commands, add_json
from device_profiles.command_line.texts import Texts

if TYPE_CHECKING:
    from cloud.scoring.standard.clause import Clause, Source
    from cloud.scoring.standard.standard import Standard


def add(commands: Commands) -> None:
    """Add the command."""
    text = commands.text
    standard = commands.group("standard")
    listing = standard.add("list", _list, examples=("standard list",))
    show = standard.add(
        "show", _show, examples=("standard show undp-hdi", "standard show undp-hdi@2025-05-06")
    )
    show.add_argument("standard", metavar="FILE|ID", help=text("standard.standard"))
    check = standard.add("check", _check, examples=("standard check our-standard.yaml",))
    check.add_argument("files", metavar="FILE", nargs="+", type=Path, help=text("standard.files"))
    diff = standard.add("diff", _diff, examples=("standard diff undp-hdi our-standard.yaml",))
    diff.add_argument("old", metavar="OLD", help=text("standard.old"))
    diff.add_argument("new", metavar="NEW", help=text("standard.new"))
    standard.add("schema", _schema, examples=("standard schema > standard.schema.json",))
    for command in (listing, show, check, diff):
        add_json(command)


def _list(arguments: argparse.Namespace) -> int:
    from cloud.scoring.standard.standard import editions

    text: Texts = arguments.text
    if arguments.json:
        print_json([_summary(standard) for standard in editions()])
        return 0
    for standard in editions():
        title = f"{standard.title.zh} · {standard.title.en}"
        print(f"{standard.edition}  {title} ({_size(standard, text)})")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from cloud.scoring.standard.standard import named

    standard = named(arguments.standard)
    if arguments.json:
        print_json(standard.model_dump(mode="json", by_alias=True, exclude_none=True))
        return 0
    for line in _page(standard):
        print(line)
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from cloud.scoring.standard.standard import load_standard

    text: Texts = arguments.text
    code = 0
    results = []
    for path in arguments.files:
        try:
            standard = load_standard(path)
        except StandardError as error:
            code = 1
            results.append({"path": path, "errors": str(error).splitlines()})
            if not arguments.json:
                print(error, file=sys.stderr)
        else:
            results.append({"path": path, "errors": [], **_summary(standard)})
            if not arguments.json:
                print(f"{path}: {standard.edition}: {_size(standard, text)}")
    if arguments.json:
        print_json(results)
    return code


def _diff(arguments: argparse.Namespace) -> int:
    from cloud.scoring.standard.diff import differences
    from cloud.scoring.standard.standard import named

    old, new = named(arguments.old), named(arguments.new)
    lines = list(differences(old, new))
    if arguments.json:
        print_json({"old": old.edition, "new": new.edition, "differences": lines})
        return 0
    same = arguments.text("standard.same", old=old.edition, new=new.edition)
    print("\n".join(lines or [same]))
    return 0


def _schema(_: argparse.Namespace) -> int:
    from cloud.scoring.standard.json_schema import standard_schema

    print_json(standard_schema())
    return 0


def _summary(standard: "Standard") -> dict[str, Any]:
    return {
        "edition": standard.edition,
        "title": {"zh": standard.title.zh, "en": standard.title.en},
        "dimensions": len(standard.dimensions),
        "clauses": len(standard.clauses),
    }


def _size(standard: "Standard", text: Texts) -> str:
    return text("standard.size", dimensions=len(standard.dimensions), clauses=len(standard.clauses))


def _page(standard: "Standard") -> Iterator[str]:
    yield f"{standard.edition}  {standard.title.zh} · {standard.title.en}"
    yield f"{standard.note.zh} {standard.note.en}"
    yield ", ".join(_terms(standard))
    for dimension in standard.dimensions:
        mark = "" if dimension.pass_mark is None else f", pass mark {dimension.pass_mark:g}"
        yield ""
        yield (
            f"{dimension.id}  {dimension.title.zh} · {dimension.title.en} "
            f"(weight {dimension.weight:g}, {dimension.aggregate}{mark})"
        )
        for clause in standard.clauses:
            if clause.dimension == dimension.id:
                yield from _clause_lines(clause)
    for rule in standard.rules:
        yield ""
        yield (
            f"{rule.id}  {rule.title.zh} · {rule.title.en}: at least {rule.at_least} of "
            f"{', '.join(rule.of)} attain {rule.attained:g}, the others {rule.others_at_least:g}"
        )
        yield from _source(rule.source)
    for variation in standard.variation:
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


def _terms(standard: "Standard") -> Iterator[str]:
    yield f"scale {standard.scale:g}"
    yield f"dimensions together: {standard.aggregate}"
    yield f"least coverage {standard.min_coverage:.0%}"
    if standard.declared_cap < 1:
        yield f"declared evidence at most {standard.declared_cap:.0%} until confirmed"
    if standard.pass_mark is not None:
        yield f"pass mark {standard.pass_mark:g}"
    for name, least in standard.grades.items():
        yield f"{name} from {least:g}"


def _clause_lines(clause: "Clause") -> Iterator[str]:
    from cloud.scoring.indicators.base import all_indicators

    unit = all_indicators()[clause.indicator].unit
    targets = dict.fromkeys(clause.curve.words(stage, unit) for stage in clause.stages)
    gate = "" if clause.gate is None else f", gate {clause.gate:g}"
    yield f"  {clause.id}  {clause.title.zh} · {clause.title.en}"
    yield (
        f"      {' / '.join(targets)}{gate}; weight {clause.weight:g}; "
        f"{', '.join(clause.stages)}; {clause.indicator} ({clause.data_source})"
    )
    yield from _source(clause.source)
