import datetime as dt
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from cloud.registry.importing.importer import import_file
from cloud.registry.rows import StageSizeRow
from cloud.registry.store import Registry
from cloud.registry.tables import Table

SAVED = Path(__file__).parent
SCHOOL = "2133100001"


def test_the_migrations_make_exactly_the_tables(tmp_path: Path) -> None:
    registry = Registry.open(f"sqlite:///{tmp_path / 'registry.sqlite'}")
    with registry.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Table.metadata) == []
    registry.close()


def restore(name: str, folder: Path) -> str:
    """Return the address of a saved database of a past version, opened nowhere yet."""
    path = folder / "registry.sqlite"
    saved = sqlite3.connect(path)
    saved.executescript((SAVED / name).read_text(encoding="utf-8"))
    saved.close()
    return f"sqlite:///{path}"


@pytest.mark.parametrize("version", ["v0001.sql", "v0002.sql", "v0003.sql"])
def test_a_database_of_a_past_version_opens_with_all_it_holds(tmp_path: Path, version: str) -> None:
    url = restore(version, tmp_path)
    for _ in range(2):
        registry = Registry.open(url)
        assert [school.name for school in registry.schools()] == ["台州市实验小学"]
        assert [room.building for room in registry.rooms(SCHOOL)] == ["A楼"]
        assert registry.assets(SCHOOL)[0].original_value_yuan == 12000.5
        registry.close()


def test_a_database_of_version_1_takes_what_version_2_brought(tmp_path: Path) -> None:
    registry = Registry.open(restore("v0001.sql", tmp_path))
    assert registry.assets(SCHOOL)[0].assessed is None
    assert registry.stage_sizes(SCHOOL) == []
    report = import_file(
        registry,
        "assets",
        f"school,asset_no,assessed\n{SCHOOL},A-1,2026-09-10\n".encode(),
        "a.csv",
    )
    assert report.updated == 1
    assert registry.assets(SCHOOL)[0].assessed == dt.date(2026, 9, 10)
    registry.close()


def test_a_database_of_version_2_opens_with_its_records(tmp_path: Path) -> None:
    registry = Registry.open(restore("v0002.sql", tmp_path))
    assert registry.assets(SCHOOL)[0].assessed == dt.date(2026, 9, 10)
    assert registry.stage_sizes(SCHOOL) == [StageSizeRow(SCHOOL, "PRI", 18, 810)]
    [declared] = registry.declarations(SCHOOL)
    assert (declared.item, declared.value) == ("library_books", 20250)
    assert (declared.confirmed_on, declared.confirmed_by) == (dt.date(2026, 10, 20), "区复核组")
    [ticket] = registry.tickets(SCHOOL)
    assert (ticket.asset_no, ticket.origin, ticket.is_fault) == ("A-1", "report", True)
    assert ticket.accepted_at == dt.datetime(2026, 10, 8, 10, 30)  # noqa: DTZ001  local, without a zone
    assert ticket.verified_at is None
    assert [(row.asset_no, row.result) for row in registry.stocktakes(SCHOOL)] == [
        ("A-1", "matched"),
        ("X-1", "surplus"),
    ]
    assert [row.record_no for row in registry.disposals(SCHOOL)] == ["BA2026"]
    assert [row.counted_quantity for row in registry.chemicals(SCHOOL)] == [2.5]
    registry.close()


def test_the_database_keeps_its_references_and_a_log(tmp_path: Path) -> None:
    registry = Registry.open(f"sqlite:///{tmp_path / 'registry.sqlite'}")
    with registry.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    registry.close()


def test_assets_are_found_by_what_is_written_on_them(tmp_path: Path) -> None:
    registry = Registry.open(restore("v0001.sql", tmp_path))
    school = SCHOOL
    assert len(registry.assets(school, text="大屏", room="101", category="display")) == 1
    assert registry.assets(school, text="100%") == []
    assert registry.assets(school, condition="3") == []
    registry.close()
