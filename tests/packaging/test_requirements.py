"""The requirements are pinned with hashes, agree, and hold no more than their task needs."""

import re
import tomllib
from pathlib import Path

import pytest

from tests._parts.tree import ROOT, committed, text_of

REQUIREMENTS = {path.stem: path for path in committed() if path.parts[0] == "requirements"}
PIN = re.compile(r"^([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==(\S+)([^\\\n]*)\\$", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
OF_TESTS = {"hypothesis", "mkdocs", "mypy", "playwright", "pyspark", "pytest", "ruff"}
TOOLS = {"node", "uv"}
PROJECT = tomllib.loads(text_of(Path("pyproject.toml")))


def pins(task: str) -> dict[tuple[str, str], str]:
    """Return the version of each package, by name and environment marker."""
    return {
        (name, marker.strip()): version
        for name, version, marker in PIN.findall(text_of(REQUIREMENTS[task]))
    }


def names(task: str) -> set[str]:
    return {name for name, _ in pins(task)}


def test_every_task_has_its_file() -> None:
    tasks = set(PROJECT["project"]["optional-dependencies"]) - {"simulators"}
    assert set(REQUIREMENTS) == tasks | set(PROJECT["dependency-groups"]) | TOOLS


@pytest.mark.parametrize("task", REQUIREMENTS)
def test_every_package_is_pinned_with_its_hashes(task: str) -> None:
    text = re.sub(r"^\s*#.*\n", "", text_of(REQUIREMENTS[task]), flags=re.MULTILINE)
    packages = text.replace("\\\n", " ").splitlines()
    assert len(packages) == len(pins(task)) > 0
    assert not [package for package in packages if not HASH.search(package)]


@pytest.mark.parametrize("task", sorted(REQUIREMENTS.keys() - TOOLS))
def test_a_package_has_one_version_everywhere(task: str) -> None:
    versions: dict[str, set[str]] = {}
    for (name, _), version in pins("dev").items():
        versions.setdefault(name, set()).add(version)
    alone = names(task) - versions.keys()
    assert task == "build" or not alone
    for (name, _), version in pins(task).items():
        assert name in alone or version in versions[name], name


def test_the_demo_installs_nothing_that_only_tests_need() -> None:
    assert names("dev") >= OF_TESTS
    assert not names("demo") & OF_TESTS


def test_a_cloud_installs_nothing_of_the_gateway_and_a_gateway_nothing_of_the_cloud() -> None:
    assert not names("cloud") & {"bleak", "paho-mqtt", "pymodbus", "bumble", "amqtt"}
    assert not names("edge") & {"duckdb", "fastapi", "polars", "pyarrow", "sqlalchemy", "uvicorn"}


def test_the_back_ends_are_those_that_the_project_is_built_by() -> None:
    assert {"hatchling", "editables", "setuptools"} <= names("build")
    assert {re.split(r"[<>=]", need)[0] for need in PROJECT["build-system"]["requires"]} <= names(
        "build"
    )


def test_make_fetches_nothing_that_is_not_pinned() -> None:
    makefile = text_of(Path("Makefile"))
    installs = [line for line in makefile.splitlines() if re.search(r"\bpip install\b", line)]
    assert installs
    for line in installs:
        assert "--require-hashes" in line or "--no-deps" in line, line
    assert "--build-constraints requirements/build.txt" in makefile
    assert not [line for line in makefile.splitlines() if re.search(r"\bnpm (i|install)\b", line)]


def test_the_pages_name_no_command_that_fetches_what_is_not_pinned() -> None:
    lines = [
        (path, line)
        for path in committed()
        if path.suffix == ".md"
        for line in text_of(path).splitlines()
        if re.search(r"\bpip install\b", line)
    ]
    assert lines
    for path, line in lines:
        assert "--require-hashes" in line or "--no-deps" in line, (path, line)


def test_the_license_is_in_the_checkout_and_named_by_the_metadata() -> None:
    project = PROJECT["project"]
    assert project["license"] == "Apache-2.0"
    assert project["license-files"] == ["LICENSE"]
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
