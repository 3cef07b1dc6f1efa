from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from cloud.assessments.workflow.rules import OF_SCHOOL as OFFERED
from cloud.assessments.workflow.rules import (
    OF_SELECTION,
    TITLES,
    Context,
    Declared,
    check,
    possible,
    state,
)
from cloud.errors import CloudError, Conflict, NotFound, Unprocessable
from cloud.messages import render
from cloud.registry.assessment_log import NewStep, StepRow

TODAY = date(2026, 11, 24)
A, B, C = "2133100001", "2133100002", "2133100003"
ALL = Context(today=TODAY, schools=(A, B, C), selected=(A, B), in_force="s1")
OF_SCHOOL = ("self_assessment", "county_review", "site_visit")


def step(
    what: str,
    school: str | None = None,
    selection: str | None = None,
    answers: int | None = None,
    **change: Any,
) -> NewStep:
    return NewStep(
        round="r",
        assessment_id="a1",
        selection_id=selection,
        school_id=school,
        step=what,
        by="某人",
        at=datetime(2026, 11, 20, 2, tzinfo=UTC),
        change=change,
        reason="",
        answers_id=answers,
    )


def log(*steps: NewStep) -> list[StepRow]:
    return [StepRow(**asdict(new_step), id=n, digest="") for n, new_step in enumerate(steps, 1)]


def day(number: int) -> str:
    return f"2026-11-{number:02d}"


def published(first: int = 20, last: int = 26) -> NewStep:
    return step("publicity", selection="s1", first_day=day(first), last_day=day(last))


VISITED = [
    step(what, school, visited_on=day(10))
    for school in (A, B)
    for what in ("self_assessment", "county_review", "site_visit")
]
OBJECTION = step("objection", A, "s1")


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ([], step("self_assessment", A)),
        (VISITED[:1], step("self_assessment", A)),
        (VISITED[:1], step("county_review", A)),
        (VISITED[:2], step("site_visit", A, visited_on=day(24))),
        ([], step("declaration_corrected", C)),
        ([], step("override", C, "s1")),
        (VISITED, published(24, 24)),
        ([*VISITED, published(24, 30)], OBJECTION),
        ([*VISITED, published(), OBJECTION], step("answer", A, "s1", answers=8)),
        ([*VISITED, published(20, 23)], step("final", selection="s1")),
    ],
)
def test_a_step_in_order_is_taken(before: list[NewStep], wanted: NewStep) -> None:
    check(wanted, log(*before), ALL)


