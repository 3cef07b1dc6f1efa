"""The procedure around a selection: which step may follow which. Pure.

A school: self-assessment, county review, site visit. Then a selection: publicity period, objections
within it, an answer to each, final. In between declared figures are confirmed or corrected, and a
reviewer may override a selection, which makes a new one. Every step is added to a log from which
nothing is ever taken; a step that comes out of order is refused.

The steps of a round count for every assessment and selection of it: a round is a standard and a
span of days (see `cloud.assessments.assessment.round_of`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta, timezone

from cloud.errors import Conflict, NotFound, RequestError, Unprocessable
from cloud.messages import Message, message
from cloud.registry.assessment_log import NewStep, StepRow

STEPS = (
    "self_assessment",
    "county_review",
    "site_visit",
    "declaration_confirmed",
    "declaration_corrected",
    "override",
    "publicity",
    "objection",
    "answer",
    "final",
)
TITLES: Mapping[str, Message] = {step: message(f"workflow.step.{step}") for step in STEPS}
OF_SCHOOL = (
    "self_assessment",
    "county_review",
    "site_visit",
    "declaration_confirmed",
    "declaration_corrected",
    "objection",
    "override",
)
OF_SELECTION = ("publicity", "objection", "answer", "override", "final")
_CHINA = timezone(timedelta(hours=8))
_BEFORE = {"county_review": "self_assessment", "site_visit": "county_review"}
_AFTER = {"self_assessment": "county_review", "county_review": "site_visit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a step is checked against: today, and the selection it concerns.

    `schools` are those of the assessment, `selected` those of the selection, `in_force` the
    one in force in its place.
    """

    today: date
    schools: Collection[str]
    selected: Collection[str] = ()
    in_force: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The state of a selection's procedure."""

    first_day: date | None
    last_day: date | None
    is_public: bool
    objections: int
    unanswered: int
    is_final: bool
    missing: Sequence[Message]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """How many figures a school declared, and how many of them are not confirmed yet."""

    items: int
    unconfirmed: int


@dataclass(frozen=True, slots=True)
class Possible:
    """A step, and why it cannot be taken today; None where it can."""

    step: str
    refused: Message | None


def possible(
    blank: NewStep, log: Sequence[StepRow], context: Context, declared: Declared | None = None
) -> list[Possible]:
    """Return which steps may be taken today, of a school where `blank` names one.

    Each is tried on `check` with days that are never refused, so what is called possible
    here is refused later only for what somebody fills in.
    """
    return [
        Possible(what, _refused(replace(blank, step=what), log, context, declared))
        for what in (OF_SELECTION if blank.school_id is None else OF_SCHOOL)
    ]


def check(step: NewStep, log: Sequence[StepRow], context: Context) -> None:
    """Raise Conflict where a step is out of order, with a message of what comes first."""
    final = next((row for row in log if row.step == "final"), None)
    if final is not None:
        raise Conflict(message("workflow.is_final", day=_day(final)))
    if step.school_id is not None and step.school_id not in context.schools:
        raise NotFound(message("workflow.not_assessed", school=step.school_id))
    if step.selection_id is not None and step.step in {"override", "publicity", "final"}:
        _in_force(step.selection_id, context)
    of_school = [row for row in log if row.school_id == step.school_id]
    if step.step in {"self_assessment", "county_review", "site_visit"}:
        _in_order(step, of_school)
    rule = {
        "site_visit": _site_visit,
        "publicity": _publicity,
        "objection": _objection,
        "answer": _answer,
        "final": _final,
    }.get(step.step)
    if rule is not None:
        rule(step, log, context)


def state(selection: str, log: Sequence[StepRow], context: Context) -> State:
    """Return the state of a selection's procedure, and what is missing for it to be final."""
    period = _period(selection, log)
    open_ = unanswered(log)
    is_final = any(row.step == "final" and row.selection_id == selection for row in log)
    return State(
        first_day=period[0] if period else None,
        last_day=period[1] if period else None,
        is_public=period is not None and period[0] <= context.today <= period[1],
        objections=sum(row.step == "objection" for row in log),
        unanswered=len(open_),
        is_final=is_final,
        missing=[] if is_final else list(_missing(selection, log, context)),
    )


def unanswered(log: Sequence[StepRow]) -> list[StepRow]:
    """Return the objections that are not answered yet."""
    answered = {row.answers_id for row in log}
    return [row for row in log if row.step == "objection" and row.id not in answered]


