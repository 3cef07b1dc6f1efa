"""What import-linter cannot hold: one home per library, and no world outside in what is pure."""

import ast
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests._parts.tree import ROOT, imports, is_foreign, modules, text_of

EVERYWHERE = ("*",)
HOMES = {
    "SALib": ("cloud/robustness/sobol.py",),
    "aiomqtt": ("simulators/*",),
    "alembic": ("cloud/registry/*",),
    "amqtt": ("simulators/devices/mqtt_broker.py",),
    "bleak": ("edge/drivers/ble/*",),
    "bumble": ("edge/drivers/ble/hci_backend.py", "simulators/*"),
    "cryptography": ("edge/drivers/ble/*", "simulators/*"),
    # The roll-up is an expression that the store's own engine runs.
    "duckdb": ("cloud/bulk/*", "cloud/telemetry/*", "cloud/utilization/*"),
    "fastapi": ("cloud/api/*", "cloud/app.py", "cloud/server.py"),
    "highspy": ("cloud/selection/milp.py",),
    "httpx": ("simulators/*",),
    "ibis": ("cloud/utilization/*",),
    "influxdb_client": ("edge/uplink/*",),
    "numpy": ("cloud/robustness/*", "cloud/scoring/*", "cloud/selection/*", "simulators/city/*"),
    "openpyxl": ("cloud/registry/*", "cloud/reports/workbook.py", "simulators/*"),
    "paho": ("edge/drivers/mqtt/*",),
    "polars": (
        "cloud/api/routes/score.py",
        "cloud/robustness/*",
        "cloud/selection/*",
        "cloud/assessments/*",
        "cloud/integrity/*",
        "cloud/reports/*",
        "cloud/scoring/*",
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
    "pymodbus": ("edge/drivers/modbus/*", "simulators/*"),
    "pyspark": ("cloud/bulk/on_spark.py",),
    "sqlalchemy": ("cloud/registry/*",),
    "starlette": ("cloud/api/*", "cloud/app.py", "cloud/pages.py"),
    "pylopdf_fonts_zh_cn": ("cloud/reports/pdf.py",),
    "typst": ("cloud/reports/pdf.py",),
    "urllib3": ("edge/uplink/*",),  # what influxdb-client raises
    "uvicorn": ("cloud/server.py",),
    "yaml": ("device_profiles/yaml_tree.py", "simulators/*"),
}

PURE = (
    "device_profiles/*.py",
    "device_profiles/protocols/*.py",
    "edge/drivers/*/codec.py",
    "edge/drivers/ble/bthome.py",
    "edge/drivers/modbus/plan.py",
    "cloud/scoring/indicators/builders/service_life.py",
    "cloud/scoring/indicators/builders/air_share.py",
    "cloud/scoring/engine/evidence_bundle.py",
    "cloud/selection/candidates.py",
    "cloud/selection/improvement/cost_milp.py",
    "cloud/scoring/indicators/builders/chemicals.py",
    "cloud/scoring/indicators/builders/declared_vs_measured.py",
    "cloud/selection/rule_conflicts.py",
    "cloud/scoring/standard/clause.py",
    "cloud/scoring/expressions.py",
    "cloud/scoring/indicators/builders/stocktake.py",
    "cloud/scoring/standard/attainment_numpy.py",
    "cloud/scoring/indicators/builders/declared_ratio.py",
    "cloud/scoring/standard/diff.py",
    "cloud/scoring/engine/engine.py",
    "cloud/scoring/evidence/evidence.py",
    "cloud/selection/ranked_pool.py",
    "cloud/selection/improvement/clause_gains.py",
    "cloud/selection/improvement/cheapest_plan.py",
    "cloud/scoring/indicators/base.py",
    "cloud/scoring/indicators/*.py",
    "cloud/robustness/array_engine.py",
    "cloud/selection/entry_score.py",
    "cloud/selection/optimizer.py",
    "cloud/robustness/fast_allocation.py",
    "cloud/selection/explanations.py",
    "cloud/scoring/indicators/builders/ticket_response.py",
    "cloud/scoring/engine/result.py",
    "cloud/scoring/indicators/builders/room_lessons.py",
    "cloud/scoring/indicators/builders/room_needs.py",
    "cloud/selection/select.py",
    "cloud/robustness/sobol.py",
    "cloud/scoring/standard/attainment.py",
    "cloud/scoring/engine/school_table.py",
    "cloud/robustness/monte_carlo.py",
    "cloud/scoring/engine/variation.py",
    "cloud/scoring/engine/pass_rules.py",
    "cloud/scoring/indicators/builders/daily_slots.py",
    "cloud/utilization/due_slots.py",
    "cloud/utilization/reference_daily.py",
    "cloud/utilization/daily_rollup.py",
    "cloud/utilization/arrow_inputs.py",
    "cloud/utilization/school_inputs.py",
    "cloud/utilization/periods.py",
    "cloud/utilization/rollup.py",
    "cloud/utilization/reference_rollup.py",
)
READS_FILES = (
    "device_profiles/agreement.py",  # holds a school's own file against the catalogue
    "device_profiles/cli.py",
    "device_profiles/loader.py",
    "device_profiles/pages.py",
)
OUTSIDE = {
    "asyncio",
    "duckdb",
    "http",
    "io",
    "logging",
    "os",
    "pathlib",
    "random",
    "selectors",
    "shutil",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib",
}
ASKS_THE_WORLD = {"open", "print", "input", "exec", "eval"}
READS_A_CLOCK = {"now", "today", "utcnow"}


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


@pytest.mark.parametrize("pattern", PURE)
def test_what_is_pure_knows_no_world_outside(pattern: str) -> None:
    found = [p for p in modules() if fnmatch(p.as_posix(), pattern) and p.name != "__init__.py"]
    assert found, f"{pattern} matches nothing"
    strays = [
        f"{path}:{line}: {what}"
        for path in found
        if not matches(path, READS_FILES)
        for line, what in (*_outside_imports(path), *_outside_calls(path))
    ]
    assert not strays


def _outside_imports(path: Path) -> list[tuple[int, str]]:
    return [(line, module) for line, module in imports(path) if module.split(".")[0] in OUTSIDE]


def _outside_calls(path: Path) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name) and node.func.id in ASKS_THE_WORLD:
                found.append((node.lineno, f"{node.func.id}()"))
            elif isinstance(node.func, ast.Attribute) and node.func.attr in READS_A_CLOCK:
                found.append((node.lineno, f".{node.func.attr}()"))
    return found


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
