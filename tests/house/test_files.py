"""What every committed file keeps to."""

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests._parts.tree import ROOT, committed, text_of

LINES = 500
LONG_WITH_REASON = {
    "cloud/messages/en.yaml": "one language is one file",
    "cloud/messages/zh.yaml": "one language is one file",
    "cloud/registry/store.py": "one store of the registry, its questions in one order",
    "cloud/scoring/standards/taizhou-smart-management/2026-11-01.yaml": "one edition is one file",
    "cloud/web/src/i18n/messages/en.ts": "one language is one file",
    "cloud/web/src/i18n/messages/zh.ts": "one language is one file",
    "device_profiles/usage.py": "one state machine with its invariants; halves mean nothing",
    "edge/drivers/modbus/driver.py": "one bus: its turns, its misses, and what it learned",
    "tests/cloud/assessments/format1/as_shown.json": "what a record of format 1 showed, as it was",
    "tests/contracts/test_store.py": "one contract is one suite",
    "tests/device_profiles/test_usage.py": "one state machine is one suite",
}
GENERATED = {
    "cloud/web/package-lock.json",
    "cloud/web/src/api/schema.d.ts",
    "docs/reference/openapi.json",
    "docs/reference/standard.schema.json",
    *(path.as_posix() for path in committed() if path.parts[0] == "requirements"),
}
TEXT = {
    ".c",
    ".css",
    ".h",
    ".html",
    ".js",
    ".json",
    ".md",
    ".py",
    ".toml",
    ".ts",
    ".txt",
    ".vue",
    ".yaml",
}
WHERE_PEOPLE_READ = {
    "bthome.io",
    "github.com",
    "json-schema.org",
    "opencollective.com",
    "paulmillr.com",
    "sqlite.org",
    "tidelift.com",
    "www.apache.org",
    "www.tracebase.org",
    "www.w3.org",
}
"""Hosts of documents, and of the sponsors that package-lock.json names; never an index."""
OF_NO_PLACE = re.compile(
    r"(?i:localhost|127(\.\d+){3}|host|主机|influx|cloud|"
    r"\w|.+\.(invalid|example)|\[?)"
)

ADDRESS = re.compile(r"\bhttps?://([^\s/:\"'`<>)\]}{,]*)")
HOME = re.compile(r"(?<![\w.])/(?:home|Users)/\w+|(?<![\w.])/root/")
OTHER_INDEX = re.compile(r"--(?:extra-)?index-url|--find-links|\bregistry=http|_authToken|GOPROXY=")
UNDONE = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
SELF = Path("tests/house/test_files.py")
NO_TEXT = Path("tests/cloud/scoring/wrong/not-utf8.yaml")


def texts() -> list[tuple[Path, str]]:
    return [
        (path, text_of(path))
        for path in committed()
        if path not in {SELF, NO_TEXT} and (path.suffix in TEXT or not path.suffix)
    ]


def hits(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{text[: match.start()].count(chr(10)) + 1}: {match[0]}"
        for path, text in texts()
        for match in pattern.finditer(text)
    ]


def test_no_file_names_a_machine_or_an_index() -> None:
    strays = {
        host
        for _, text in texts()
        for host in ADDRESS.findall(text)
        if host not in WHERE_PEOPLE_READ and not OF_NO_PLACE.fullmatch(host)
    }
    assert not strays
    assert not hits(OTHER_INDEX)


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    assert not hits(HOME)
    assert not hits(re.compile(re.escape(str(ROOT)) + r"\b"))


def test_the_lock_of_the_web_app_names_no_registry() -> None:
    lock = json.loads(text_of(Path("cloud/web/package-lock.json")))
    assert len(lock["packages"]) > 1
    for name, package in lock["packages"].items():
        assert "resolved" not in package, name
        assert not name or "integrity" in package, name


def test_nothing_is_left_undone() -> None:
    assert not hits(UNDONE)


def test_a_file_is_short_or_has_a_reason() -> None:
    long = {
        path.as_posix()
        for path, text in texts()
        if path.as_posix() not in GENERATED and text.count("\n") > LINES
    }
    assert long == set(LONG_WITH_REASON)


def test_a_file_ends_with_one_line_end() -> None:
    assert not [
        str(path)
        for path, text in texts()
        if text.strip() and (not text.endswith("\n") or text.endswith("\n\n"))
    ]


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


PAGES = [path for path in committed() if path.suffix == ".md"]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)
    broken = []
    for link in (page or picture for page, picture in LINK.findall(text)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = unquote(link).partition("#")
        target = (ROOT / page.parent / name).resolve() if name else ROOT / page
        if not target.exists():
            broken.append(link)
        elif anchor and target.suffix == ".md":
            wanted = anchors(target.read_text(encoding="utf-8"))
            broken += [] if anchor in wanted else [link]
    assert not broken


@pytest.mark.parametrize("page", [page for page in PAGES if page.parts[0] == "docs"], ids=str)
def test_a_page_begins_with_its_title(page: Path) -> None:
    assert re.match(r"(?:<!--.*?-->\s*)?# ", text_of(page), re.DOTALL)
