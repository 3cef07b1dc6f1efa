"""All schools of a province against a large standard, compared with plain rules."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from cloud.scoring.engine.engine import score_table
from cloud.scoring.engine.result import findings
from cloud.scoring.engine.school_table import inputs_digest
from tests._parts.many_schools import large_standard, many_schools
from tests._parts.plain_score import plain_score

SCHOOLS, SAMPLE = 14_000, 200


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@pytest.mark.benchmark
def test_a_province_against_a_large_standard(capsys: pytest.CaptureFixture[str]) -> None:
    standard = large_standard()
    table = many_schools(standard, SCHOOLS, seed=1)
    scores = score_table(standard, table)
    sample = table.head(SAMPLE).to_dicts()
    engine_s = min(timed(lambda: score_table(standard, table)) for _ in range(3))
    one_s = min(timed(lambda: score_table(standard, table.head(1))) for _ in range(3))
    plain_s = timed(lambda: [plain_score(standard, row) for row in sample]) * SCHOOLS / SAMPLE
    digest_s = timed(lambda: inputs_digest(standard, table))
    words_s = timed(lambda: findings(scores, "000000"))
    with capsys.disabled():
        print(  # noqa: T201  the figure is what a benchmark is for
            f"\nscore {SCHOOLS:,} schools x {len(standard.clauses)} clauses: {engine_s:.2f} s "
            f"({SCHOOLS / engine_s:,.0f} schools/s), one school {1000 * one_s:.0f} ms; digest "
            f"{digest_s:.2f} s; findings of one school {1000 * words_s:.1f} ms; plain Python "
            f"{plain_s:.1f} s (from {SAMPLE} schools), {plain_s / engine_s:.0f} times as long"
        )
