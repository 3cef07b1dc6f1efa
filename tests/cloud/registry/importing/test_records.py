"""Stage sizes, declarations, tickets, counts, disposals and chemicals, as files bring them."""

import datetime as dt
from collections.abc import Iterator

import pytest

from cloud.registry.importing.importer import Report, import_file
from cloud.registry.store import Registry

SCHOOL = "3133100001"
LEDGER = {
    "schools": f"学校标识码,学校名称,区划代码,办学类型码\n{SCHOOL},海棠学校,331002,312\n",
    "assets": f"学校标识码,资产编号,资产名称,使用状况\n{SCHOOL},A-1,大屏,1\n{SCHOOL},A-2,电脑,3\n",
}
RECORDS = {
    "stage_sizes": f"学校标识码,学段,班级数,学生数\n{SCHOOL},小学,18,800\n{SCHOOL},JUN,12,\n",
    "declarations": (
        "学校标识码,申报项,数值,申报日期,申报人,依据,核实日期,核实人\n"
        f"{SCHOOL},馆藏图书册数,20250,2026-09-10,王老师,图书管理系统,2026-10-01,区复核组\n"
        f"{SCHOOL},new_books,900.5,2026/9/10,王老师,,,\n"
    ),
    "tickets": (
        "学校标识码,工单号,资产编号,来源,报修时间,受理时间,完成时间,验收时间,属实\n"
        f"{SCHOOL},T-1,A-1,人工,2026-09-10 08:00,2026年9月10日 9:30,2026/9/11 16:00,,是\n"
        f"{SCHOOL},T-2,,alert,2026-09-12T10:05:30,,,,\n"
    ),
    "stocktakes": (
        "学校标识码,资产编号,盘点日期,盘点结果,盘点人\n"
        f"{SCHOOL},A-1,2026-06-30,相符,李老师\n"
        f"{SCHOOL},A-2,2026-06-30,missing,李老师\n"
        f"{SCHOOL},X-1,2026-06-30,盘盈,\n"
    ),
    "disposals": (
        "学校标识码,资产编号,处置日期,处置方式,审批文号,备案号\n"
        f"{SCHOOL},OLD-1,2026-05-20,报废,椒教资〔2026〕3号,\n"
    ),
    "chemicals": (
        "学校标识码,批号,品名,账面数量,清点数量,单位,清点日期\n"
        f"{SCHOOL},P-1,浓硫酸,2.5,2.4,L,2026-11-02\n"
        f"{SCHOOL},P-2,无水乙醇,5,,L,\n"
    ),
}


@pytest.fixture
def registry(registry_url: str) -> Iterator[Registry]:
    opened = Registry.open(registry_url)
    for kind, text in LEDGER.items():
        assert csv(opened, kind, text).applied
    yield opened
    opened.close()


def csv(registry: Registry, kind: str, text: str) -> Report:
    return import_file(registry, kind, text.encode(), "file.csv")


def problem_lines(report: Report) -> list[str]:
    return [
        f"{problem.sheet} {problem.row} {problem.column}: {problem.problem}"
        for problem in report.problems
    ]


@pytest.mark.parametrize("kind", RECORDS)
def test_every_kind_is_stored_and_again_changes_nothing(registry: Registry, kind: str) -> None:
    changes: list[tuple[str, frozenset[str]]] = []
    registry.on_change(lambda imported, schools: changes.append((imported, schools)))
    first = csv(registry, kind, RECORDS[kind])
    assert problem_lines(first) == []
    assert first.created == first.rows == RECORDS[kind].count("\n") - 1
    again = csv(registry, kind, RECORDS[kind])
    assert (again.created, again.updated, again.unchanged) == (0, 0, first.rows)
    assert changes == [(kind, frozenset({SCHOOL}))]


def test_what_was_stored_is_read_back(registry: Registry) -> None:
    for kind, text in RECORDS.items():
        csv(registry, kind, text)
    assert [(row.stage, row.classes, row.pupils) for row in registry.stage_sizes(SCHOOL)] == [
        ("PRI", 18, 800),
        ("JUN", 12, None),
    ]
    library, new = registry.declarations(SCHOOL)
    assert (library.value, library.note, library.confirmed_by) == (
        20250,
        "图书管理系统",
        "区复核组",
    )
    assert (new.value, new.declared_on, new.confirmed_on) == (900.5, dt.date(2026, 9, 10), None)
    reported, alert = registry.tickets(SCHOOL)
    assert (reported.origin, reported.asset_no, reported.is_fault) == ("report", "A-1", True)
    assert (
        f"{reported.accepted_at} {reported.closed_at}" == "2026-09-10 09:30:00 2026-09-11 16:00:00"
    )
    assert (alert.asset_id, alert.accepted_at, alert.is_fault) == (None, None, None)
    assert f"{alert.reported_at}" == "2026-09-12 10:05:00"
    results = [(row.asset_no, row.result) for row in registry.stocktakes(SCHOOL)]
    assert results == [("A-1", "matched"), ("A-2", "missing"), ("X-1", "surplus")]
    assert [row.approval_no for row in registry.disposals(SCHOOL)] == ["椒教资〔2026〕3号"]
    assert [row.counted_quantity for row in registry.chemicals(SCHOOL)] == [2.4, None]


