"""The assessment log: assessments, selections and steps as they were made. It is append-only.

There is no method that updates or deletes, and the database refuses both. Filing the same contents
again gives what is already filed.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Engine, Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cloud.errors import Conflict
from cloud.messages import message
from cloud.registry import assessment_log_tables as tables

Effect = Callable[[Session], Mapping[str, Any]]
"""Changes the records within a session and returns what changed."""
FIRST_DIGEST = "0" * 64
"""The digest that the first step is chained to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentRow:
    """An assessment without its evidence."""

    id: str
    digest: str
    round: str
    edition: str
    standard_yaml: str
    starts: dt.date
    ends: dt.date
    schools: int
    inputs: str
    scores: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionRow:
    """A selection; `contents` is compressed JSON."""

    id: str
    digest: str
    assessment_id: str
    before_id: str | None
    seed: int
    rules: str
    contents: bytes
    created_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStep:
    """A step that is to be taken."""

    round: str
    assessment_id: str
    selection_id: str | None
    school_id: str | None
    step: str
    by: str
    at: dt.datetime
    change: dict[str, Any]
    reason: str
    answers_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow(NewStep):
    """A step that was taken."""

    id: int
    digest: str


class AssessmentLog:
    """What was assessed, selected and done, in the registry's database."""

    def __init__(
        self, engine: Engine, writing: Callable[[], AbstractContextManager[Session]]
    ) -> None:
        self._engine = engine
        self._writing = writing

    def file_assessment(self, row: AssessmentRow, evidence: bytes, integrity: bytes) -> bool:
        """File an assessment; return False where it is filed already."""
        values = asdict(row) | {"created_at": _naive(row.created_at)}
        return self._file(
            tables.Assessment(**values, evidence=evidence, integrity=integrity), row.id, row.digest
        )

    def file_selection(self, row: SelectionRow) -> bool:
        """File a selection; return False where it is filed already."""
        return self._file(_selection_of(row), row.id, row.digest)

    def take(
        self,
        step: NewStep,
        allowed: Callable[[Sequence[StepRow]], None],
        *,
        selection: SelectionRow | None = None,
        effect: Effect | None = None,
    ) -> StepRow:
        """Take a step, unless `allowed` refuses it in view of the steps of its round.

        Raises what `allowed` raises. No other step is taken in between. The step, the `selection`
        that it makes and its `effect` on the records are one transaction; the step holds what the
        effect changed.
        """
        with self._writing() as session:
            allowed(_steps(session, _of_round(step.round)))
            if effect is not None:
                step = replace(step, change={**step.change, **effect(session)})
            if selection is not None:
                session.add(_selection_of(selection))
                _flush(session)
            row = _add(session, step)
            taken = _step(row)
            _commit(session)
            return taken

    def assessments(self) -> list[AssessmentRow]:
        """Return every assessment, the newest first."""
        query = _assessments().order_by(
            tables.Assessment.created_at.desc(), tables.Assessment.id.desc()
        )
        with Session(self._engine) as session:
            return [_assessment(row) for row in session.execute(query).mappings()]

    def assessment(self, assessment: str) -> AssessmentRow | None:
        """Return an assessment, None where there is none."""
        query = _assessments().where(tables.Assessment.id == assessment)
        with Session(self._engine) as session:
            row = session.execute(query).mappings().one_or_none()
            return None if row is None else _assessment(row)

    def evidence(self, assessment: str) -> bytes | None:
        """Return the evidence of an assessment, as filed."""
        with Session(self._engine) as session:
            return session.scalar(
                select(tables.Assessment.evidence).where(tables.Assessment.id == assessment)
            )

    def integrity(self, assessment: str) -> bytes | None:
        """Return the integrity findings of an assessment, as filed."""
        with Session(self._engine) as session:
            return session.scalar(
                select(tables.Assessment.integrity).where(tables.Assessment.id == assessment)
            )

    def selections(self, assessment: str | None = None) -> list[SelectionRow]:
        """Return the selections of an assessment or of all, the newest first."""
        query = select(tables.Selection).order_by(
            tables.Selection.created_at.desc(), tables.Selection.id.desc()
        )
        if assessment is not None:
            query = query.where(tables.Selection.assessment_id == assessment)
        with Session(self._engine) as session:
            return [_selection(row) for row in session.scalars(query)]

    def selection(self, selection: str) -> SelectionRow | None:
        """Return a selection, None where there is none."""
        with Session(self._engine) as session:
            row = session.get(tables.Selection, selection)
            return None if row is None else _selection(row)

    def after(self, selection: str) -> str | None:
        """Return the id of the selection that replaced a selection, None while it is in force."""
        query = select(tables.Selection.id).where(tables.Selection.before_id == selection)
        with Session(self._engine) as session:
            return session.scalar(query)

    def steps(
        self,
        *,
        round: str | None = None,  # noqa: A002  what it is called everywhere else
        school: str | None = None,
    ) -> list[StepRow]:
        """Return steps, oldest first; with `school`, its own and those of every school."""
        query = select(tables.Step)
        if round is not None:
            query = query.where(tables.Step.round == round)
        if school is not None:
            query = query.where((tables.Step.school_id == school) | tables.Step.school_id.is_(None))
        with Session(self._engine) as session:
            return _steps(session, query)

    def step(self, number: int) -> StepRow | None:
        """Return a step, None where there is none."""
        with Session(self._engine) as session:
            row = session.get(tables.Step, number)
            return None if row is None else _step(row)

    def broken_at(self) -> int | None:
        """Return the first step that does not follow from the ones before it, None for none."""
        with Session(self._engine) as session:
            before = FIRST_DIGEST
            for number, row in enumerate(_steps(session, select(tables.Step)), 1):
                if row.id != number or row.digest != _chained(before, row, row.id):
                    return row.id
                before = row.digest
        return None

    def _file(
        self,
        row: tables.Assessment | tables.Selection,
        name: str,
        digest: str,
    ) -> bool:
        with self._writing() as session:
            filed: Any = session.get(type(row), name)
            if filed is not None:
                if filed.digest != digest:
                    raise Conflict(message("workflow.other_filed", name=name))
                return False
            session.add(row)
            _commit(session)
            return True


