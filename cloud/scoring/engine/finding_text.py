"""Findings as people read them, made only for the school that is shown."""

import polars as pl

from cloud.api.schemas.common import DimensionScore, Evidence, Finding
from cloud.localized_text import LocalizedText
from cloud.scoring.engine import result
from cloud.scoring.engine.engine import EPSILON
from cloud.scoring.indicators.base import (
    all_indicators,
)
from cloud.scoring.standard.attainment import shown
from cloud.scoring.standard.standard import Stage, Standard

FIRST = 8


def finding_shape(
    found: result.Finding, rows: pl.DataFrame, stages: tuple[Stage, ...], first: int | None = FIRST
) -> Finding:
    """Return a finding with its reason and its evidence (the `first` rows, None for all)."""
    clause = found.clause
    indicator = all_indicators()[clause.indicator]
    reason = _reason(found)
    shown = rows if first is None else rows.head(first)
    return Finding(
        clause=clause.id,
        title_zh=clause.title.zh,
        title_en=clause.title.en,
        dimension=clause.dimension,
        outcome=found.outcome,
        attainment=found.attainment,
        measured=found.measured,
        unit=indicator.unit,
        target=_target(found, stages, indicator.unit),
        weight=found.weight,
        points=found.points,
        data_source=clause.data_source,
        source_title=clause.source.title,
        source_clause=clause.source.clause,
        source_confidence=clause.source.confidence,
        reason_zh=reason.zh,
        reason_en=reason.en,
        remedy_zh=clause.remedy.zh,
        remedy_en=clause.remedy.en,
        part=None if found.sums is None else found.sums.part,
        whole=None if found.sums is None else found.sums.whole,
        unknown=None if found.sums is None else found.sums.unknown,
        coverage=found.coverage,
        beside=list(indicator.beside) if found.outcome != "not_applicable" else [],
        evidence_total=rows.height,
        evidence=[
            Evidence(ref=row["ref"], text_zh=text.zh, text_en=text.en, value=row["part"])
            for row in shown.iter_rows(named=True)
            for text in [indicator.tell(row)]
        ],
    )


def dimension_shape(found: result.DimensionResult) -> DimensionScore:
    """Return a dimension's score."""
    return DimensionScore(
        dimension=found.dimension.id,
        title_zh=found.dimension.title.zh,
        title_en=found.dimension.title.en,
        weight=found.dimension.weight,
        value=found.value,
        coverage=found.coverage,
        findings=found.findings,
    )


def standard_line(standard: Standard) -> dict[str, str]:
    """Return what a list of standards says of one."""
    return {
        "id": standard.id,
        "edition": standard.edition,
        "title_zh": standard.title.zh,
        "title_en": standard.title.en,
        "effective": standard.effective.isoformat(),
    }


def _reason(found: result.Finding) -> LocalizedText:
    if found.outcome == "not_applicable" and found.sums == result.NOTHING:
        return LocalizedText(
            "该校没有需要评判的事项，本条不计入总分。",
            "There is nothing to be judged here; it is left out of the score.",
        )
    if found.outcome == "not_applicable":
        return LocalizedText(
            "本条不适用于该校的学段或规模，不计入总分。",
            "Does not apply to schools of this stage or size; it is left out of the score.",
        )
    if found.outcome == "no_data" or not found.sums:
        return LocalizedText(
            "没有可用的证据：本条不得分，并降低证据覆盖率。"
            + ("本条设有否决线，没有证据不能入选。" if found.failed_gate else ""),
            "There is no evidence: the clause earns nothing and lowers the coverage."
            + (" It has a gate, which no evidence does not pass." if found.failed_gate else ""),
        )
    reason = all_indicators()[found.clause.indicator].reason(found.sums)
    zh, en = [reason.zh], [reason.en]
    if found.coverage <= 1 - EPSILON:
        zh.append(f"证据覆盖 {found.coverage:.0%}，未观测部分按最不利情形计分。")
        en.append(f"{found.coverage:.0%} of the evidence was seen; the rest is taken at its worst.")
    if found.capped:
        zh.append(f"申报数据尚未核实，本条按 {found.attainment:.0%} 封顶。")
        en.append(f"Declared and not yet confirmed: it counts for {found.attainment:.0%} at most.")
    if found.failed_gate:
        gate = shown(found.clause.gate or 0.0, all_indicators()[found.clause.indicator].unit)
        zh.append(f"低于否决线 {gate}，不论总分多少都不能入选。")
        en.append(f"It is below the gate of {gate}: no selection, whatever the score.")
    return LocalizedText("".join(zh), " ".join(en))


def _target(found: result.Finding, stages: tuple[Stage, ...], unit: str) -> str:
    own = [stage for stage in stages if stage in found.clause.stages] or found.clause.stages[:1]
    return " / ".join(dict.fromkeys(found.clause.shape.words(stage, unit) for stage in own))