def test_a_confirmation_is_added_later(registry: Registry) -> None:
    csv(registry, "declarations", RECORDS["declarations"])
    text = f"school,item,declared_on,confirmed_on,confirmed_by\n{SCHOOL},new_books,2026-09-10"
    report = csv(registry, "declarations", f"{text},2026-10-02,区复核组\n")
    assert problem_lines(report) == []
    assert report.updated == 1
    assert registry.declarations(SCHOOL)[1].value == 900.5
    assert registry.declarations(SCHOOL)[1].confirmed_by == "区复核组"


WRONG = {
    "a stage that the school does not teach": (
        "stage_sizes",
        f"学校标识码,学段,班级数\n{SCHOOL},高中,6\n",
        ["学段规模 2 学段: got SEN, but a school of type 312 九年一贯制学校 teaches PRI, JUN"],
    ),
    "an unknown item, and no value": (
        "declarations",
        (
            f"学校标识码,申报项,数值,申报日期\n{SCHOOL},library_book,1,2026-09-10\n"
            f"{SCHOOL},new_books,,2026-09-10\n"
        ),
        [
            (
                '申报 2 申报项: got "library_book", expected a code or name of 申报项; '
                'did you mean library_books "馆藏图书册数"?'
            ),
            "申报 3 数值: is empty; it must be filled in",
        ],
    ),
    "half a confirmation, and one before the declaration": (
        "declarations",
        (
            "学校标识码,申报项,数值,申报日期,核实日期,核实人\n"
            f"{SCHOOL},library_books,1,2026-09-10,2026-09-11,\n"
            f"{SCHOOL},new_books,1,2026-09-10,2026-09-01,张三\n"
        ),
        [
            ("申报 2 核实人: is empty; a confirmation needs both the day and who confirmed"),
            "申报 3 核实日期: 2026-09-01 lies before 2026-09-10, where it begins",
        ],
    ),
    "moments out of order, and an asset that is not there": (
        "tickets",
        (
            "学校标识码,工单号,资产编号,来源,报修时间,受理时间,完成时间\n"
            f"{SCHOOL},T-1,A-1,人工,2026-09-10 08:00,2026-09-10 07:00,2026-09-10 09:00\n"
            f"{SCHOOL},T-2,A1,人工,2026-09-10 08:00,,\n"
            f"{SCHOOL},T-3,A-1,电话,2026-09-10,,\n"
        ),
        [
            "报修 2 受理时间: 2026-09-10 07:00 lies before 报修时间 2026-09-10 08:00",
            '报修 3 资产编号: no asset "A1" in this school (did you mean A-1?)',
            (
                '报修 4 来源: got "电话", expected a code or name of 报修来源: '
                "report 人工, alert 预警"
            ),
            (
                '报修 4 报修时间: got "2026-09-10", expected a date and a time of day '
                "such as 2026-11-24 14:05"
            ),
        ],
    ),
    "surplus in the ledger, missing outside of it": (
        "stocktakes",
        (
            "学校标识码,资产编号,盘点日期,盘点结果\n"
            f"{SCHOOL},A-1,2026-06-30,盘盈\n{SCHOOL},Z9,2026-06-30,盘亏\n"
        ),
        [
            "盘点 2 盘点结果: is 盘盈, but the asset is in the ledger; expected 相符 or 盘亏",
            '盘点 3 资产编号: no asset "Z9" in this school; what is not in the ledger is 盘盈',
        ],
    ),
    "a disposal without a day": (
        "disposals",
        f"学校标识码,资产编号,处置日期\n{SCHOOL},A-1,\n",
        [
            (
                "处置 2 处置日期: is empty, but it names the row; "
                "fill it in (merged cells hold a value only in their first row)"
            )
        ],
    ),
    "a count without a day, and a batch twice": (
        "chemicals",
        (
            "学校标识码,批号,品名,账面数量,清点数量,清点日期\n"
            f"{SCHOOL},P-1,浓硫酸,2,2,\n{SCHOOL},P-2,红磷,1,1,2026-11-01\n"
            f"{SCHOOL},P-2,红磷,1,1,2026-11-01\n"
        ),
        [
            "危化品 4 None: repeats row 3; each may be here only once",
            "危化品 2 清点日期: is empty; a count needs both the quantity and the day",
        ],
    ),
    "neither 是 nor 否": (
        "tickets",
        f"学校标识码,工单号,来源,报修时间,属实\n{SCHOOL},T-1,人工,2026-09-10 08:00,也许\n",
        ['报修 2 属实: got "也许", expected 是 or 否'],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_refused_whole_in_clear_words(registry: Registry, case: str) -> None:
    kind, text, expected = WRONG[case]
    report = csv(registry, kind, text)
    assert sorted(problem_lines(report)) == sorted(expected)
    assert not report.applied
    assert registry.tickets(SCHOOL) == []
    assert registry.stocktakes(SCHOOL) == []
