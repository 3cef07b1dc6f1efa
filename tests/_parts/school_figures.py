"""Every figure that two or more pages, reports or answers of the API give of a school.

`read` asks a running cloud as its pages do and notes each figure with its place. Two of one
name have to be equal, in all their decimals: what is rounded for display is rounded from them.
"""

import io
import math
from collections import defaultdict
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from openpyxl import load_workbook

from cloud.domain import CONNECTED
from cloud.scoring.indicators.base import all_indicators
from cloud.scoring.indicators.usage.computer_room_use import COMPUTER_ROOM
from cloud.scoring.standard import standard
from cloud.utilization.due_slots import WRITTEN_OFF

_PRESENCES = ("online", "lost", "never_seen", "no_sensor")
_STATES = ("active", "standby", "off", "no_rule", "unobserved", "no_sensor")
_LESSONS = ("lessons_scheduled", "lessons_observed", "lessons_used", "lessons_by_sensor")
_SECONDS = ("standby_s", "standby_waste_s", "off_s", "unobserved_s")
_SUMS = ("part", "whole", "unknown")
_MOST = 5000
_ZONE = ZoneInfo("Asia/Shanghai")
_ASSETS_OPENED = 3


class Ask(Protocol):
    """Asks an address below `/api/v1`; answers JSON, or bytes of a file."""

    def __call__(self, path: str, **query: Any) -> Awaitable[Any]:
        """Return the answer; None where there is no such thing."""


@dataclass
class Figures:
    """Figures by name, each with its value at every place that shows it."""

    school: str
    values: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))

    def note(self, name: str, **places: Any) -> None:
        """Note a figure as each of some places gives it."""
        self.values[name] |= places

    @property
    def compared(self) -> int:
        """Return how many figures are at two places or more."""
        return sum(len(places) > 1 for places in self.values.values())

    def disagreements(self) -> list[str]:
        """Return the figures that are not the same everywhere."""
        return [
            f"{self.school} {name}: {dict(places)}"
            for name, places in self.values.items()
            if not _all_same(list(places.values()))
        ]


def _all_same(values: list[Any]) -> bool:
    first, *others = values
    return all(_same(first, other) for other in others)


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return first.keys() == second.keys() and all(
            _same(first[key], second[key]) for key in first
        )
    if isinstance(first, float) and isinstance(second, float | int):
        return math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-6)
    return bool(first == second)


async def read(ask: Ask, school: str) -> Figures:
    """Return the figures of a school, all of one moment: the school has to hold still."""
    figures = Figures(school)
    base = f"/schools/{school}"
    overview = await ask(f"{base}/overview")
    page = await ask(f"{base}/assets", limit=_MOST)
    assets = page["items"]
    figures.note("span", overview=overview["start"], assets=page["start"])
    figures.note("last day", overview=overview["end"], assets=page["end"])
    await _ledger(ask, figures, overview, page)
    await _now(ask, figures, overview, assets)
    await _use(ask, figures, overview)
    await _use_of_assets(ask, figures, overview, assets)
    await _score(ask, figures, assets)
    await _assessed(ask, figures)
    return figures


async def _ledger(ask: Ask, figures: Figures, overview: Any, page: Any) -> None:
    base, assets = f"/schools/{figures.school}", page["items"]
    rooms = await ask(f"{base}/rooms")
    tables = {row["table"]: row["rows"] for row in await ask(f"{base}/records")}
    figures.note(
        "assets",
        overview=overview["assets"],
        assets=page["total"],
        records=tables["assets"],
        categories=sum(row["assets"] for row in overview["categories"]),
        rooms=sum(room["assets"] for room in rooms) + sum(row["room"] is None for row in assets),
    )
    values = [
        row["original_value_yuan"]
        for row in assets
        if row["original_value_yuan"] is not None and row["condition"] not in WRITTEN_OFF
    ]
    figures.note(
        "original value",
        overview=overview["original_value_yuan"],
        assets=sum(values) if values else None,
    )
    by_room = {room["number"]: room["assets"] for room in rooms}
    for room in overview["rooms"]:
        figures.note(
            f"assets in {room['room']}", overview=room["assets"], rooms=by_room[room["room"]]
        )


