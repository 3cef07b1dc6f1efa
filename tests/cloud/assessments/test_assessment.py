from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from cloud.assessments.assessment import assessed, evidence_of, evidence_text, opened
from cloud.assessments.canonical_json import pack, unpack
from cloud.errors import EvidenceError
from cloud.integrity.results import finding_of
from cloud.scoring.engine.school_table import ready
from tests._parts.filed import END, MADE, START, evidence, filed, gentle_standard, text_of

FINDING = {
    "school": "2133100000",
    "check": "left_on",
    "severity": "high",
    "strength": 0.9,
    "reason": {"key": "integrity.unlisted_devices.reason", "values": {"reported": 9}},
    "rows": [],
    "rows_total": 0,
}


def test_the_same_inputs_are_the_same_assessment_byte_for_byte() -> None:
    standard = gentle_standard()
    table = evidence(standard, 12, 5)
    shuffled = table.sample(fraction=1, shuffle=True, seed=3).select(reversed(table.columns))
    first = assessed(text_of(standard), table, start=START, end=END, created_at=MADE)
    again = assessed(
        text_of(standard), shuffled, start=START, end=END, created_at=MADE + timedelta(days=9)
    )
    assert (again.evidence, again.integrity) == (first.evidence, first.integrity)
    assert replace(again.row, created_at=MADE) == first.row
    assert first.row.id == first.row.digest[:16]


def test_any_other_input_is_another_assessment() -> None:
    standard = gentle_standard()
    table, text = evidence(standard, 12, 5), text_of(standard)
    clause = standard.clauses[0].id
    more = table.with_columns(pl.col(f"{clause}.part") + 1)
    made = [
        assessed(text, table, start=START, end=END, created_at=MADE),
        assessed(text, more, start=START, end=END, created_at=MADE),
        assessed(text, table.head(11), start=START, end=END, created_at=MADE),
        assessed(text + "# as published\n", table, start=START, end=END, created_at=MADE),
        assessed(text, table, start=START, end=END + timedelta(days=1), created_at=MADE),
        assessed(text, table, start=START, end=END, integrity=[FINDING], created_at=MADE),
    ]
    assert len({assessment.row.id for assessment in made}) == len(made)


def test_what_is_filed_opens_to_the_same_scores() -> None:
    stored = filed(integrity=(FINDING,))
    assessment = opened(stored.row, stored.evidence, stored.integrity)
    assert assessment.scores_as_filed
    assert assessment.integrity == (finding_of(FINDING),)
    assert assessment.scores.totals.height == stored.row.schools == 30


def test_findings_come_out_the_same_in_whatever_order_they_were_found() -> None:
    other = {**FINDING, "check": "phantom"}
    assert filed(integrity=(FINDING, other)).row.id == filed(integrity=(other, FINDING)).row.id


def test_evidence_that_was_changed_in_the_database_is_refused() -> None:
    stored = filed()
    text = unpack(stored.evidence).replace("第3学校", "第三学校")
    with pytest.raises(EvidenceError, match="its evidence is not what was filed"):
        opened(stored.row, pack(text), stored.integrity)
    findings = unpack(stored.integrity).replace('"findings":[]', '"findings":[ ]')
    with pytest.raises(EvidenceError, match="is not what was filed"):
        opened(stored.row, stored.evidence, pack(findings))
    with pytest.raises(EvidenceError, match="damaged contents"):
        opened(stored.row, b"nothing", stored.integrity)


def test_scores_of_another_engine_are_noticed() -> None:
    stored = filed()
    row = replace(stored.row, scores="0" * 64)
    assert not opened(row, stored.evidence, stored.integrity).scores_as_filed


CELLS = st.floats(allow_nan=False, allow_infinity=False) | st.none()
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\r\\\x00")) | st.none()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(NAMES, CELLS, CELLS, st.booleans() | st.none()), min_size=1, max_size=6))
def test_evidence_survives_as_text_exactly(
    rows: list[tuple[str | None, float | None, float | None, bool | None]],
) -> None:
    standard = gentle_standard()
    clause = standard.clauses[2].id
    table = pl.DataFrame(
        [(f"{n:03d}", *row) for n, row in enumerate(rows)],
        schema={
            "id": pl.String,
            "name": pl.String,
            f"{clause}.part": pl.Float64,
            f"{clause}.whole": pl.Float64,
            f"{clause}.confirmed": pl.Boolean,
        },
        orient="row",
    )
    again = evidence_of(standard, evidence_text(standard, table))
    assert_frame_equal(again, ready(standard, table), check_exact=True)
