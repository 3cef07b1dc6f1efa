"""An assessment: evidence, a standard and a span of days, filed so that nothing can change it.

Its contents decide its digest, and the digest its id: the same inputs are the same assessment,
whenever and wherever it is made. Scores are computed from what is filed, by the engine.

The digest is that of a small JSON text with the span, the standard's file, `inputs` (what the
engine reads of standard and evidence) and the integrity findings. The moment it was made is kept
with it and does not count.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from cloud.assessments import format1
from cloud.assessments.canonical_json import canonical, digest, pack, unpack
from cloud.assessments.record import changed
from cloud.errors import EvidenceError
from cloud.integrity.results import Finding, finding_of
from cloud.registry.assessment_log import AssessmentRow
from cloud.scoring.engine.engine import Scores, score_table
from cloud.scoring.engine.school_table import columns, inputs_digest, ready
from cloud.scoring.standard.standard import Standard, parse_standard

FORMAT = "smart-campus-assessment/2"
ID_LENGTH = 16
_UNKNOWN = "\\N"

FiledFinding = Mapping[str, Any]
"""An integrity finding as it is filed (`cloud.integrity.results.as_filed`)."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """An assessment with its scores; rows are in the order of schools."""

    row: AssessmentRow
    standard: Standard
    scores: Scores
    integrity: tuple[Finding, ...]

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
    integrity: Sequence[FiledFinding] = (),
    created_at: datetime,
) -> Filed:
    """Return the assessment of an evidence table, ready to be filed."""
    standard = parse_standard(standard_yaml, "the standard")
    scores = score_table(standard, table)
    findings = canonical({"format": FORMAT, "findings": sorted(integrity, key=canonical)})
    inputs = inputs_digest(standard, scores.table)
    whole = _digest(FORMAT, start, end, standard_yaml, inputs, findings)
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
    return Filed(row, pack(evidence_text(standard, scores.table)), pack(findings))


def opened(row: AssessmentRow, evidence: bytes, integrity: bytes) -> Assessment:
    """Return an assessment from what was filed, of any format.

    Raises EvidenceError where what was filed was changed since.
    """
    standard = parse_standard(row.standard_yaml, f"assessment {row.id} (standard)")
    table = evidence_of(standard, unpack(evidence))
    if inputs_digest(standard, table) != row.inputs:
        raise changed(f"assessment {row.id}: its evidence", row.inputs)
    findings = unpack(integrity)
    tree = json.loads(findings)
    # In format 1 the findings were a list, and no format was filed with them.
    is_first = isinstance(tree, list)
    form = format1.ASSESSMENT if is_first else tree["format"]
    if _digest(form, row.starts, row.ends, row.standard_yaml, row.inputs, findings) != row.digest:
        raise changed(f"assessment {row.id}", row.digest)
    if form not in {FORMAT, format1.ASSESSMENT}:
        raise EvidenceError(f"assessment {row.id}: of a later version ({form})")
    return Assessment(
        row,
        standard,
        score_table(standard, table),
        tuple(map(format1.integrity_finding, tree))
        if is_first
        else tuple(map(finding_of, tree["findings"])),
    )


def _digest(
    form: str, start: date, end: date, standard_yaml: str, inputs: str, findings: str
) -> str:
    contents = {
        "format": form,
        "start": start.isoformat(),
        "end": end.isoformat(),
        "standard": digest(standard_yaml),
        "inputs": inputs,
        "integrity": digest(findings),
    }
    return digest(canonical(contents))


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