async def _now(ask: Ask, figures: Figures, overview: Any, assets: Any) -> None:
    base = f"/schools/{figures.school}"
    devices = await ask(f"{base}/records/devices", limit=_MOST)
    bound = {row["id"] for row in assets if row["device"] is not None}
    figures.note(
        "connected",
        overview=overview["assets_connected"],
        assets=sum(row["presence"] in CONNECTED for row in assets),
        categories=sum(row["connected"] for row in overview["categories"]),
        records=len({row["asset_id"] for row in devices["items"]} & bound),
    )
    figures.note(
        "not in the ledger",
        overview=sorted(
            item["subject"] for item in overview["attention"] if item["kind"] == "unknown_asset"
        ),
        records=sorted(row["key"] for row in devices["items"] if row["asset_id"] is None),
    )
    for presence in _PRESENCES:
        listed = await ask(f"{base}/assets", presence=presence, limit=1)
        figures.note(
            presence,
            list=sum(row["presence"] == presence for row in assets),
            filter=listed["total"],
        )
        if presence != "never_seen":
            figures.note(presence, overview=overview[f"assets_{presence}"])
    without = await ask(f"{base}/assets", bound=False, limit=1)
    figures.note("no_sensor", unbound=without["total"])
    figures.note(
        "online", categories=sum(category["online"] for category in overview["categories"])
    )
    figures.note(
        "lost and expected to work",
        overview=sum(item["kind"] == "lost" for item in overview["attention"]),
        assets=sum(
            row["presence"] == "lost" and row["condition"] not in WRITTEN_OFF for row in assets
        ),
    )
    for state in _STATES:
        listed = await ask(f"{base}/assets", state=state, limit=1)
        figures.note(
            f"state {state}",
            list=sum(row["state"] == state for row in assets),
            filter=listed["total"],
            categories=sum(category[state] for category in overview["categories"]),
        )
    for category in overview["categories"]:
        listed = await ask(f"{base}/assets", category=category["category"], limit=1)
        figures.note(
            f"assets of {category['category']}",
            overview=category["assets"],
            states=sum(category[state] for state in _STATES),
            filter=listed["total"],
        )
    presences = {row["device"]: row["presence"] for row in assets if row["device"]}
    for gateway in await ask(f"{base}/gateways"):
        opened = await ask(f"/gateways/{gateway['gateway']}")
        figures.note(
            f"devices of {gateway['gateway']}",
            list=gateway["devices"],
            gateway=len(opened["devices"]),
        )
        for presence in ("online", "lost"):
            figures.note(
                f"{presence} of {gateway['gateway']}",
                list=gateway[f"devices_{presence}"],
                gateway=sum(row["presence"] == presence for row in opened["devices"]),
            )
        for row in opened["devices"]:
            if row["asset_id"] is not None:
                figures.note(
                    f"presence of {row['asset']}",
                    gateway=row["presence"],
                    assets=presences[row["asset"]],
                )


async def _use(ask: Ask, figures: Figures, overview: Any) -> None:
    base = f"/schools/{figures.school}"
    today = date.fromisoformat(overview["end"])
    monday = today - timedelta(days=today.weekday())

    async def of(start: date | str, end: date | str, **query: Any) -> list[Any]:
        rows: list[Any] = await ask(f"{base}/utilization", start=start, end=end, **query)
        return rows

    for name, start in (("today", today), ("week", monday)):
        figures.note(f"use {name}", overview=overview[name])
        for row in await of(start, today, by="school"):
            figures.note(f"use {name}", utilization=row["use"])
    rows = await of(overview["start"], today, by="school", span="day")
    by_day = {row["span"]: row["use"] for row in rows}
    for entry in overview["by_day"]:
        figures.note(f"use on {entry['day']}", overview=entry["use"])
        if entry["day"] in by_day:
            figures.note(f"use on {entry['day']}", utilization=by_day[entry["day"]])
        if entry["day"] == overview["end"]:
            figures.note("use today", by_day=entry["use"])
    (whole,) = await of(overview["start"], today, by="school") or [None]
    if whole is None:
        return
    by_category = await of(overview["start"], today, by="category")
    by_room = await of(overview["start"], today, by="room")
    for name in _LESSONS:
        figures.note(
            name,
            school=whole["use"][name],
            days=sum(use[name] for use in by_day.values()),
            rooms=sum(row["use"][name] for row in by_room),
        )
    for name in _SECONDS:
        figures.note(
            name,
            school=whole["use"][name],
            days=sum(use[name] for use in by_day.values()),
            categories=sum(row["use"][name] for row in by_category),
        )
    await _use_by_period(ask, figures, max(by_day), by_day)