def _refused(
    step: NewStep, log: Sequence[StepRow], context: Context, declared: Declared | None
) -> Message | None:
    days = dict.fromkeys(("first_day", "last_day", "visited_on"), context.today.isoformat())
    first = next((row.id for row in unanswered(log)), None)
    if step.selection_id is None and step.step in {*OF_SELECTION} - {"answer"}:
        return message("workflow.no_selection")
    is_over = any(row.step == "final" for row in log)
    if step.step == "answer" and first is None and not is_over:
        return message("workflow.no_objection")
    try:
        check(replace(step, change=days, answers_id=first), log, context)
    except RequestError as error:
        return error.text or message("workflow.refused", reason=str(error))
    if step.step == "declaration_corrected" and (declared is None or not declared.items):
        return message("workflow.none_declared")
    if step.step == "declaration_confirmed" and (declared is None or not declared.unconfirmed):
        return message("workflow.none_unconfirmed")
    return None


def _day(step: StepRow) -> date:
    """Return the day a step was taken, by the calendar in China."""
    return step.at.astimezone(_CHINA).date()


def _in_force(selection: str, context: Context) -> None:
    if context.in_force not in {None, selection}:
        raise Conflict(message("workflow.replaced", by=context.in_force))


def _in_order(step: NewStep, of_school: Sequence[StepRow]) -> None:
    taken = {row.step: row for row in of_school}
    before, after = _BEFORE.get(step.step), _AFTER.get(step.step)
    if before is not None and before not in taken:
        raise Conflict(message("workflow.comes_first", before=TITLES[before]))
    if after is not None and after in taken:
        raise Conflict(message("workflow.follows", after=TITLES[after], day=_day(taken[after])))


def _site_visit(step: NewStep, _log: Sequence[StepRow], context: Context) -> None:
    day = date.fromisoformat(step.change["visited_on"])
    if day > context.today:
        raise Unprocessable(message("workflow.visit_ahead", day=day, today=context.today))


def _publicity(step: NewStep, log: Sequence[StepRow], context: Context) -> None:
    first, last = (date.fromisoformat(step.change[key]) for key in ("first_day", "last_day"))
    if first > last:
        raise Unprocessable(message("workflow.days_reversed", first=first, last=last))
    if first < context.today:
        raise Unprocessable(message("workflow.days_past", first=first, today=context.today))
    period = _period(step.selection_id, log)
    if period is not None:
        raise Conflict(
            message(
                "workflow.is_published",
                first=period[0],
                last=period[1],
            )
        )
    if not context.selected:
        raise Conflict(message("workflow.nothing_to_publish"))
    unvisited = _unvisited(log, context)
    if unvisited:
        raise Conflict(
            message(
                "workflow.visits_first",
                unvisited=len(unvisited),
                selected=len(context.selected),
                school=unvisited[0],
            )
        )


def _objection(step: NewStep, log: Sequence[StepRow], context: Context) -> None:
    period = _period(step.selection_id, log)
    if period is None:
        raise Conflict(message("workflow.not_published"))
    if not period[0] <= context.today <= period[1]:
        raise Conflict(
            message(
                "workflow.not_in_period",
                first=period[0],
                last=period[1],
                today=context.today,
            )
        )


def _answer(step: NewStep, log: Sequence[StepRow], _context: Context) -> None:
    objection = next((row for row in log if row.id == step.answers_id), None)
    if objection is None or objection.step != "objection":
        raise NotFound(message("workflow.unknown_objection", objection=step.answers_id))
    answer = next((row for row in log if row.answers_id == step.answers_id), None)
    if answer is not None:
        raise Conflict(message("workflow.is_answered", objection=step.answers_id, day=_day(answer)))


def _final(step: NewStep, log: Sequence[StepRow], context: Context) -> None:
    missing = list(_missing(step.selection_id or "", log, context))
    if missing:
        raise Conflict(message("workflow.not_final", missing=missing[0]))


def _missing(selection: str, log: Sequence[StepRow], context: Context) -> Iterable[Message]:
    unvisited = _unvisited(log, context)
    if unvisited:
        yield message(
            "workflow.missing.visits", unvisited=len(unvisited), selected=len(context.selected)
        )
    period = _period(selection, log)
    if period is None:
        yield message("workflow.missing.publicity")
    elif context.today <= period[1]:
        yield message("workflow.missing.period", last=period[1])
    open_ = unanswered(log)
    if open_:
        yield message(
            "workflow.missing.answers",
            unanswered=len(open_),
            objections=[row.id for row in open_],
        )


def _period(selection: str | None, log: Sequence[StepRow]) -> tuple[date, date] | None:
    for row in log:
        if row.step == "publicity" and row.selection_id == selection:
            first, last = row.change["first_day"], row.change["last_day"]
            return date.fromisoformat(first), date.fromisoformat(last)
    return None


def _unvisited(log: Sequence[StepRow], context: Context) -> list[str]:
    visited = {row.school_id for row in log if row.step == "site_visit"}
    return [school for school in context.selected if school not in visited]
