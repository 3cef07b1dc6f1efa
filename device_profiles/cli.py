"""`campus-profiles`: what devices the catalogue knows, and whether a profile file is right."""

import argparse
import json
import sys
from pathlib import Path

from device_profiles.errors import ProfileError
from device_profiles.json_schema import profile_schema
from device_profiles.loader import CATALOG, Catalogue, check_catalogue, load_catalogue
from device_profiles.pages import example_lines, pages, quantities_page, schema_page
from device_profiles.schema import DeviceProfile
from device_profiles.sentence import address_text, usage_sentence

DONE, FAILED, WRONG_USE = 0, 1, 2


def main(argv: list[str] | None = None) -> int:
    """Run a command; 0 done, 1 failed, 2 wrong use."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except ProfileError as error:
        print(error, file=sys.stderr)
        return FAILED
    except BrokenPipeError:  # `| head` has seen enough
        return DONE
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return FAILED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="campus-profiles", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="list the models")
    listing.add_argument("--category", help="only this category, such as display")
    listing.add_argument("--protocol", choices=["modbus", "mqtt", "ble"])
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.set_defaults(run=_list)

    show = commands.add_parser("show", help="show one model")
    show.add_argument("id", metavar="ID", help="such as eastron-sdm120")
    show.add_argument("--json", action="store_true", help="as JSON, defaults merged in")
    show.set_defaults(run=_show)

    check = commands.add_parser("check", help="check profile files; all errors at once")
    check.add_argument("paths", metavar="PATH", nargs="*", type=Path, help="files or folders")
    check.set_defaults(run=_check)

    schema = commands.add_parser("schema", help="print the JSON Schema for editors")
    schema.set_defaults(run=_schema)

    docs = commands.add_parser("docs", help="write one Markdown page per model and an index")
    docs.add_argument("--out", type=Path, required=True, help="folder of the pages")
    docs.set_defaults(run=_docs)

    for command in (listing, show, docs):
        command.add_argument(
            "--profiles", action="append", default=[], type=Path, help="a further catalogue folder"
        )
    return parser


def _list(arguments: argparse.Namespace) -> int:
    catalogue = load_catalogue(*arguments.profiles)
    categories = sorted({profile.category for profile in catalogue.values()})
    if arguments.category is not None and arguments.category not in categories:
        print(
            f"{arguments.category!r} is not a category; use one of {', '.join(categories)}",
            file=sys.stderr,
        )
        return WRONG_USE
    found = [
        profile
        for profile in catalogue.values()
        if arguments.category in {None, profile.category}
        and arguments.protocol in {None, profile.protocol}
    ]
    if arguments.json:
        keys = {"id", "vendor", "model", "title", "category", "protocol"}
        trees = [{**p.model_dump(include=keys), "grade": p.quality_grade} for p in found]
        print(json.dumps(trees, ensure_ascii=False, indent=2))
        return DONE
    rows = [(p.id, p.category, p.protocol, p.quality_grade, p.title.get("en", "")) for p in found]
    _print_table([("ID", "CATEGORY", "PROTOCOL", "GRADE", "WHAT"), *rows])
    return DONE


def _show(arguments: argparse.Namespace) -> int:
    catalogue = load_catalogue(*arguments.profiles)
    profile = catalogue.get(arguments.id)
    if profile is None:
        near = catalogue.nearest(arguments.id)
        hint = f"did you mean {' or '.join(near)}?" if near else "see `campus-profiles list`"
        print(f"{arguments.id}: no such model; {hint}", file=sys.stderr)
        return FAILED
    if arguments.json:
        print(profile.model_dump_json(by_alias=True, exclude_defaults=True, indent=2))
    else:
        _print_profile(profile, catalogue)
    return DONE


def _print_profile(profile: DeviceProfile, catalogue: Catalogue) -> None:
    print(f"{profile.vendor} {profile.model}  {profile.title.get('zh', '')}")
    print(f"{profile.id}: {profile.category}, {profile.protocol}, {profile.quality_grade}")
    print(f"file: {catalogue.file(profile.id)}")
    print(f"source: {profile.source}\n")
    rows = [(n, p.quantity, p.unit, address_text(p)) for n, p in profile.points.items()]
    _print_table([("POINT", "QUANTITY", "UNIT", "WHERE"), *rows])
    print(f"\n{usage_sentence(profile)}")
    for caveat in profile.caveats:
        print(f"Caveat: {caveat}")
    for example in profile.examples:
        print(f"\nExample, {example.source}")
        for line in example_lines(example):
            print(f"  {line}")


def _check(arguments: argparse.Namespace) -> int:
    paths = [path.resolve() for path in arguments.paths] or [CATALOG]
    is_ours = any(path.is_relative_to(CATALOG) for path in paths)
    # A school's own file must not contradict the catalogue it will be loaded with.
    catalogue, faults = check_catalogue(*([] if is_ours else [CATALOG]), *arguments.paths or paths)
    checked = [id_ for id_ in catalogue if is_ours or CATALOG not in catalogue.file(id_).parents]
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        files = len({fault.path for fault in faults})
        print(f"{_count(len(faults), 'error')} in {_count(files, 'file')}", file=sys.stderr)
        return FAILED
    if not checked:
        print("no profile files found; name a folder that holds .yaml files", file=sys.stderr)
        return FAILED
    print(f"{_count(len(checked), 'profile')}, no errors")
    return DONE


def _schema(_: argparse.Namespace) -> int:
    print(json.dumps(profile_schema(), ensure_ascii=False, indent=2))
    return DONE


def _docs(arguments: argparse.Namespace) -> int:
    catalogue = load_catalogue(*arguments.profiles)
    folder: Path = arguments.out
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages(catalogue)
    for stale in folder.glob("*.md"):
        if stale.name not in wanted:
            stale.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name, text in (
        ("quantities.md", quantities_page()),
        ("profile-schema.md", schema_page()),
    ):
        (folder.parent / name).write_text(text, encoding="utf-8")
    print(f"{_count(len(wanted), 'page')} in {folder}; quantities.md, profile-schema.md beside it")
    return DONE


def _print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


if __name__ == "__main__":
    sys.exit(main())