def _add(session: Session, step: NewStep) -> tables.Step:
    last = session.scalar(select(func.max(tables.Step.id))) or 0
    digest = session.scalar(select(tables.Step.digest).where(tables.Step.id == last))
    values = {
        "round": step.round,
        "assessment_id": step.assessment_id,
        "selection_id": step.selection_id,
        "school_id": step.school_id,
        "step": step.step,
        "by": step.by,
        "at": _naive(step.at),
        "change": _json(step.change),
        "reason": step.reason,
        "answers_id": step.answers_id,
    }
    row = tables.Step(
        **values, id=last + 1, digest=_chained(digest or FIRST_DIGEST, step, last + 1)
    )
    session.add(row)
    return row


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(message("workflow.was_quicker", reason=str(error.orig))) from None


def _commit(session: Session) -> None:
    _flush(session)
    session.commit()


def _chained(before: str, step: NewStep, number: int) -> str:
    """Return the digest of a step and of all that came before it."""
    contents = {
        "before": before,
        "id": number,
        "round": step.round,
        "assessment": step.assessment_id,
        "selection": step.selection_id,
        "school": step.school_id,
        "step": step.step,
        "by": step.by,
        "at": _naive(step.at).isoformat(),
        "change": step.change,
        "reason": step.reason,
        "answers": step.answers_id,
    }
    return hashlib.sha256(_json(contents).encode()).hexdigest()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _naive(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(tzinfo=None)


def _aware(moment: dt.datetime) -> dt.datetime:
    return moment.replace(tzinfo=dt.UTC)


def _of_round(name: str) -> Select[tables.Step]:
    return select(tables.Step).where(tables.Step.round == name)


def _steps(session: Session, query: Select[tables.Step]) -> list[StepRow]:
    return [_step(row) for row in session.scalars(query.order_by(tables.Step.id))]


def _step(row: tables.Step) -> StepRow:
    return StepRow(
        id=row.id,
        digest=row.digest,
        round=row.round,
        assessment_id=row.assessment_id,
        selection_id=row.selection_id,
        school_id=row.school_id,
        step=row.step,
        by=row.by,
        at=_aware(row.at),
        change=json.loads(row.change),
        reason=row.reason,
        answers_id=row.answers_id,
    )


def _assessments() -> Select[Any]:
    """Leave out what is large."""
    table = tables.Assessment.__table__
    return select(
        *(column for column in table.columns if column.name not in {"evidence", "integrity"})
    )


def _assessment(row: Any) -> AssessmentRow:
    return AssessmentRow(**{**row, "created_at": _aware(row["created_at"])})


def _selection_of(row: SelectionRow) -> tables.Selection:
    return tables.Selection(**asdict(row) | {"created_at": _naive(row.created_at)})


def _selection(row: tables.Selection) -> SelectionRow:
    return SelectionRow(
        id=row.id,
        digest=row.digest,
        assessment_id=row.assessment_id,
        before_id=row.before_id,
        seed=row.seed,
        rules=row.rules,
        contents=row.contents,
        created_at=_aware(row.created_at),
    )
