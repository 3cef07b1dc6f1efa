import inspect
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from cloud.app import create_app
from cloud.assessments.filed_selection import filed as filed_selection
from cloud.errors import Conflict
from cloud.registry import assessment_log as module
from cloud.registry.assessment_log import AssessmentLog, NewStep, StepRow
from cloud.registry.store import Registry
from cloud.settings import Settings
from tests._parts.contents import contents, outcome
from tests._parts.filed import MADE, evidence, filed, gentle_standard, register

TABLES = ("assessment", "selection", "procedure_step")
CONTENTS = contents()


@pytest.fixture
def registry(registry_url: str) -> Iterator[Registry]:
    yield from opened(registry_url)


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Registry]:
    """SQLite alone: how PostgreSQL refuses is in test_postgresql.py."""
    yield from opened(f"sqlite:///{tmp_path / 'registry.sqlite'}")


def opened(url: str) -> Iterator[Registry]:
    registry = Registry.open(url)
    register(registry, filed(), evidence(gentle_standard(), 30, 1))
    yield registry
    registry.close()


def step(registry: Registry, what: str = "self_assessment", school: str = "2133100000") -> NewStep:
    row = registry.assessment_log.assessments()[0]
    return NewStep(
        round=row.round,
        assessment_id=row.id,
        selection_id=None,
        school_id=school,
        step=what,
        by="王校长",
        at=MADE,
        change={},
        reason="核对无误",
    )


def take(registry: Registry, *given: NewStep) -> list[StepRow]:
    return [registry.assessment_log.take(new_step, lambda _: None) for new_step in given]


def select(registry: Registry, before: str | None = None) -> str:
    assessment = registry.assessment_log.assessments()[0].id
    row = filed_selection(assessment, {}, 7, CONTENTS, MADE, before)
    registry.assessment_log.file_selection(row)
    return row.id


def everything(registry: Registry) -> dict[str, list[tuple[object, ...]]]:
    with registry.engine.connect() as connection:
        return {
            table: [tuple(row) for row in connection.execute(text(f"select * from {table}"))]
            for table in TABLES
        }


def test_no_function_changes_or_deletes_what_was_filed() -> None:
    public = {name for name, _ in inspect.getmembers(AssessmentLog) if not name.startswith("_")}
    assert public == {
        "after",
        "assessment",
        "assessments",
        "broken_at",
        "evidence",
        "file_assessment",
        "file_selection",
        "integrity",
        "selection",
        "selections",
        "step",
        "steps",
        "take",
    }
    source = inspect.getsource(module)
    assert not re.search(r"\b(update|delete|merge|setattr|bulk_\w+)\(", source)
    users = [
        path
        for path in Path(module.__file__).parents[1].rglob("*.py")
        if "assessment_log_tables" in path.read_text(encoding="utf-8")
    ]
    assert [path.name for path in users] == ["assessment_log.py"]


def test_no_route_takes_anything_back() -> None:
    app = create_app(Settings())
    concerned = ("/api/v1/assessments", "/api/v1/selections", "/api/v1/procedure")
    methods = {
        method
        for path, operations in app.openapi()["paths"].items()
        if path.startswith(concerned)
        for method in operations
    }
    assert methods == {"get", "post"}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement",
    [
        "update {0} set digest = 'x'",
        "delete from {0}",
        "insert or replace into {0} select * from {0}",
        "insert into {0} select * from {0} where true on conflict do update set digest = 'x'",
    ],
)
def test_the_database_itself_refuses(on_sqlite: Registry, table: str, statement: str) -> None:
    select(on_sqlite)
    take(on_sqlite, step(on_sqlite))
    before = everything(on_sqlite)
    assert all(before.values())
    with (
        on_sqlite.engine.connect() as connection,
        pytest.raises(IntegrityError, match="rows are only ever added"),
    ):
        connection.execute(text(statement.format(table)))
    assert everything(on_sqlite) == before


def test_filing_the_same_again_changes_nothing(registry: Registry) -> None:
    assessment, before = filed(), everything(registry)
    assert (
        registry.assessment_log.file_assessment(
            assessment.row, assessment.evidence, assessment.integrity
        )
        is False
    )
    first = select(registry)
    assert select(registry) == first
    assert len(registry.assessment_log.selections()) == 1
    assert everything(registry)["assessment"] == before["assessment"]


def test_what_trials_came_to_does_not_decide_the_id_of_a_selection(registry: Registry) -> None:
    assessment = registry.assessment_log.assessments()[0].id
    school = "2133100000"
    made = contents(trials=100, schools={school: outcome(chance=0.9)})
    near = contents(trials=200, schools={school: outcome(chance=0.91, rank_high=2)})
    other = contents(trials=100, schools={school: outcome(selected=False)})
    first, again, third = (
        filed_selection(assessment, {}, 7, held, MADE) for held in (made, near, other)
    )
    assert first.id == again.id != third.id
    assert registry.assessment_log.file_selection(first)
    assert not registry.assessment_log.file_selection(again)


def test_only_one_selection_takes_the_place_of_another(registry: Registry) -> None:
    first = select(registry)
    second = select(registry, before=first)
    assert registry.assessment_log.after(first) == second
    assert registry.assessment_log.after(second) is None
    assessment = registry.assessment_log.assessments()[0].id
    third = filed_selection(assessment, {}, 8, CONTENTS, MADE, first)
    with pytest.raises(Conflict, match="somebody else was quicker"):
        registry.assessment_log.file_selection(third)


def test_a_step_that_is_refused_leaves_nothing_behind(registry: Registry) -> None:
    def refuse(_: object) -> None:
        raise Conflict("out of order")

    before = everything(registry)
    assessment = registry.assessment_log.assessments()[0].id
    made = filed_selection(assessment, {}, 9, CONTENTS, MADE)
    with pytest.raises(Conflict, match="out of order"):
        registry.assessment_log.take(step(registry), refuse, selection=made)
    assert everything(registry) == before


def test_steps_are_numbered_and_each_covers_the_one_before(registry: Registry) -> None:
    steps = take(registry, step(registry), step(registry, "county_review"))
    assert [row.id for row in steps] == [1, 2]
    assert steps == registry.assessment_log.steps(round=steps[0].round)
    assert registry.assessment_log.broken_at() is None
    assert registry.assessment_log.steps(school="2133100001") == []


@pytest.mark.parametrize(
    ("statement", "at"),
    [
        ("update procedure_step set reason = '另有原因' where id = 2", 2),
        ("delete from procedure_step where id = 1", 2),
    ],
)
def test_what_is_changed_behind_the_triggers_is_noticed(
    on_sqlite: Registry, tmp_path: Path, statement: str, at: int
) -> None:
    take(on_sqlite, *(step(on_sqlite, school=f"213310000{n}") for n in range(3)))
    raw = sqlite3.connect(tmp_path / "registry.sqlite")
    for what in ("update", "delete"):
        raw.execute(f"drop trigger procedure_step_no_{what}")
    raw.execute(statement)
    raw.commit()
    raw.close()
    assert on_sqlite.assessment_log.broken_at() == at
