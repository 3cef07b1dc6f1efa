"""What import-linter cannot hold: one home per library, and what each extra installs."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

from tests._parts.tree import ROOT, imports, is_foreign, modules, text_of

EVERYWHERE = ("*",)
HOMES = {
    "aiomqtt": ("simulators/*",),
    "alembic": ("cloud/registry/*",),
    "amqtt": ("simulators/devices/mqtt_broker.py",),
    "bleak": ("edge/drivers/ble/*",),
    "bumble": ("edge/drivers/ble/hci_backend.py", "simulators/*"),
    "cryptography": ("edge/drivers/ble/*", "simulators/*"),
    "dbus_fast": ("edge/drivers/ble/bluez.py",),
    "duckdb": ("cloud/telemetry/duckdb/*",),
    "fastapi": ("cloud/api/*", "cloud/app.py", "cloud/server.py"),
    "highspy": ("cloud/selection/milp.py",),
    "httpx": ("cloud/commands/*", "simulators/*"),
    # The roll-up is an expression that the engine of a store, or Spark, runs.
    "ibis": ("cloud/bulk/on_spark.py", "cloud/telemetry/*", "cloud/utilization/*"),
    "influxdb_client": ("edge/uplink/*",),
    "numpy": ("cloud/robustness/*", "cloud/scoring/*", "cloud/selection/*", "simulators/city/*"),
    "openpyxl": ("cloud/registry/*", "cloud/reports/workbook.py", "simulators/*"),
    "paho": ("edge/drivers/mqtt/*",),
    "polars": (
        "cloud/api/presenters/finding.py",
        "cloud/api/routes/score.py",
        "cloud/robustness/*",
        "cloud/selection/*",
        "cloud/assessments/*",
        "cloud/integrity/*",
        "cloud/reports/*",
        "cloud/scoring/*",
        "cloud/telemetry/memory/*",
        "cloud/utilization/room_lessons.py",
        "cloud/utilization/summary.py",
        "simulators/city/*",
    ),
    "psutil": ("simulators/*",),
    "pyarrow": (
        "cloud/bulk/*",
        "cloud/telemetry/*",
        "cloud/utilization/*",
        "cloud/scoring/evidence/collect.py",
        "simulators/city/*",
    ),
    "pydantic": EVERYWHERE,
    "pydantic_settings": ("cloud/settings.py",),
    "pymodbus": ("edge/drivers/modbus/*", "simulators/*"),
    "pyspark": ("cloud/bulk/on_spark.py",),
    "rich": ("device_profiles/command_line/progress.py",),
    "shtab": ("device_profiles/command_line/parser.py",),
    "sqlalchemy": ("cloud/registry/*",),
    "starlette": ("cloud/api/*", "cloud/app.py", "cloud/pages.py"),
    "pylopdf_fonts_zh_cn": ("cloud/reports/pdf.py",),
    "typst": ("cloud/reports/pdf.py",),
    "urllib3": ("edge/uplink/*",),  # what influxdb-client raises
    "uvicorn": ("cloud/server.py",),
    "yaml": ("device_profiles/yaml_tree.py", "simulators/*"),
}

TRANSITIVE = {"tzdata", "psutil"}
"""Of others, that come with what a gateway needs."""


def matches(path: Path, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(path.as_posix(), pattern) for pattern in patterns)


def test_every_library_has_one_home() -> None:
    strays = [
        f"{path}:{line}: {module}"
        for path in modules()
        for line, module in imports(path)
        if is_foreign(module) and not matches(path, HOMES.get(module.split(".")[0], ()))
    ]
    assert not strays


def test_no_home_stands_empty() -> None:
    used = {module.split(".")[0] for path in modules() for _, module in imports(path)}
    assert HOMES.keys() - used <= {"influxdb_client", "psutil"}


def test_nothing_imports_the_tests_or_the_stubs() -> None:
    strays = [
        f"{path}:{line}: {module}"
        for path in modules()
        for line, module in imports(path)
        if module.split(".")[0] in {"tests", "firmware_stubs"}
    ]
    assert not strays


def test_a_gateway_installs_nothing_of_the_cloud_or_the_simulators() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {
        name: {distribution(line) for line in lines}
        for name, lines in project["optional-dependencies"].items()
    }
    foreign = extras["cloud"] | extras["simulators"] | extras["edge-hci"]
    foreign -= extras["edge"] | TRANSITIVE
    pinned = {
        distribution(line)
        for line in text_of(Path("requirements/edge.txt")).splitlines()
        if "==" in line
    }
    assert extras["edge"] <= pinned
    assert not (foreign & pinned)


def distribution(line: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", line.strip())
    assert name, line
    return name[0].lower().replace("_", "-")


def test_every_requirement_is_pinned_with_its_hash() -> None:
    for name in ("edge", "cloud", "dev", "node"):
        entries = re.split(r"\n(?=[a-z0-9])", text_of(Path(f"requirements/{name}.txt")).strip())
        assert entries
        for entry in entries:
            assert re.match(r"[A-Za-z0-9._\[\],-]+==\S+", entry), entry[:80]
            assert "--hash=sha256:" in entry, entry[:80]