async def _use_by_period(ask: Ask, figures: Figures, last: str, by_day: Mapping[str, Any]) -> None:
    """Compare the rows that a journalist would add up with the sums of the pages."""
    day = max((day for day, use in by_day.items() if use["lessons_scheduled"]), default=last)
    page = await ask(f"/schools/{figures.school}/records/use", start=day, end=day, limit=_MOST)
    lessons: dict[tuple[str, int], list[Mapping[str, Any]]] = defaultdict(list)
    for row in page["items"]:
        cells = row["cells"]
        if cells["lesson"] and cells["room"] is not None:
            lessons[cells["room"], cells["period"]].append(cells)
    used = [rows for rows in lessons.values() if any(row["used"] for row in rows)]
    figures.note(
        f"lessons on {day}",
        utilization={name: by_day[day][name] for name in _LESSONS},
        records={
            "lessons_scheduled": len(lessons),
            "lessons_observed": sum(
                any(row["used"] for row in rows) or all(row["seen"] for row in rows)
                for rows in lessons.values()
            ),
            "lessons_used": len(used),
            "lessons_by_sensor": sum(
                all(row["by_sensor"] for row in rows) for rows in lessons.values()
            ),
        },
    )


async def _use_of_assets(ask: Ask, figures: Figures, overview: Any, assets: Any) -> None:
    base = f"/schools/{figures.school}"
    span = {"start": overview["start"], "end": overview["end"]}
    uses = {row["key"]: row["use"] for row in await ask(f"{base}/utilization", by="asset", **span)}
    connected = [row for row in assets if row["use"] is not None]
    for row in connected:
        figures.note(f"use of {row['asset_no']}", assets=row["use"])
        if str(row["id"]) in uses:
            figures.note(f"use of {row['asset_no']}", utilization=uses[str(row["id"])])
    in_use = [row for row in connected if row["use"]["lessons_used"]] or connected
    for row in in_use[:_ASSETS_OPENED]:
        opened = await ask(f"/assets/{row['id']}")
        figures.note(f"use of {row['asset_no']}", asset=opened["use"])
        for name in ("state", "presence", "last_seen", "category", "room"):
            figures.note(f"{name} of {row['asset_no']}", assets=row[name], asset=opened[name])
        heatmap = await ask(f"/assets/{row['id']}/heatmap", **span)
        figures.note(
            f"lessons of {row['asset_no']}",
            assets=row["use"]["lessons_used"],
            heatmap=sum(cell["used"] for cell in heatmap["cells"]),
        )
        day = max((entry["day"] for entry in overview["by_day"]), default=overview["end"])
        timeline = await ask(f"/assets/{row['id']}/timeline", day=day)
        of_day = await ask(f"{base}/utilization", by="asset", span="day", start=day, end=day)
        for entry in of_day:
            if entry["key"] == str(row["id"]):
                use = entry["use"]
                figures.note(
                    f"active seconds of {row['asset_no']} on {day}",
                    utilization=use["active_in_timetable_s"] + use["active_out_of_timetable_s"],
                    timeline=sum(slot["active_s"] for slot in timeline["slots"]),
                )


async def _score(ask: Ask, figures: Figures, assets: Any) -> None:
    base = f"/schools/{figures.school}"
    score = await ask(f"{base}/score")
    span = {"start": score["start"], "end": score["end"]}
    edition = next(e for e in standard.editions() if e.edition == score["standard"])
    clauses = {clause.id: clause for clause in edition.clauses}
    findings = {clauses[finding["clause"]].indicator: finding for finding in score["findings"]}
    parameters = {clause.indicator: dict(clause.parameters) for clause in edition.clauses}
    whole = await ask(f"{base}/utilization", by="school", **span)
    if whole and (finding := findings.get("reachable_rate")) and finding["measured"] is not None:
        figures.note(
            "observed share of the term",
            utilization=whole[0]["use"]["observed_share"],
            score=finding["measured"],
        )
    if finding := findings.get("ledger_telemetry_agreement"):
        devices = (await ask(f"{base}/records/devices", limit=_MOST, **span))["items"]
        figures.note("devices", score=finding["whole"] or 0, records=len(devices))
        figures.note(
            "devices in the ledger",
            score=finding["part"] or 0,
            records=sum(row["asset_id"] is not None for row in devices),
        )
    if finding := findings.get("iot_coverage"):
        given = {
            name: parameter.default
            for name, parameter in all_indicators()["iot_coverage"].parameters.items()
        } | parameters["iot_coverage"]
        since = date.fromisoformat(score["end"]) - timedelta(days=int(str(given["days"])))
        able = [
            row
            for row in assets
            if row["condition"] in {"1", "2"}
            and row["category"] in given["categories"]
            and not row["is_category_by_sensor"]
        ]
        figures.note("assets that can report", score=finding["whole"] or 0, assets=len(able))
        figures.note(
            "assets that reported",
            score=finding["part"] or 0,
            assets=sum(
                row["presence"] in CONNECTED and _day(row["last_seen"]) >= since for row in able
            ),
        )
    await _score_of_rooms(ask, figures, findings, span)
    for finding in score["findings"][:4]:
        opened = await ask(f"{base}/findings/{finding['clause']}")
        for name in (
            "measured",
            "points",
            "part",
            "whole",
            "unknown",
            "coverage",
            "evidence_total",
        ):
            figures.note(f"{finding['clause']} {name}", score=finding[name], finding=opened[name])


