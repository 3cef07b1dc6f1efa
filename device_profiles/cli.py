"""`campus-profiles`: the device models of the catalogue, and whether a profile file is right."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device_profiles import protocols
from device_profiles.command_line.parser import Commands, add_json
from device_profiles.command_line.program import DONE, FAILED, WRONG_USE, Program
from device_profiles.command_line.table import table
from device_profiles.command_line.texts import Texts
from device_profiles.errors import ProfileError

if TYPE_CHECKING:
    from device_profiles.loader import Catalogue
    from device_profiles.schema import DeviceProfile


def main(argv: list[str] | None = None) -> int:
    """Run a command; 0 done, 1 failed, 2 wrong use."""
    return PROGRAM.main(argv)


def _add(commands: Commands) -> None:
    text = commands.text
    listing = commands.add(
        "list", _list, examples=("list --category display", "list --protocol ble --json")
    )
    listing.add_argument("--category", help=text("list.category"))
    listing.add_argument("--protocol", choices=protocols.names(), help=text("list.protocol"))

    show = commands.add("show", _show, examples=("show eastron-sdm120",))
    show.add_argument("id", metavar="ID", help=text("show.id"))

    check = commands.add("check", _check, examples=("check", "check --play our-profiles"))
    check.add_argument("paths", metavar="PATH", nargs="*", type=Path, help=text("check.paths"))
    check.add_argument("--play", action="store_true", help=text("check.play"))

    learn = commands.add(
        "learn",
        _learn,
        examples=("learn monitor.csv", "learn monitor.csv --profile tasmota-plug --json"),
    )
    learn.add_argument(
        "traces", metavar="TRACE.csv", nargs="+", type=Path, help=text("learn.trace")
    )
    learn.add_argument("--profile", metavar="ID", help=text("learn.profile"))
    learn.add_argument("--column", metavar="NAME", help=text("learn.column"))
    learn.add_argument(
        "--max-gap", metavar="S", type=float, default=600.0, help=text("learn.max_gap")
    )

    headers = commands.add(
        "headers", _headers, examples=("headers campus-lab-instrument --prefix lab > lab.h",)
    )
    headers.add_argument("id", metavar="ID", help=text("show.id"))
    headers.add_argument("--prefix", metavar="NAME", help=text("headers.prefix"))

    commands.add("schema", _schema, examples=("schema > profile.schema.json",))

    docs = commands.add("docs", _docs, examples=("docs --out docs/reference/profiles",))
    docs.add_argument("--out", metavar="DIR", type=Path, required=True, help=text("docs.out"))

    for command in (listing, show, check, learn):
        add_json(command)
    for command in (listing, show, docs, headers, learn):
        command.add_argument(
            "--profiles",
            metavar="DIR",
            action="append",
            default=[],
            type=Path,
            help=text("profiles"),
        )


PROGRAM = Program(
    name="campus-profiles",
    messages=Path(__file__).parent / "messages",
    add=_add,
    errors=(ProfileError,),
)


def _list(arguments: argparse.Namespace) -> int:
    from device_profiles.loader import load_catalogue  # noqa: PLC0415  `--help` needs no schema

    text: Texts = arguments.text
    catalogue = load_catalogue(*arguments.profiles)
    categories = sorted({profile.category for profile in catalogue.values()})
    if arguments.category is not None and arguments.category not in categories:
        problem = text(
            "list.unknown_category",
            category=arguments.category,
            categories=", ".join(categories),
        )
        print(problem, file=sys.stderr)
        return WRONG_USE
    profiles = [
        profile
        for profile in catalogue.values()
        if arguments.category in {None, profile.category}
        and arguments.protocol in {None, profile.protocol}
    ]
    if arguments.json:
        keys = {"id", "vendor", "model", "title", "category", "protocol"}
        _print_json([{**p.model_dump(include=keys), "grade": p.quality_grade} for p in profiles])
        return DONE
    head = [text(f"list.head.{name}") for name in ("id", "category", "protocol", "grade", "what")]
    rows = [
        (p.id, p.category, p.protocol, p.quality_grade, _title(p, text.language)) for p in profiles
    ]
    _print_table([head, *rows])
    return DONE


def _title(profile: "DeviceProfile", language: str) -> str:
    titles = {str(name): title for name, title in profile.title.items()}
    return titles.get(language, "")


def _show(arguments: argparse.Namespace) -> int:
    from device_profiles.loader import load_catalogue  # noqa: PLC0415  as in _list

    text: Texts = arguments.text
    catalogue = load_catalogue(*arguments.profiles)
    profile = _named(arguments.id, catalogue, text)
    if profile is None:
        return FAILED
    if arguments.json:
        print(profile.model_dump_json(by_alias=True, exclude_defaults=True, indent=2))
    else:
        _print_profile(profile, catalogue, text)
    return DONE


def _named(profile_id: str, catalogue: "Catalogue", text: Texts) -> "DeviceProfile | None":
    """Return a profile; without one, None, and the nearest ids are printed."""
    profile = catalogue.get(profile_id)
    if profile is None:
        models = text("show.or").join(catalogue.nearest(profile_id))
        key = "show.near" if models else "show.unknown"
        print(text(key, id=profile_id, models=models), file=sys.stderr)
    return profile


def _print_profile(profile: "DeviceProfile", catalogue: "Catalogue", text: Texts) -> None:
    from device_profiles.pages import example_lines  # noqa: PLC0415  as in _list
    from device_profiles.protocol import protocol_of  # noqa: PLC0415  as in _list
    from device_profiles.sentence import usage_sentence  # noqa: PLC0415  as in _list

    identity = text(
        "show.identity",
        id=profile.id,
        category=profile.category,
        protocol=profile.protocol,
        grade=profile.quality_grade,
    )
    print(f"{profile.vendor} {profile.model}  {profile.title.get('zh', '')}")
    print(identity)
    print(text("show.file", file=catalogue.file(profile.id)))
    print(text("show.source", source=profile.source) + "\n")
    head = [text(f"show.head.{name}") for name in ("point", "quantity", "unit", "where")]
    spec = protocol_of(profile)
    rows = [(n, p.quantity, p.unit, spec.address_text(p)) for n, p in profile.points.items()]
    _print_table([head, *rows])
    print(f"\n{usage_sentence(profile)}")
    for caveat in profile.caveats:
        print(text("show.caveat", caveat=caveat))
    for example in profile.examples:
        print("\n" + text("show.example", source=example.source))
        for line in example_lines(profile, example):
            print(f"  {line}")


def _check(arguments: argparse.Namespace) -> int:
    from device_profiles.check import check  # noqa: PLC0415  as in _list
    from device_profiles.play import installed_ends  # noqa: PLC0415  as in _list

    text: Texts = arguments.text
    ends = installed_ends() if arguments.play else None
    _, checked, faults = check(*arguments.paths, ends=ends)
    if arguments.json:
        _print_json({"profiles": checked, "errors": [_fault_tree(fault) for fault in faults]})
        return FAILED if faults or not checked else DONE
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        errors = text.count("error", len(faults))
        files = text.count("file", len({fault.path for fault in faults}))
        print(text("check.failed", errors=errors, files=files), file=sys.stderr)
        return FAILED
    if not checked:
        print(text("check.none"), file=sys.stderr)
        return FAILED
    done = "check.played" if arguments.play else "check.done"
    print(text(done, profiles=text.count("profile", len(checked))))
    return DONE


def _fault_tree(fault: ProfileError) -> dict[str, Any]:
    return {"path": fault.path, "line": fault.line, "key": fault.key, "problem": fault.problem}


def _learn(arguments: argparse.Namespace) -> int:
    from device_profiles.learn import learn_traces, learned_tree  # noqa: PLC0415  as in _list

    text: Texts = arguments.text
    rule = None
    if arguments.profile is not None:
        from device_profiles.loader import load_catalogue  # noqa: PLC0415  as in _list

        profile = load_catalogue(*arguments.profiles).get(arguments.profile)
        if profile is None:
            print(text("show.unknown", id=arguments.profile), file=sys.stderr)
            return FAILED
        rule = profile.usage
    learned = learn_traces(arguments.traces, arguments.max_gap, arguments.column)
    tree = learned_tree(learned, rule)
    if arguments.json:
        _print_json(tree)
        return DONE
    if learned.levels:
        head = [text(f"learn.head.{name}") for name in ("level", "watts", "median", "share")]
        rows = [
            (
                text(f"learn.state.{level.state}"),
                f"{level.low:g}-{level.high:g} W",
                f"{level.median:g} W",
                f"{100 * level.share:.1f} %",
            )
            for level in learned.levels
        ]
        _print_table([head, *rows])
        print()
    print(text(f"learn.outcome.{learned.outcome}", hours=f"{learned.observed_s / 3600:.1f}"))
    if learned.active_above is not None and learned.standby_above is not None:
        proposal = (
            f"{{active_above: {learned.active_above:g}, standby_above: {learned.standby_above:g}}}"
        )
        print(text("learn.proposal", rule=proposal))
    if rule is not None:
        print(text(f"learn.fit.{tree['rule_fit']}", profile=arguments.profile))
    return DONE


def _headers(arguments: argparse.Namespace) -> int:
    from device_profiles.c_header import PREFIX, c_header  # noqa: PLC0415  as in _list
    from device_profiles.loader import load_catalogue  # noqa: PLC0415  as in _list

    text: Texts = arguments.text
    prefix: str | None = arguments.prefix
    if prefix is not None and PREFIX.fullmatch(prefix) is None:
        print(text("headers.wrong_prefix", prefix=prefix), file=sys.stderr)
        return WRONG_USE
    profile = _named(arguments.id, load_catalogue(*arguments.profiles), text)
    if profile is None:
        return FAILED
    print(c_header(profile, prefix), end="")
    return DONE


def _schema(_: argparse.Namespace) -> int:
    from device_profiles.json_schema import profile_schema  # noqa: PLC0415  as in _list

    _print_json(profile_schema())
    return DONE


def _docs(arguments: argparse.Namespace) -> int:
    from device_profiles.loader import load_catalogue  # noqa: PLC0415  as in _list
    from device_profiles.pages import (  # noqa: PLC0415  as above
        devices_page,
        pages,
        quantities_page,
        schema_page,
    )

    text: Texts = arguments.text
    catalogue = load_catalogue(*arguments.profiles)
    folder: Path = arguments.out
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages(catalogue)
    for stale in folder.glob("*.md"):
        if stale.name not in wanted:
            stale.unlink()
    for name, page in wanted.items():
        (folder / name).write_text(page, encoding="utf-8")
    for name, page in (
        ("devices.md", devices_page(catalogue)),
        ("quantities.md", quantities_page(catalogue.quantities)),
        ("profile-schema.md", schema_page()),
    ):
        (folder.parent / name).write_text(page, encoding="utf-8")
    print(text("docs.done", pages=text.count("page", len(wanted)), folder=folder))
    return DONE


def _print_json(tree: Any) -> None:
    print(json.dumps(tree, ensure_ascii=False, indent=2))


def _print_table(rows: list[Any]) -> None:
    for line in table(rows):
        print(line)


if __name__ == "__main__":
    sys.exit(main())
