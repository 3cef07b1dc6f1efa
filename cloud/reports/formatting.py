"""Figures and dates as the reports write them.

A figure is cut, never rounded up, to the digits shown: what is short of a mark must not look as if
it had met it.
"""

import re
import unicodedata
from datetime import date, datetime, timedelta, timezone

from cloud import shown
from cloud.reports.shapes import ClauseLine, Outcome, SchoolReport, Severity, Status
from cloud.scoring.engine.rounding import cut, published
from cloud.selection.improvement.plan import shown_days, shown_yuan

OUTCOMES: dict[Outcome, str] = {
    "met": "达标",
    "partly_met": "部分达标",
    "unmet": "未达标",
    "no_data": "无数据",
    "not_applicable": "不适用",
}
STATUSES: dict[Status, str] = {
    "selected": "入选",
    "not_selected": "未入选",
    "ineligible": "不符合入选条件",
    "not_rated": "未评级",
    "undecided": "尚未遴选",
}
SEVERITIES: dict[Severity, str] = {"high": "重点核查", "medium": "需核查", "low": "留意"}
DATA_SOURCES = {"telemetry": "物联数据", "ledger": "资产台账", "declared": "学校填报"}
CHANGED = "台账或数据在评价之后有变化：所列证据是现在的，合计与评价时不同"
PRICED = "按标准所列单价估算（项目默认），并非报价"
UNPRICED = "标准未列单价，或不需花钱"
NONE = "—"
CHINA = timezone(timedelta(hours=8))
"""The reports' clock: the whole country's."""
_LONGEST = 32_000
_RUN = re.compile(r"[!-,.0-~]{25,}")
"""Printable ASCII without `-` and `/`, after which a line breaks anyway."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PIECE = 12
_HIDDEN = {"Cc", "Cs", "Cn", "Co"}
_TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def score(value: float | None, digits: int = 2) -> str:
    """Return a score, cut to its digits."""
    return NONE if value is None else published(value, digits)


def percent(value: float | None, digits: int = 1) -> str:
    """Return a share in percent, cut to its digits."""
    return NONE if value is None else shown.percent(value, digits)


def figure(value: float | None, unit: str = "") -> str:
    """Return what was measured, cut to its digits; a unit of "%" means a share, "CNY" yuan."""
    if value is None:
        return NONE
    if unit == "CNY":
        return f"{cut(value, 0):,.0f}"
    return percent(value) if unit == "%" else f"{cut(value, 2):,.2f}".rstrip("0").rstrip(".")


def yuan(value: float | None) -> str:
    """Return a sum of money, in 万元 where it is large; rounded up to hundreds, as all are."""
    if value is None:
        return NONE
    hundreds = shown_yuan(value)
    return f"{hundreds:,.0f} 元" if hundreds < 10_000 else f"{hundreds / 10_000:,.2f} 万元"


def cost(yuan_: float | None, days: float | None) -> str:
    """Return what something takes: money, days of work, or both."""
    if yuan_ is None and days is None:
        return NONE
    parts = [yuan(yuan_ or 0.0)] if yuan_ or not days else []
    if days:
        parts.append(f"{shown_days(days):g} 个工作日")
    return "、".join(parts)


def day(value: date | None) -> str:
    """Return a date."""
    return NONE if value is None else f"{value.year}年{value.month}月{value.day}日"


def moment(value: datetime) -> str:
    """Return a moment, in the country's time."""
    local = value.astimezone(CHINA)
    return f"{day(local.date())} {local:%H:%M}"


def span(start: date | None, end: date | None) -> str:
    """Return a span of days."""
    return NONE if start is None and end is None else f"{day(start)}至{day(end)}"


def ranks(interval: tuple[int, int] | None) -> str:
    """Return an interval of ranks."""
    if interval is None:
        return NONE
    low, high = interval
    return f"第 {low} 名" if low == high else f"第 {low}–{high} 名"


def why_not_rated(report: SchoolReport) -> str:
    """Return why a school has no score."""
    if report.raw is None:
        return "标准中没有适用于该校的条款，因此不评级。"
    least = report.occasion.min_coverage
    return (
        f"有证据的权重只占 {percent(report.coverage)}，低于标准要求的 {percent(least)}，"
        "因此不给出得分。"
        "补齐证据后即可评级；没有证据不等于没有做到。"
    )


def gate(clause: ClauseLine) -> str:
    """Return the text of a clause's veto."""
    if not clause.gate:
        return ""
    return f"{clause.gate}（未过）" if clause.failed_gate else f"{clause.gate}（已过）"


def lost(clause: ClauseLine, scale: float) -> float:
    """Return the points that a clause did not earn."""
    return max(0.0, clause.weight * scale / 100 - (clause.points or 0.0))


def gaps(report: SchoolReport) -> list[ClauseLine]:
    """Return the clauses with lost points, most points lost first, then by clause."""
    scale = report.occasion.scale
    short = [
        clause for clause in report.clauses if lost(clause, scale) > 1e-9 and clause.weight > 0
    ]
    return sorted(short, key=lambda clause: (-round(lost(clause, scale), 9), clause.clause))


def replaced(selection: str, by: str) -> str:
    """Return that a list was replaced, "" while it is in force."""
    return f"名单 {selection} 已被名单 {by} 取代，不再有效，仅供查考。" if by else ""


def holds(is_held: bool | None) -> str:
    """Return whether a rule holds; None where that is unknown."""
    return "无法判断" if is_held is None else "是" if is_held else "否"


def clean(text: str) -> str:
    """Return a text without what no page can show or what would turn the text around it."""
    shown = text if text.isprintable() else "".join(_shown(character) for character in text)
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "…"


def breakable(text: str) -> str:
    """Return a text as one line whose long runs without a space may be broken over lines."""
    line = clean(text).replace("\n", " ")
    return _RUN.sub(lambda run: _broken(run[0]), line)


def _broken(run: str) -> str:
    """Return a run with places to break it; a digest has none, for it is there to be copied."""
    if _DIGEST.fullmatch(run):
        return run
    return "\u200b".join(run[at : at + _PIECE] for at in range(0, len(run), _PIECE))


def _shown(character: str) -> str:
    if character == "\n":
        return character
    if character == "\t":
        return " "
    if character in _TURNING or unicodedata.category(character) in _HIDDEN:
        return "\N{REPLACEMENT CHARACTER}"
    return character
