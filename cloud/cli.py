"""`campus-cloud`: serve the cloud, import books into a running one, print its API's schema."""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path
from typing import Any

from cloud.commands import add_all
from cloud.errors import CloudError, SettingsError
from cloud.settings import Settings, load

_KINDS = (
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
_IMPORT_TIMEOUT_S = 600


def main(argv: list[str] | None = None) -> int:
    """Run a command; 0 done, 1 failed, 2 wrong use."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except CloudError as error:
        print(f"campus-cloud: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `| head` has seen enough
        return 0
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="campus-cloud",
        description="The cloud of Smart Campus: telemetry, ledger, utilization, scores, web app.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser(
        "serve",
        help="serve the API and the web app",
        description="Serve until stopped. Every setting is also a variable CAMPUS_CLOUD_NAME; "
        "see docs/reference/cloud-settings.md.",
    )
    serve.add_argument("--data", type=Path, help="folder for everything kept (cloud-data)")
    serve.add_argument("--host", help="address to listen on (127.0.0.1)")
    serve.add_argument("--port", type=int, help="port to listen on; 0 is any free one (8090)")
    serve.add_argument("--token-file", type=Path, help="file with the token (DATA/token)")
    serve.add_argument(
        "--log-level",
        default="info",
        choices=["debug", "info", "warning", "error"],
        help="how much to log (info)",
    )
    serve.set_defaults(run=_serve)

    import_ = commands.add_parser(
        "import",
        help="import a CSV or Excel file into a running cloud",
        description="Post a file to a running cloud and print what it did, or would do.",
    )
    import_.add_argument("kind", choices=_KINDS, help="what the file holds")
    import_.add_argument("file", type=Path, help="a .csv or .xlsx file")
    import_.add_argument("--url", default="http://127.0.0.1:8090", help="the cloud's address")
    import_.add_argument(
        "--token-file", type=Path, default=Path("cloud-data/token"), help="file with the token"
    )
    import_.add_argument("--school", help="the school, where the file does not name it")
    import_.add_argument("--dry-run", action="store_true", help="only say what would happen")
    import_.set_defaults(run=_import)

    openapi = commands.add_parser("openapi", help="print the OpenAPI schema of the API")
    openapi.set_defaults(run=_openapi)

    indicators = commands.add_parser("indicators", help="print the reference page of indicators")
    indicators.set_defaults(run=_indicators)
    add_all(commands)
    return parser


def _serve(arguments: argparse.Namespace) -> int:
    from cloud import server  # noqa: PLC0415  `--help` and `import` need no DuckDB

    settings = load(
        os.environ,
        {name: getattr(arguments, name) for name in ("data", "host", "port", "token_file")},
    )
    server.configure_logging(arguments.log_level)
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{settings.data}: cannot make the folder: {error.strerror}") from None
    token_file = settings.token_file or settings.data / "token"
    if not token_file.exists() and settings.token_file is None:
        print(f"a new token is in {token_file}", flush=True)
    asyncio.run(server.serve(settings))
    return 0


def _openapi(_arguments: argparse.Namespace) -> int:
    from cloud.app import create_app  # noqa: PLC0415  `--help` and `import` need no DuckDB

    with tempfile.TemporaryDirectory() as folder:
        schema = create_app(Settings(data=Path(folder))).openapi()
    print(json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True))
    return 0


def _indicators(_arguments: argparse.Namespace) -> int:
    from cloud.scoring.indicators.base import all_indicators  # noqa: PLC0415  `--help` needs no Polars
    from cloud.scoring.indicators.reference_page import indicators_page  # noqa: PLC0415  as above
    from cloud.scoring.standard.standard import editions  # noqa: PLC0415  as above

    print(indicators_page(all_indicators(), editions()), end="")
    return 0


def _import(arguments: argparse.Namespace) -> int:
    try:
        content = arguments.file.read_bytes()
        token = arguments.token_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{error.filename}: {error.strerror}") from None
    query = {"dry_run": str(arguments.dry_run).lower()}
    if arguments.school:
        query["school"] = arguments.school
    url = (
        f"{arguments.url.rstrip('/')}/api/v1/imports/{arguments.kind}"
        f"?{urllib.parse.urlencode(query)}"
    )
    report = _post_file(url, token, arguments.file.name, content)
    for problem in report["problems"]:
        where = f"{problem['sheet']}!row {problem['row']}"
        column = f" {problem['column']}" if problem["column"] else ""
        print(f"{where}{column}: {problem['problem']}")
    what = "applied" if report["applied"] else "would be applied" if _is_fine(report) else "refused"
    print(
        f"{arguments.file.name}: {what}: {report['rows']} rows, {report['created']} new, "
        f"{report['updated']} changed, {report['unchanged']} unchanged, "
        f"{len(report['problems'])} problems"
    )
    return 0 if report["applied"] or _is_fine(report) else 1


def _is_fine(report: dict[str, Any]) -> bool:
    return bool(report["dry_run"]) and not report["problems"]


def _post_file(url: str, token: str, name: str, content: bytes) -> dict[str, Any]:
    """Post a file as a form and return the report, whether it was applied or refused."""
    if not url.startswith(("http://", "https://")):
        raise SettingsError(f"{url}: not an http address; give --url as http://HOST:PORT")
    boundary = uuid.uuid4().hex
    quoted = urllib.parse.quote(name)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"; '
        f"filename*=UTF-8''{quoted}\r\nContent-Type: application/octet-stream\r\n\r\n"
    )
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    request = urllib.request.Request(  # noqa: S310  http or https, checked above
        url,
        data=body,
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": f"multipart/form-data; boundary={boundary}",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=_IMPORT_TIMEOUT_S) as answer:  # noqa: S310  as above
            report: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        return _refusal(error, url)
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise SettingsError(f"{url}: no answer: {reason}; is the cloud running?") from None
    return report


def _refusal(error: urllib.error.HTTPError, url: str) -> dict[str, Any]:
    """Return the report that came with a refusal; raise what else was refused as a sentence."""
    text = error.read().decode(errors="replace")
    try:
        answer: dict[str, Any] = json.loads(text)
    except ValueError:
        raise SettingsError(f"{url}: refused with {error.code}: {text[:200]}") from None
    if "rows" in answer and "problems" in answer:
        return answer
    raise SettingsError(f"refused with {error.code}: {answer.get('detail', text[:200])}")