@pytest.mark.parametrize(
    ("before", "wanted", "error", "says"),
    [
        (
            [],
            step("county_review", A),
            Conflict,
            "No record of “Self-assessment” yet; record that first.",
        ),
        (
            VISITED[:1],
            step("site_visit", A, visited_on=day(10)),
            Conflict,
            "No record of “County review” yet; record that first.",
        ),
        (
            VISITED[:2],
            step("self_assessment", A),
            Conflict,
            "“County review” of 2026-11-20 follows it already.",
        ),
        (
            VISITED[:2],
            step("site_visit", A, visited_on=day(25)),
            Unprocessable,
            "visited_on 2026-11-25: lies ahead; today is 2026-11-24.",
        ),
        (
            [],
            step("self_assessment", "2133100009"),
            NotFound,
            "School 2133100009 is not in this assessment.",
        ),
        (
            [],
            step("override", A, "s0"),
            Conflict,
            "The list was replaced by s1 after an override; continue with that one.",
        ),
        (
            VISITED,
            published(26, 25),
            Unprocessable,
            "first_day 2026-11-26 is after last_day 2026-11-25.",
        ),
        (
            VISITED,
            published(23, 30),
            Unprocessable,
            "first_day 2026-11-23 is past; today is 2026-11-24.",
        ),
        (
            [*VISITED, published()],
            published(25, 30),
            Conflict,
            "The list is published from 2026-11-20 to 2026-11-26 already.",
        ),
        (
            VISITED[:3],
            published(24, 30),
            Conflict,
            (
                "1 of the 2 schools selected have no site visit yet, the first of them 2133100002; "
                "record the visits before the list is published."
            ),
        ),
        (
            VISITED,
            OBJECTION,
            Conflict,
            "The list is not published yet; objections are taken in the publicity period.",
        ),
        (
            [*VISITED, published(20, 23)],
            OBJECTION,
            Conflict,
            "Objections are taken from 2026-11-20 to 2026-11-23; today is 2026-11-24.",
        ),
        (
            [*VISITED, published(25, 30)],
            OBJECTION,
            Conflict,
            "Objections are taken from 2026-11-25 to 2026-11-30; today is 2026-11-24.",
        ),
        (VISITED, step("answer", answers=1), NotFound, "Step 1 is no objection of this round."),
        (VISITED, step("answer", answers=99), NotFound, "Step 99 is no objection of this round."),
        (
            [*VISITED, published(), OBJECTION, step("answer", answers=8)],
            step("answer", answers=8),
            Conflict,
            "Objection 8 was answered on 2026-11-20 already.",
        ),
        (
            VISITED,
            step("final", selection="s1"),
            Conflict,
            "The list cannot be final yet: The list has not been published.",
        ),
        (
            [*VISITED, published()],
            step("final", selection="s1"),
            Conflict,
            "The list cannot be final yet: The publicity period lasts until 2026-11-26.",
        ),
        (
            [*VISITED, published(20, 23), OBJECTION],
            step("final", selection="s1"),
            Conflict,
            "The list cannot be final yet: 1 objections are not answered (8).",
        ),
        (
            [*VISITED, published(20, 23), step("final", selection="s1")],
            step("override", A, "s1"),
            Conflict,
            "The list is final since 2026-11-20; no further step is taken in this round.",
        ),
    ],
)
def test_a_step_out_of_order_is_refused_in_a_sentence(
    before: list[NewStep], wanted: NewStep, error: type[CloudError], says: str
) -> None:
    with pytest.raises(error) as refused:
        check(wanted, log(*before), ALL)
    assert str(refused.value) == says


def test_a_refusal_names_the_day_it_was_in_china() -> None:
    late = replace(step("county_review", A), at=datetime(2026, 11, 20, 16, 29, tzinfo=UTC))
    with pytest.raises(Conflict, match="“County review” of 2026-11-21 follows") as raised:
        check(step("self_assessment", A), log(step("self_assessment", A), late), ALL)
    assert raised.value.text is not None
    assert render(raised.value.text, "zh") == "2026-11-21 已有“县级复核”的记录，不能再补。"


def test_an_empty_list_is_not_published() -> None:
    without_schools = Context(today=TODAY, schools=(A,), selected=(), in_force="s1")
    with pytest.raises(Conflict, match="The list has no school; there is nothing to publish"):
        check(published(24, 30), [], without_schools)


def test_the_state_names_what_is_missing_in_both_languages() -> None:
    procedure = state("s1", log(*VISITED[:3], OBJECTION), ALL)
    assert (
        procedure.objections,
        procedure.unanswered,
        procedure.is_final,
        procedure.is_public,
    ) == (1, 1, False, 0)
    assert [render(text, "zh") for text in procedure.missing] == [
        "入选的 2 所学校中还有 1 所未作现场核查。",
        "名单尚未公示。",
        "还有 1 件异议未答复（4）。",
    ]
    assert [render(text, "en") for text in procedure.missing] == [
        "1 of the 2 schools selected have no site visit.",
        "The list has not been published.",
        "1 objections are not answered (4).",
    ]


def test_the_state_of_a_publicity_period_and_of_what_is_final() -> None:
    procedure = state("s1", log(*VISITED, published()), ALL)
    assert (procedure.first_day, procedure.last_day) == (date(2026, 11, 20), date(2026, 11, 26))
    assert procedure.is_public
    final = log(*VISITED, published(20, 23), step("final", selection="s1"))
    assert state("s1", final, ALL).is_final
    assert state("s1", final, ALL).missing == []
    assert not state("s2", final, ALL).is_final


