"""The procedure around a selection: which step may follow which, in sentences. Pure.

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
from cloud.localized_text import LocalizedText
from cloud.registry.assessment_log import NewStep, StepRow

TITLES: Mapping[str, LocalizedText] = {
    "self_assessment": LocalizedText("学校自评", "Self-assessment"),
    "county_review": LocalizedText("县级复核", "County review"),
    "site_visit": LocalizedText("现场核查", "Site visit"),
    "declaration_confirmed": LocalizedText("申报核实", "Declaration confirmed"),
    "declaration_corrected": LocalizedText("申报更正", "Declaration corrected"),
    "override": LocalizedText("人工改判", "Override"),
    "publicity": LocalizedText("公示", "Publicity period"),
    "objection": LocalizedText("异议", "Objection"),
    "answer": LocalizedText("异议答复", "Answer to an objection"),
    "final": LocalizedText("最终确定", "Final"),
}
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
_NO_SELECTION = LocalizedText("还没有产生名单。", "There is no selection yet.")
_NO_OBJECTION = LocalizedText("没有待答复的异议。", "No objection waits for an answer.")
_NONE_WAITS = LocalizedText(
    "该校没有待核实的申报。", "Nothing that the school declared waits for confirmation."
)
_NONE_DECLARED = LocalizedText("该校没有申报过数据。", "The school declared nothing.")
_CHINA = timezone(timedelta(hours=8))
_BEFORE = {"county_review": "self_assessment", "site_visit": "county_review"}
_AFTER = {"self_assessment": "county_review", "county_review": "site_visit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a step has to be seen beside: today, and the selection it concerns.

    `schools` are those of the assessment, `selected` those of the selection, `standing` the
    selection that stands in its place.
    """

    today: date
    schools: Collection[str]
    selected: Collection[str] = ()
    standing: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where the procedure of a selection stands."""

    first_day: date | None
    last_day: date | None
    is_public: bool
    objections: int
    unanswered: int
    is_final: bool
    missing: Sequence[LocalizedText]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """How many figures a school declared, and how many of them nobody confirmed yet."""

    items: int
    unconfirmed: int


@dataclass(frozen=True, slots=True)
class Possible:
    """A step, and why it cannot be taken today; None where it can."""

    step: str
    refused: LocalizedText | None


def possible(
    blank: NewStep, log: Sequence[StepRow], context: Context, declared: Declared | None = None
) -> list[Possible]:
    """Return which steps may be taken today, of a school where `blank` names one.

    Each is tried on `check` with days that nothing can be said against, so what is called possible
    here is refused later only for what somebody fills in.
    """
    return [
        Possible(what, _refused(replace(blank, step=what), log, context, declared))
        for what in (OF_SELECTION if blank.school_id is None else OF_SCHOOL)
    ]


def check(step: NewStep, log: Sequence[StepRow], context: Context) -> None:
    """Raise Conflict where a step is out of order, in a sentence that says what comes first."""
    final = next((one for one in log if one.step == "final"), None)
    if final is not None:
        raise Conflict(
            f"selection {final.selection_id} is final since {_day(final)}; "
            "nothing more is taken in this round",
            zh=f"名单已于 {_day(final)} 最终确定，本轮不再受理任何环节。",
        )
    if step.school_id is not None and step.school_id not in context.schools:
        raise NotFound(
            f"school {step.school_id} is not in assessment {step.assessment_id}",
            zh=f"学校 {step.school_id} 不在本次评估之内。",
        )
    if step.selection_id is not None and step.step in {"override", "publicity", "final"}:
        _standing(step.selection_id, context)
    own = [one for one in log if one.school_id == step.school_id]
    if step.step in {"self_assessment", "county_review", "site_visit"}:
        _in_order(step, own)
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
    """Return where the procedure of a selection stands, and what is missing for it to be final."""
    period = _period(selection, log)
    open_ = unanswered(log)
    is_final = any(one.step == "final" and one.selection_id == selection for one in log)
    return State(
        first_day=period[0] if period else None,
        last_day=period[1] if period else None,
        is_public=period is not None and period[0] <= context.today <= period[1],
        objections=sum(one.step == "objection" for one in log),
        unanswered=len(open_),
        is_final=is_final,
        missing=[] if is_final else list(_missing(selection, log, context)),
    )


def unanswered(log: Sequence[StepRow]) -> list[StepRow]:
    """Return the objections that nobody answered yet."""
    answered = {one.answers_id for one in log}
    return [one for one in log if one.step == "objection" and one.id not in answered]


def _refused(
    step: NewStep, log: Sequence[StepRow], context: Context, declared: Declared | None
) -> LocalizedText | None:
    days = dict.fromkeys(("first_day", "last_day", "visited_on"), context.today.isoformat())
    first = next((one.id for one in unanswered(log)), None)
    if step.selection_id is None and step.step in {*OF_SELECTION} - {"answer"}:
        return _NO_SELECTION
    is_over = any(one.step == "final" for one in log)
    if step.step == "answer" and first is None and not is_over:
        return _NO_OBJECTION
    try:
        check(replace(step, change=days, answers_id=first), log, context)
    except RequestError as error:
        return LocalizedText(error.zh or str(error), _sentence(str(error)))
    if step.step == "declaration_corrected" and (declared is None or not declared.items):
        return _NONE_DECLARED
    if step.step == "declaration_confirmed" and (declared is None or not declared.unconfirmed):
        return _NONE_WAITS
    return None


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _day(step: StepRow) -> date:
    """Return the day a step was taken, as whoever took it read it on the calendar."""
    return step.at.astimezone(_CHINA).date()


def _standing(selection: str, context: Context) -> None:
    if context.standing not in {None, selection}:
        raise Conflict(
            f"selection {selection} was replaced by {context.standing} after an override; "
            "go on with that one",
            zh="这份名单已因人工改判被后来的名单取代，请在后来的名单上继续。",
        )


def _in_order(step: NewStep, own: Sequence[StepRow]) -> None:
    done = {one.step: one for one in own}
    what, before, after = TITLES[step.step].en, _BEFORE.get(step.step), _AFTER.get(step.step)
    if before is not None and before not in done:
        raise Conflict(
            f"school {step.school_id}: {what.lower()}: no {TITLES[before].en.lower()} is recorded "
            "yet; record that first",
            zh=f"尚无“{TITLES[before].zh}”的记录，请先记录。",
        )
    later = next((one for one in own if one.step == after), None)
    if later is not None:
        raise Conflict(
            f"school {step.school_id}: {what.lower()}: the {TITLES[later.step].en.lower()} of "
            f"{_day(later)} follows it already",
            zh=f"{_day(later)} 已有“{TITLES[later.step].zh}”的记录，不能再补。",
        )


def _site_visit(step: NewStep, _log: Sequence[StepRow], context: Context) -> None:
    day = date.fromisoformat(step.change["visited_on"])
    if day > context.today:
        raise Unprocessable(
            f"visited_on {day}: lies ahead; today is {context.today}",
            zh=f"核查日期 {day} 还没有到，今天是 {context.today}。",
        )


def _publicity(step: NewStep, log: Sequence[StepRow], context: Context) -> None:
    first, last = (date.fromisoformat(step.change[key]) for key in ("first_day", "last_day"))
    if first > last:
        raise Unprocessable(
            f"first_day {first} is after last_day {last}",
            zh=f"公示首日 {first} 晚于末日 {last}。",
        )
    if first < context.today:
        raise Unprocessable(
            f"first_day {first} is past; today is {context.today}",
            zh=f"公示首日 {first} 已过，今天是 {context.today}。",
        )
    period = _period(step.selection_id, log)
    if period is not None:
        raise Conflict(
            f"selection {step.selection_id} is published from {period[0]} to {period[1]} already",
            zh=f"名单已定于 {period[0]} 至 {period[1]} 公示。",
        )
    if not context.selected:
        raise Conflict(
            f"selection {step.selection_id} has no school; there is nothing to publish",
            zh="名单上没有学校，没有可公示的内容。",
        )
    unseen = _unvisited(log, context)
    if unseen:
        raise Conflict(
            f"{len(unseen)} of the {len(context.selected)} schools selected have no site visit "
            f"yet, the first of them {unseen[0]}; record the visits before the list is published",
            zh=f"入选的 {len(context.selected)} 所学校中还有 {len(unseen)} 所未作现场核查"
            f"（首先是 {unseen[0]}），核查之后才能公示。",
        )


def _objection(step: NewStep, log: Sequence[StepRow], context: Context) -> None:
    period = _period(step.selection_id, log)
    if period is None:
        raise Conflict(
            f"selection {step.selection_id} is not published yet; objections are taken in the "
            "publicity period",
            zh="名单尚未公示；异议在公示期内受理。",
        )
    if not period[0] <= context.today <= period[1]:
        raise Conflict(
            f"objections to selection {step.selection_id} are taken from {period[0]} to "
            f"{period[1]}; today is {context.today}",
            zh=f"异议在 {period[0]} 至 {period[1]} 受理，今天是 {context.today}。",
        )


def _answer(step: NewStep, log: Sequence[StepRow], _context: Context) -> None:
    asked = next((one for one in log if one.id == step.answers_id), None)
    if asked is None or asked.step != "objection":
        raise NotFound(
            f"step {step.answers_id} is no objection of this round",
            zh=f"本轮没有编号为 {step.answers_id} 的异议。",
        )
    given = next((one for one in log if one.answers_id == step.answers_id), None)
    if given is not None:
        raise Conflict(
            f"objection {step.answers_id} was answered on {_day(given)} already",
            zh=f"异议 {step.answers_id} 已于 {_day(given)} 答复。",
        )


def _final(step: NewStep, log: Sequence[StepRow], context: Context) -> None:
    missing = list(_missing(step.selection_id or "", log, context))
    if missing:
        raise Conflict(
            f"selection {step.selection_id} cannot be final yet: {missing[0].en}",
            zh=f"还不能最终确定：{missing[0].zh}",
        )


def _missing(selection: str, log: Sequence[StepRow], context: Context) -> Iterable[LocalizedText]:
    unseen = _unvisited(log, context)
    if unseen:
        yield LocalizedText(
            f"入选的 {len(context.selected)} 所学校中还有 {len(unseen)} 所未作现场核查。",
            f"{len(unseen)} of the {len(context.selected)} schools selected have no site visit.",
        )
    period = _period(selection, log)
    if period is None:
        yield LocalizedText("名单尚未公示。", "The list has not been published.")
    elif context.today <= period[1]:
        yield LocalizedText(
            f"公示期至 {period[1]} 止，尚未结束。", f"The publicity period lasts until {period[1]}."
        )
    open_ = unanswered(log)
    if open_:
        numbers = ", ".join(str(one.id) for one in open_)
        yield LocalizedText(
            f"还有 {len(open_)} 件异议未答复（{numbers}）。",
            f"{len(open_)} objections are not answered ({numbers}).",
        )


def _period(selection: str | None, log: Sequence[StepRow]) -> tuple[date, date] | None:
    for one in log:
        if one.step == "publicity" and one.selection_id == selection:
            first, last = one.change["first_day"], one.change["last_day"]
            return date.fromisoformat(first), date.fromisoformat(last)
    return None


def _unvisited(log: Sequence[StepRow], context: Context) -> list[str]:
    seen = {one.school_id for one in log if one.step == "site_visit"}
    return [school for school in context.selected if school not in seen]
