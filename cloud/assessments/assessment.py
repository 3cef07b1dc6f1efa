"""An assessment: evidence, a standard and a span of days, filed so that nothing can change it.

What it is made of decides its digest, and the digest its id: the same inputs are the same
assessment, whenever and wherever it is made. Scores are computed from what is filed, by the engine.

The digest is that of a small JSON text with the span, the standard's file, `inputs` (what the
engine reads of standard and evidence) and the integrity findings. The moment it was made is kept
beside it and does not count.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from cloud.assessments.canonical_json import canonical, digest, pack, unpack
from cloud.errors import EvidenceError
from cloud.registry.assessment_log import AssessmentRow
from cloud.scoring.engine.engine import Scores, score_table
from cloud.scoring.engine.school_table import columns, inputs_digest, ready
from cloud.scoring.standard.standard import Standard, parse_standard

FORMAT = "smart-campus-assessment/1"
ID_LENGTH = 16
_UNKNOWN = "\\N"

Doubt = Mapping[str, Any]
"""An integrity finding as JSON holds it."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """An assessment with its scores; rows stand by school."""

    row: AssessmentRow
    standard: Standard
    scores: Scores
    integrity: tuple[Doubt, ...]

    @property
    def scores_as_filed(self) -> bool:
        """Whether this program scores the evidence as the one did that filed it."""
        return scores_digest(self.scores) == self.row.scores


@dataclass(frozen=True, slots=True)
class Filed:
    """An assessment as it is filed: its row, and its evidence and integrity findings as bytes."""

    row: AssessmentRow
    evidence: bytes
    integrity: bytes


def assessed(
    standard_yaml: str,
    table: pl.DataFrame,
    *,
    start: date,
    end: date,
    integrity: Sequence[Doubt] = (),
    created_at: datetime,
) -> Filed:
    """Return the assessment of an evidence table, ready to be filed."""
    standard = parse_standard(standard_yaml, "the standard")
    scores = score_table(standard, table)
    found = canonical(sorted(integrity, key=canonical))
    inputs = inputs_digest(standard, scores.table)
    contents = {
        "format": FORMAT,
        "start": start.isoformat(),
        "end": end.isoformat(),
        "standard": digest(standard_yaml),
        "inputs": inputs,
        "integrity": digest(found),
    }
    whole = digest(canonical(contents))
    row = AssessmentRow(
        id=whole[:ID_LENGTH],
        digest=whole,
        round=round_of(standard, start, end),
        edition=standard.edition,
        standard_yaml=standard_yaml,
        starts=start,
        ends=end,
        schools=scores.table.height,
        inputs=inputs,
        scores=scores_digest(scores),
        created_at=created_at,
    )
    return Filed(row, pack(evidence_text(standard, scores.table)), pack(found))


def opened(row: AssessmentRow, evidence: bytes, integrity: bytes) -> Assessment:
    """Return an assessment from what was filed; raises EvidenceError where that was changed."""
    standard = parse_standard(row.standard_yaml, f"assessment {row.id} (standard)")
    table = evidence_of(standard, unpack(evidence))
    if inputs_digest(standard, table) != row.inputs:
        raise EvidenceError(
            f"assessment {row.id}: its evidence is not what was filed (digest {row.inputs}); "
            "somebody changed the database: restore it from a backup"
        )
    return Assessment(
        row, standard, score_table(standard, table), tuple(json.loads(unpack(integrity)))
    )


def round_of(standard: Standard, start: date, end: date) -> str:
    """Return what assessments of the same standard and span have in common.

    Evidence that was corrected makes a new assessment of the same round, so that the steps taken
    before still count.
    """
    return f"{standard.id} {start} {end}"


def evidence_text(standard: Standard, table: pl.DataFrame) -> str:
    r"""Return what a standard reads of a table as CSV, rows by id; what is unknown is `\N`."""
    return ready(standard, table).select(*columns(standard)).write_csv(null_value=_UNKNOWN)


def evidence_of(standard: Standard, text: str) -> pl.DataFrame:
    """Return the table that a text holds, exactly."""
    schema = {name: kind() for name, kind in columns(standard).items()}
    header = next(csv.reader(text.splitlines()[:1]), [])
    table = pl.read_csv(
        text.encode(),
        schema_overrides={name: schema[name] for name in header if name in schema},
        null_values=_UNKNOWN,
        empty_string_is_null=False,
        infer_schema=False,
    )
    return ready(standard, table)


def scores_digest(scores: Scores) -> str:
    """Return a SHA-256 of what every school got, in the whole and by dimension."""
    lists = [pl.col(name).list.join(" ") for name in ("failed_gates", "failed_marks")]
    totals = scores.totals.with_columns(*lists, pl.col("failed_rules").list.join(" "))
    text = totals.write_csv(null_value=_UNKNOWN) + scores.dimensions.write_csv(null_value=_UNKNOWN)
    return digest(text)