def offered(
    before: list[NewStep],
    school: str | None = None,
    selection: str | None = "s1",
    declared: Declared | None = None,
    context: Context = ALL,
) -> dict[str, str | None]:
    """Return of each step why it may not be taken, in Chinese; None where it may."""
    options = possible(step("", school, selection), log(*before), context, declared)
    assert [option.step for option in options] == list(OF_SELECTION if school is None else OFFERED)
    for option in options:
        if option.refused is not None:
            english = render(option.refused, "en")
            assert render(option.refused, "zh") != english
            assert english.endswith(".")
    return {
        option.step: None if option.refused is None else render(option.refused, "zh")
        for option in options
    }


@pytest.mark.parametrize(
    ("before", "may"),
    [
        ([], {"override"}),
        (VISITED, {"override", "publicity"}),
        ([*VISITED, published()], {"override", "objection"}),
        ([*VISITED, published(), OBJECTION], {"override", "objection", "answer"}),
        ([*VISITED, published(20, 23)], {"override", "final"}),
        ([*VISITED, published(20, 23), OBJECTION], {"override", "answer"}),
        ([*VISITED, published(20, 23), step("final", selection="s1")], set()),
    ],
)
def test_what_may_be_done_with_a_list_follows_from_its_log(
    before: list[NewStep], may: set[str]
) -> None:
    assert {what for what, why in offered(before).items() if why is None} == may


@pytest.mark.parametrize(
    ("before", "may"),
    [
        ([], {"self_assessment", "override"}),
        (VISITED[:1], {"self_assessment", "county_review", "override"}),
        (VISITED[:2], {"county_review", "site_visit", "override"}),
        (VISITED, {"site_visit", "override"}),
        ([*VISITED, published()], {"site_visit", "override", "objection"}),
    ],
)
def test_what_may_be_done_with_a_school_follows_from_its_log(
    before: list[NewStep], may: set[str]
) -> None:
    assert {what for what, why in offered(before, A).items() if why is None} == may


def test_a_figure_is_confirmed_while_one_waits_and_corrected_while_one_is_declared() -> None:
    both = ("declaration_confirmed", "declaration_corrected")
    for items, unconfirmed, whys in (
        (0, 0, ("该校没有待核实的申报。", "该校没有申报过数据。")),
        (2, 0, ("该校没有待核实的申报。", None)),
        (2, 1, (None, None)),
    ):
        reasons = offered([], A, declared=Declared(items=items, unconfirmed=unconfirmed))
        assert tuple(reasons[what] for what in both) == whys


def test_every_step_that_may_not_be_taken_gives_the_reason() -> None:
    reasons = offered(VISITED[:3])
    assert reasons["publicity"] == (
        "入选的 2 所学校中还有 1 所未作现场核查（首先是 2133100002），核查之后才能公示。"
    )
    assert reasons["objection"] == "名单尚未公示；异议在公示期内受理。"
    assert reasons["answer"] == "没有待答复的异议。"
    assert reasons["final"] == "还不能最终确定：入选的 2 所学校中还有 1 所未作现场核查。"
    assert offered([], C)["county_review"] == "尚无“学校自评”的记录，请先记录。"
    assert offered([], A, selection=None)["override"] == "还没有产生名单。"
    replaced = offered([], selection="s0")
    assert (
        replaced["override"] == "这份名单已因人工调整被后来的名单 s1 取代，请在后来的名单上继续。"
    )
    over = [*VISITED, published(20, 23), step("final", selection="s1")]
    assert set(offered(over).values()) == {"名单已于 2026-11-20 最终确定，本轮不再受理任何环节。"}


def test_every_step_has_a_title_in_both_languages() -> None:
    assert set(OF_SCHOOL) < set(TITLES)
    for language in ("zh", "en"):
        texts = [render(title, language) for title in TITLES.values()]
        assert len({*texts, ""}) == len(TITLES) + 1
