import sqlite3
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from cloud.registry.store import Registry
from cloud.registry.tables import Table

SAVED = Path(__file__).parent / "v0001.sql"


def test_the_migrations_make_exactly_the_tables(tmp_path: Path) -> None:
    registry = Registry.open(f"sqlite:///{tmp_path / 'registry.sqlite'}")
    with registry.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Table.metadata) == []
    registry.close()


def test_a_database_of_version_1_opens_with_all_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    saved = sqlite3.connect(path)
    saved.executescript(SAVED.read_text(encoding="utf-8"))
    saved.close()
    for _ in range(2):
        registry = Registry.open(f"sqlite:///{path}")
        assert [school.name for school in registry.schools()] == ["台州市实验小学"]
        assert [room.building for room in registry.rooms("2133100001")] == ["A楼"]
        assert registry.assets("2133100001")[0].original_value_yuan == 12000.5
        registry.close()


def test_the_database_keeps_its_references_and_a_log(tmp_path: Path) -> None:
    registry = Registry.open(f"sqlite:///{tmp_path / 'registry.sqlite'}")
    with registry.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    registry.close()


def test_assets_are_found_by_what_is_written_on_them(tmp_path: Path) -> None:
    path = tmp_path / "registry.sqlite"
    saved = sqlite3.connect(path)
    saved.executescript(SAVED.read_text(encoding="utf-8"))
    saved.close()
    registry = Registry.open(f"sqlite:///{path}")
    school = "2133100001"
    assert len(registry.assets(school, text="大屏", room="101", category="display")) == 1
    assert registry.assets(school, text="100%") == []
    assert registry.assets(school, condition="3") == []
    registry.close()
