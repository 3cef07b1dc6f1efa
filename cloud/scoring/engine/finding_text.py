"""The sentences of a finding, made when it is read."""

from cloud.localized_text import LocalizedText
from cloud.scoring.engine import result
from cloud.scoring.engine.engine import EPSILON
from cloud.scoring.indicators.base import all_indicators
from cloud.scoring.standard.attainment import shown
from cloud.scoring.standard.standard import Stage


def reason_text(found: result.Finding) -> LocalizedText:
    """Return why a clause has its outcome, with the figures."""
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


def target_text(found: result.Finding, stages: tuple[Stage, ...]) -> str:
    """Return the threshold that applies to a school of these stages ("≥ 95%", "10%–30%")."""
    unit = all_indicators()[found.clause.indicator].unit
    own = [stage for stage in stages if stage in found.clause.stages] or found.clause.stages[:1]
    return " / ".join(dict.fromkeys(found.clause.shape.words(stage, unit) for stage in own))
