"""`campus-cloud import`: a CSV or Excel file into a running cloud."""

import argparse
import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud.commands import print_json, token_of
from cloud.errors import SettingsError
from device_profiles.command_line.parser import Commands, add_json
from device_profiles.command_line.texts import Texts

if TYPE_CHECKING:
    import httpx

KINDS = (
    "workbook",
    "schools",
    "rooms",
    "assets",
    "bindings",
    "terms",
    "periods",
    "timetable",
    "holidays",
    "stage_sizes",
    "declarations",
    "tickets",
    "stocktakes",
    "disposals",
    "chemicals",
)
_TIMEOUT_S = 600


def add(commands: Commands) -> None:
    """Add the command."""
    text = commands.text
    command = commands.add(
        "import",
        _import,
        examples=(
            "import workbook ledger.xlsx --dry-run",
            "import assets assets.csv --school 2133100001",
            "import workbook ledger.xlsx --keep-good",
        ),
    )
    command.add_argument("kind", choices=KINDS, help=text("import.kind"))
    command.add_argument("file", type=Path, help=text("import.file"))
    command.add_argument("--url", default="http://127.0.0.1:8090", help=text("import.url"))
    command.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        default=Path("cloud-data/token"),
        help=text("import.token_file"),
    )
    command.add_argument("--school", metavar="CODE", help=text("import.school"))
    command.add_argument("--dry-run", action="store_true", help=text("import.dry_run"))
    command.add_argument("--keep-good", action="store_true", help=text("import.keep_good"))
    command.add_argument("--refused", type=Path, metavar="FILE", help=text("import.refused_to"))
    add_json(command)


def _import(arguments: argparse.Namespace) -> int:
    text: Texts = arguments.text
    token = token_of(arguments.token_file, text)
    query = {"dry_run": str(arguments.dry_run).lower()}
    if arguments.keep_good:
        query["keep_good"] = "true"
    if arguments.school:
        query["school"] = arguments.school
    url = f"{arguments.url.rstrip('/')}/api/v1/imports/{arguments.kind}"
    report = _send_file(url, query, token, arguments.file, text)
    refused = report.get("refused_file")
    if refused:
        target = arguments.refused or arguments.file.with_name(refused["name"])
        _write_refused(target, base64.b64decode(refused.pop("content")), text)
        refused["name"] = str(target)
    is_fine = report["applied"] or (report["dry_run"] and not report["problems"])
    if arguments.json:
        print_json(report)
    else:
        for line in _lines(report, arguments.file.name, text):
            print(line)
    return 0 if is_fine else 1


def _lines(report: dict[str, Any], file: str, text: Texts) -> list[str]:
    lines = []
    for problem in report["problems"]:
        place = text("import.row", sheet=problem["sheet"], row=problem["row"])
        if problem["column"]:
            place += f" {problem['column']}"
        words = problem.get("message", {}).get(text.language, problem["problem"])
        lines.append(text("import.problem", place=place, problem=words))
    lines += [_note_line(note, text) for note in report.get("notes", ())]
    if report.get("refused_file"):
        name, rows = report["refused_file"]["name"], report["refused_rows"]
        lines.append(text("import.rest", file=name, rows=rows))
    names = ("rows", "created", "updated", "unchanged")
    counts = {name: report[name] for name in names}
    summary = text("import.counts", problems=len(report["problems"]), **counts)
    outcome = "refused"
    if report["applied"]:
        outcome = "applied"
    elif report["dry_run"] and not report["problems"]:
        outcome = "would_apply"
    return [*lines, text(f"import.{outcome}", file=file, counts=summary)]


def _note_line(note: dict[str, Any], text: Texts) -> str:
    place = " ".join(part for part in (note["sheet"], note["column"]) if part)
    words = note["message"].get(text.language, note["note"])
    if not note["rows"]:
        return text("import.note", place=place, note=words)
    rows = ", ".join(str(row) for row in note["rows"])
    if note["count"] > len(note["rows"]):
        rows += " …"
    return text("import.note_rows", place=place, note=words, count=note["count"], rows=rows)


def _write_refused(target: Path, content: bytes, text: Texts) -> None:
    try:
        target.write_bytes(content)
    except OSError as error:
        raise SettingsError(text("cannot_write", path=target, reason=error.strerror)) from None


def _send_file(
    url: str, query: dict[str, str], token: str, file: Path, text: Texts
) -> dict[str, Any]:
    """Send a file as a form and return the report, whether it was applied or refused."""
    import httpx

    if not url.startswith(("http://", "https://")):
        raise SettingsError(text("not_http", url=url))
    try:
        with file.open("rb") as content:
            response = httpx.post(
                url,
                params=query,
                files={"file": (file.name, content)},
                headers={"Authorization": f"Bearer {token}"},
                timeout=_TIMEOUT_S,
            )
    except httpx.HTTPError as error:
        raise SettingsError(text("import.no_answer", url=url, reason=error)) from None
    return _report_of(response, url, text)


def _report_of(response: "httpx.Response", url: str, text: Texts) -> dict[str, Any]:
    """Return the report in a response; raise SettingsError for any other refusal."""
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if isinstance(answer, dict) and {"rows", "problems"} <= answer.keys():
        return answer
    reason = None
    if isinstance(answer, dict):
        messages = answer.get("message") or {}
        reason = messages.get(text.language, answer.get("detail"))
    raise SettingsError(
        text(
            "import.refused_with",
            url=url,
            status=response.status_code,
            reason=reason or response.text[:200],
        )
    )
