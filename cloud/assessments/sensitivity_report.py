"""Which choice of ours matters most for a selection, in words a principal understands. Pure."""

from typing import Any

from cloud.assessments.assessment import Assessment
from cloud.assessments.canonical_json import canonical, digest
from cloud.assessments.filed_selection import Chosen
from cloud.assessments.make_selection import rules_from
from cloud.localized_text import LocalizedText
from cloud.robustness.saltelli import Index
from cloud.robustness.sobol import Choice, Influence, sensitivity

FORMAT = "smart-campus-sensitivity/1"
DIGITS = 6
"""To which figures are kept: what lies behind may differ between processors."""
_OTHERWISE: dict[Choice, LocalizedText] = {
    "weights": LocalizedText("若换一种维度权重", "With other weights of the dimensions"),
    "thresholds": LocalizedText(
        "若达标线定得高些或低些", "With thresholds a little higher or lower"
    ),
    "aggregate": LocalizedText("若换一种汇总方式", "With dimensions put together in another way"),
    "declared_cap": LocalizedText(
        "若未核实申报的封顶比例不同", "With another cap of what is declared and not confirmed"
    ),
    "min_coverage": LocalizedText(
        "若最低证据覆盖率不同", "With another least coverage of evidence"
    ),
    "unseen": LocalizedText(
        "若对没有观测到的部分另作处理", "With another treatment of what nobody saw"
    ),
}


def influences(found: Assessment, chosen: Chosen) -> dict[str, Any]:
    """Return the sensitivity analysis of a selection, by its own rules and seed.

    The same selection gives the same contents, and the digest covers all of them.
    """
    got = sensitivity(found.scores, rules_from(chosen.rules), chosen.row.seed)
    selected = len(chosen.selected)
    changed = round(got.changed * selected, DIGITS)
    moved = round(got.moved, DIGITS)
    contents = {
        "selection": chosen.row.id,
        "seed": got.seed,
        "variants": got.variants,
        "places": chosen.contents["places"],
        "changed": changed,
        "moved": moved,
        "text_zh": f"这些选择同时都换一种，{selected} 所入选学校平均变动 {changed:.1f} 所，"
        f"每所学校的名次平均变动 {moved:.1f} 名。",
        "text_en": f"With all of these choices made otherwise at once, {changed:.1f} of the "
        f"{selected} schools selected change on average, and a school moves {moved:.1f} ranks.",
        "influences": [_told(one) for one in got.influences],
    }
    return {**contents, "digest": digest(canonical({"format": FORMAT, **contents}))}


def _told(one: Influence) -> dict[str, Any]:
    schools, is_told = round(one.alone, DIGITS), one.selected.total > one.selected.total_within
    otherwise = _OTHERWISE[one.choice]
    zh = f"{otherwise.zh}，入选名单平均变动 {schools:.1f} 所。"
    en = f"{otherwise.en}, {schools:.1f} of the selected change on average."
    if not is_told:
        zh += "这一影响与“没有影响”无法区分。"
        en += " Its influence cannot be told from nothing."
    return {
        "id": one.choice,
        "title_zh": one.title.zh,
        "title_en": one.title.en,
        "schools": schools,
        "is_told": is_told,
        "text_zh": zh,
        "text_en": en,
        "selected": _index(one.selected),
        "ranks": _index(one.ranks),
    }


def _index(one: Index) -> dict[str, float]:
    return {
        "first": round(one.first, DIGITS),
        "first_within": round(one.first_within, DIGITS),
        "total": round(one.total, DIGITS),
        "total_within": round(one.total_within, DIGITS),
    }
