"""Take a step of the procedure: collect what it is checked against, and file it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from cloud.assessments import make_selection
from cloud.assessments.filed_selection import FiledSelection
from cloud.assessments.repository import AssessmentRepository
from cloud.assessments.workflow.rules import (
    Context,
    Declared,
    Possible,
    State,
    check,
    possible,
    state,
    unanswered,
)
from cloud.clock import Clock
from cloud.errors import NotFound
from cloud.messages import message
from cloud.registry import declaration_review
from cloud.registry.assessment_log import AssessmentRow, NewStep, StepRow
from cloud.registry.rows import DeclarationRow, SchoolRow
from cloud.registry.store import Registry
from cloud.selection.rules import Override

Decision = Literal["in", "out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What may be done now: the steps, the objections left open, the newest declared figures."""

    assessment: str
    today: date
    steps: Sequence[Possible]
    objections: Sequence[StepRow]
    declared: Sequence[DeclarationRow]


class ReviewWorkflow:
    """Where steps are taken: it knows the repository, the registry and the time."""

    def __init__(self, repository: AssessmentRepository, registry: Registry, clock: Clock) -> None:
        self._repository = repository
        self._registry = registry
        self._clock = clock

    def today(self, school: str | None = None) -> date:
        """Return the day it is at a school, or in the city."""
        return self._clock.now().astimezone(self._registry.zone(school or "")).date()

    def of_school(
        self,
        assessment: str,
        school: str,
        what: str,
        by: str,
        reason: str,
        change: Mapping[str, Any],
    ) -> StepRow:
        """Take a step that concerns one school of an assessment."""
        row = self._repository.row(assessment)
        step = self._step(row, what, by, reason, change, school=school)
        context = Context(today=self.today(school), schools=self._schools(row))
        return self._take(step, context)

    def declaration(
        self,
        assessment: str,
        school: str,
        what: str,
        by: str,
        reason: str,
        *,
        item: str,
        value: float | None = None,
        declared_on: date | None = None,
    ) -> StepRow:
        """Confirm a declared figure, or correct it to a value; the books follow."""
        row = self._repository.row(assessment)
        today = self.today(school)
        step = self._step(row, what, by, reason, {}, school=school)
        context = Context(today=today, schools=self._schools(row))
        taken = self._registry.assessment_log.take(
            step,
            lambda log: check(step, log, context),
            effect=lambda session: (
                declaration_review.confirm(session, school, item, declared_on, by, today)
                if value is None
                else declaration_review.correct(session, school, item, value, reason, by, today)
            ),
        )
        self._registry.changed("declarations", frozenset({school}))
        return taken

    def of_selection(
        self,
        selection: str,
        what: str,
        by: str,
        reason: str,
        change: Mapping[str, Any],
        school: str | None = None,
    ) -> StepRow:
        """Take a step that concerns a selection, or one school of it."""
        chosen = self._repository.selection(selection)
        row = self._repository.row(chosen.row.assessment_id)
        step = self._step(row, what, by, reason, change, school=school, selection=selection)
        return self._take(step, self._context(chosen, school))

    def override(
        self,
        selection: str,
        school: str,
        decision: Decision,
        instead_of: str | None,
        by: str,
        reason: str,
    ) -> StepRow:
        """Decide against the rules: a new selection replaces the one in force."""
        chosen = self._repository.selection(selection)
        row = self._repository.row(chosen.row.assessment_id)
        change = {"decision": decision, "instead_of": instead_of}
        step = self._step(row, "override", by, reason, change, school=school, selection=selection)
        context, assessment_log = self._context(chosen, school), self._registry.assessment_log
        check(step, assessment_log.steps(round=row.round), context)
        made = make_selection.override(
            self._repository.assessment(row.id),
            chosen,
            _decisions(school, decision, instead_of, by, reason),
            self._clock.now(),
        )
        step = replace(step, change={**change, "selection": made.id})
        return assessment_log.take(step, lambda log: check(step, log, context), selection=made)

    def answer(self, objection: int, result: str, by: str, reason: str) -> StepRow:
        """Answer an objection."""
        objection_step = self._registry.assessment_log.step(objection)
        if objection_step is None:
            raise NotFound(message("workflow.unknown_step", step=objection))
        row = self._repository.row(objection_step.assessment_id)
        step = self._step(
            row,
            "answer",
            by,
            reason,
            {"result": result},
            school=objection_step.school_id,
            selection=objection_step.selection_id,
            answers=objection,
        )
        context = Context(today=self.today(objection_step.school_id), schools=self._schools(row))
        return self._take(step, context)

    def state(self, selection: str) -> State:
        """Return the state of a selection's procedure."""
        chosen = self._repository.selection(selection)
        row = self._repository.row(chosen.row.assessment_id)
        log = self._registry.assessment_log.steps(round=row.round)
        return state(selection, log, self._context(chosen, None))

    def next(self, assessment: str, selection: str | None, school: str | None) -> Next:
        """Return which steps may be taken today, of the list or of one school, and why others not.

        A selection decides the assessment.
        """
        chosen = None if selection is None else self._repository.selection(selection)
        row = self._repository.row(assessment if chosen is None else chosen.row.assessment_id)
        declared = [] if school is None else self._declared(school)
        if chosen is None:
            context = Context(today=self.today(school), schools=self._schools(row))
        else:
            context = self._context(chosen, school)
        log = self._registry.assessment_log.steps(round=row.round)
        steps = possible(
            self._step(row, "", "", "", {}, school=school, selection=selection),
            log,
            context,
            Declared(
                items=len(declared),
                unconfirmed=sum(declaration.confirmed_on is None for declaration in declared),
            ),
        )
        return Next(
            assessment=row.id,
            today=context.today,
            steps=steps,
            objections=unanswered(log),
            declared=declared,
        )

    def _declared(self, school: str) -> list[DeclarationRow]:
        """Return the newest declaration of each item."""
        self._known(school)
        return list(
            {
                declaration.item: declaration for declaration in self._registry.declarations(school)
            }.values()
        )

    def _step(
        self,
        row: AssessmentRow,
        what: str,
        by: str,
        reason: str,
        change: Mapping[str, Any],
        *,
        school: str | None = None,
        selection: str | None = None,
        answers: int | None = None,
    ) -> NewStep:
        if school is not None:
            self._known(school)
        return NewStep(
            round=row.round,
            assessment_id=row.id,
            selection_id=selection,
            school_id=school,
            step=what,
            by=by,
            at=self._clock.now(),
            change=dict(change),
            reason=reason,
            answers_id=answers,
        )

    def _take(self, step: NewStep, context: Context) -> StepRow:
        return self._registry.assessment_log.take(step, lambda log: check(step, log, context))

    def _context(self, chosen: FiledSelection, school: str | None) -> Context:
        return Context(
            today=self.today(school),
            schools=frozenset(chosen.outcomes),
            selected=chosen.selected,
            in_force=self._repository.last(chosen.row.id),
        )

    def _schools(self, row: AssessmentRow) -> frozenset[str]:
        return frozenset(self._repository.assessment(row.id).scores.table["id"])

    def _known(self, school: str) -> SchoolRow:
        row = self._registry.school(school)
        if row is None:
            raise NotFound(message("api.unknown_school", school=school))
        return row


def _decisions(
    school: str, decision: Decision, instead_of: str | None, by: str, reason: str
) -> tuple[Override, ...]:
    override = Override(school=school, decision=decision, reason=reason, by=by)
    if instead_of is None:
        return (override,)
    other: Decision = "out" if decision == "in" else "in"
    return override, Override(school=instead_of, decision=other, reason=reason, by=by)