async def _score_of_rooms(
    ask: Ask, figures: Figures, findings: Mapping[str, Any], span: Mapping[str, Any]
) -> None:
    base = f"/schools/{figures.school}"
    uses = {row["number"]: row["use"] for row in await ask(f"{base}/rooms")}
    rows = await ask(f"{base}/utilization", by="room", **span)
    for indicator in ("computer_room_use", "function_room_use"):
        finding = findings.get(indicator)
        if finding is None or finding["whole"] is None:
            continue
        meant = [row["use"] for row in rows if _is_meant(indicator, uses.get(row["key"]))]
        figures.note(
            f"lessons of {indicator}",
            score=[finding[name] for name in _SUMS],
            utilization=[
                float(sum(use["lessons_used"] for use in meant)),
                float(sum(use["lessons_scheduled"] for use in meant)),
                float(sum(use["lessons_scheduled"] - use["lessons_observed"] for use in meant)),
            ],
        )


def _is_meant(indicator: str, use: str | None) -> bool:
    """Whether an indicator of rooms is about a room of this use."""
    if indicator == "computer_room_use":
        return use == COMPUTER_ROOM
    return use is not None and use != "111"


async def _assessed(ask: Ask, figures: Figures) -> None:
    school = figures.school
    ranking = await ask("/assessments/latest/ranking", q=school)
    if ranking is None or not ranking["items"]:
        return
    (row,) = ranking["items"]
    page = await ask(f"/assessments/latest/schools/{school}")
    for name in ("value", "raw", "coverage", "rank", "chance", "grade", "selected", "dimensions"):
        figures.note(f"assessed {name}", ranking=row[name], school=page["school"][name])
    figures.note(
        "assessed dimensions",
        findings={entry["dimension"]: entry["value"] for entry in page["dimensions"]},
    )
    if page["verdict"]:
        figures.note("assessed rank", verdict=page["verdict"]["rank"])
        figures.note("assessed chance", verdict=page["verdict"]["chance"])
    line = page["assessment"]
    changes = await ask(f"/assessments/latest/schools/{school}/changes")
    live = await ask(f"/schools/{school}/score", start=line["start"], end=line["end"])
    if not changes["has_changed"]:
        figures.note("assessed value", live=live["value"])
        figures.note("assessed coverage", live=live["coverage"])
        then = {finding["clause"]: finding for finding in page["findings"]}
        for finding in live["findings"]:
            for name in ("measured", "points", *_SUMS, "outcome"):
                figures.note(
                    f"assessed {finding['clause']} {name}",
                    live=finding[name],
                    school=then[finding["clause"]][name],
                )
    await _reports(ask, figures, page)


async def _reports(ask: Ask, figures: Figures, page: Any) -> None:
    content = await ask(f"/assessments/latest/reports/schools/{figures.school}.xlsx")
    if content is None:
        return
    book = load_workbook(io.BytesIO(content), read_only=True)
    sheets = {sheet.title: [*sheet.iter_rows(values_only=True)] for sheet in book.worksheets}
    facts = {row[0]: row[1] for row in sheets["概览"] if len(row) > 1}
    value = facts.get("得分")
    figures.note("assessed value", workbook=value if isinstance(value, float | int) else None)
    figures.note("assessed coverage", workbook=facts["证据覆盖率"])
    if "名次" in facts:
        figures.note("assessed rank", workbook=facts["名次"])
        figures.note("assessed chance", workbook=facts["入选概率"])
    for row in _by_title(sheets["维度"]):
        for entry in page["dimensions"]:
            if entry["title"]["zh"] == row["维度"] and entry["value"] is not None:
                name = entry["dimension"]
                figures.note(f"value of {name}", school=entry["value"], workbook=row["得分"])
                figures.note(
                    f"coverage of {name}", school=entry["coverage"], workbook=row["证据覆盖率"]
                )
    findings = {finding["clause"]: finding for finding in page["findings"]}
    for row in _by_title(sheets["逐条得分"]):
        finding = findings[row["条款"]]
        if finding["outcome"] != "not_applicable":
            for name, title in (("measured", "实测"), ("points", "得分"), ("weight", "权重")):
                figures.note(
                    f"assessed {row['条款']} {name}", school=finding[name], workbook=row[title]
                )


def _by_title(rows: list[Any]) -> list[dict[str, Any]]:
    """Return the rows of a sheet below its titles, each by title."""
    titles, *others = rows
    return [dict(zip(titles, row, strict=True)) for row in others]


def _day(moment: str) -> date:
    return datetime.fromisoformat(moment).astimezone(_ZONE).date()
