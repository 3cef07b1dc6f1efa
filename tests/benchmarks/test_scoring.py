"""A school's score over a term: the whole answer against a plain sum over the same rows."""

import time
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from cloud.api.presenters.finding import finding_shape
from cloud.scoring.engine.engine import score_table
from cloud.scoring.engine.result import evidence_rows, result
from cloud.scoring.engine.school_table import evidence_table, inputs_digest
from cloud.scoring.evidence import evidence
from cloud.scoring.evidence.evidence import Evidence, table
from cloud.scoring.standard.standard import named
from cloud.utilization.periods import week_of

SCHOOL = "2133100001"
FIRST = date(2026, 9, 1)
ASSETS, DAYS, PERIODS = 200, 100, 10


def large_school(random: Random) -> Evidence:
    categories = ("display", "display", "display", "recorder", "instrument", "computer")
    rooms = [f"R{n}" for n in range(ASSETS)]
    assets: list[dict[str, object]] = [
        {
            "school": SCHOOL,
            "asset_id": n,
            "asset_no": f"A-{n}",
            "name": "设备",
            "category": categories[n % len(categories)],
            "room": rooms[n],
            "condition": "1",
            "quantity": 1.0,
            "reported": FIRST + timedelta(days=DAYS),
        }
        for n in range(ASSETS)
    ]
    use: list[dict[str, object]] = []
    for day in (FIRST + timedelta(days=n) for n in range(DAYS)):
        for asset in assets:
            for period in range(1, PERIODS + 1):
                active = random.randrange(2401)
                use.append(
                    {
                        **{key: asset[key] for key in ("school", "asset_id", "category", "room")},
                        "day": day,
                        "week": week_of(day),
                        "period": period,
                        "due_s": 2400.0,
                        "active_s": float(active),
                        "standby_s": 0.0,
                        "off_s": 2400.0 - active,
                        "unobserved_s": 0.0,
                        "scheduled": True,
                        "lesson_over": True,
                        "lesson_observed": True,
                        "lesson_used": active >= 600,
                    }
                )
    return Evidence(
        start=FIRST,
        end=FIRST + timedelta(days=DAYS),
        schools=table(
            [
                {
                    "school": SCHOOL,
                    "school_type": "211",
                    "classes": 36,
                    "pupils": 1600,
                    "teachers": 90,
                }
            ],
            evidence.SCHOOLS,
        ),
        rooms=table(
            [{"school": SCHOOL, "room": room, "use": "121"} for room in rooms[:20]], evidence.ROOMS
        ),
        assets=table(assets, evidence.ASSETS),
        use=table(use, evidence.USE),
        senders=table(
            [{"school": SCHOOL, "device": f"A-{n}", "asset_id": n} for n in range(ASSETS)],
            evidence.SENDERS,
        ),
    )


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@pytest.mark.benchmark
def test_a_term_of_a_large_school(capsys: pytest.CaptureFixture[str]) -> None:
    facts = large_school(Random(1))
    standard = named("taizhou-smart-management@2026-09-01")

    def answer() -> None:
        scores = score_table(standard, evidence_table(standard, facts))
        for finding in result(scores, SCHOOL).findings:
            finding_shape(finding, evidence_rows(finding.clause, facts), ("PRI",))

    def plain_sum() -> object:
        return sum(row["active_s"] for row in facts.use.iter_rows(named=True))

    rows = evidence_table(standard, facts)
    answer()
    answer_s, plain_s = timed(answer), timed(plain_sum)
    digest_s = timed(lambda: inputs_digest(standard, rows))
    with capsys.disabled():
        print(  # noqa: T201  the figure is what a benchmark is for
            f"\nscore from {facts.use.height:,} rows: {answer_s:.2f} s, digest {digest_s:.2f} s; "
            f"a plain Python sum of one column {plain_s:.2f} s, "
            f"{plain_s / (answer_s + digest_s):.1f} times as long"
        )
