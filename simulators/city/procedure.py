"""The review procedure of a selection, taken over the API by the people who take part in it.

Schools confirm their findings, counties review them, inspectors visit the schools on the list, the
list is published, two objections are made: one is upheld and changes the list, which is published
again, the other is rejected. The result is not final: the publicity period goes on. The log dates
every step by the moment at which it is taken, so all of them are of today; only a visit states its
own day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import httpx

from simulators.city.kinds import DIVISIONS
from simulators.cloud_client import CloudClient
from simulators.progress import Progress, no_progress
from simulators.school.timetable import ZONE

PUBLICITY_DAYS = 7
_FIRST_OUT_VISITED = 3
_CONFLICT = 409
_CITY = "台州市教育局装备管理中心"
_CONTACT = f"{_CITY}（模拟，无真实地址和电话）"
_FAMILIES = "陈林王李张叶金郑徐章蔡罗"
_AGREED = (
    "已逐条核对指标和证据，认可评估结果。",
    "对照台账和使用数据核对无误，无异议。",
    "校务会讨论通过，证据属实。",
)
_RECOMMENDED = (
    "台账、使用数据和佐证材料相互印证，同意推荐。",
    "抽查台账二十件，账实相符，同意推荐。",
    "核对课表与设备使用记录一致，同意推荐。",
)
_TO_IMPROVE = "部分设备长期无数据，台账缺项较多，建议整改后再申报。"
_VISITED = (
    "抽查教室和功能室，设备在位、可用，与系统记录一致。",
    "随堂查看两节课，大屏使用情况与数据一致。",
    "清点实验室和计算机教室，与台账一致。",
)
_VISITED_IN_PART = "一间功能室的设备已搬到别处，台账位置未更新，其余与记录一致。"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of the procedure."""

    steps: int
    selection: str
    """The list that applies."""
    overridden: str | None
    """The school that an objection brought in; None where the quotas did not allow it."""
    confirmed: str | None
    """The school of which a declared figure was confirmed."""
    last_day: date

    def summary(self) -> str:
        """Return it in a line."""
        changed = "one upheld and the list changed" if self.overridden else "none changed the list"
        return (
            f"{self.steps} steps, two objections, {changed}; open for objections until "
            f"{self.last_day}, so not final"
        )


def take_procedure(
    url: str,
    token: str,
    selection: str,
    inspections: Mapping[str, str],
    progress: Progress = no_progress,
) -> Outcome:
    """Take the steps; `inspections` are the days of the visits, by county.

    Raises SimulatorError where the cloud refuses a step.
    """
    with CloudClient(url, token) as client:
        steps = _ProcedureSteps(client, datetime.now(ZONE).date(), inspections, progress)
        current = client.get(f"/selections/{selection}")
        inside, outside = current["items"], current["first_out"]
        objector, gives_way = pair(inside, outside, current["quotas"])
        steps.self_assessments([*inside, *outside])
        steps.reviews([*inside, *outside])
        visited = [row for row in outside if row is objector or row in outside[:_FIRST_OUT_VISITED]]
        steps.visits([*inside, *visited])
        confirmed = steps.confirmation(inside, current["assessment"])
        if not inside:
            return Outcome(steps.number, selection, None, confirmed, steps.today)
        steps.publicity(selection, "按评选规则公示入选名单，公示期内接受实名异议。")
        standing, overridden = selection, None
        if objector is not None:
            standing = steps.objection_upheld(selection, objector, gives_way)
            overridden = objector["school"] if standing != selection else None
        if overridden is not None:
            steps.publicity(standing, "经异议复核人工调整一所学校，名单变动，重新公示。")
        steps.objection_rejected(standing)
        return Outcome(steps.number, standing, overridden, confirmed, steps.last_day)


def pair(
    inside: list[dict[str, Any]], outside: list[dict[str, Any]], quotas: list[dict[str, Any]]
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return the school that objects, and the one of its kind that it can replace.

    No quota is broken by the exchange; the second is None where there is no such school.
    """
    county = {quota["code"]: quota for quota in quotas if quota["group"] == "division"}

    def fits(candidate: dict[str, Any], selected: dict[str, Any]) -> bool:
        if any(_kind(candidate, key) != _kind(selected, key) for key in ("stages", "urban_rural")):
            return False
        if candidate["division"] == selected["division"]:
            return True
        takes, gives = county.get(candidate["division"]), county.get(selected["division"])
        has_room = takes is None or takes["most"] is None or takes["selected"] < takes["most"]
        can_spare = gives is None or gives["least"] is None or gives["selected"] > gives["least"]
        return has_room and can_spare

    for candidate in outside:
        for selected in reversed(inside):
            if fits(candidate, selected):
                return candidate, selected
    return (outside[0], None) if outside else (None, None)


class _ProcedureSteps:
    """Takes the steps of one selection and counts them."""

    def __init__(
        self,
        client: CloudClient,
        today: date,
        inspections: Mapping[str, str],
        progress: Progress,
    ) -> None:
        self.number = 0
        self.today = today
        self.last_day = today + timedelta(days=PUBLICITY_DAYS - 1)
        self._client = client
        self._inspections = inspections
        self._progress = progress

    def self_assessments(self, rows: list[dict[str, Any]]) -> None:
        for turn, row in enumerate(rows):
            answer: dict[str, Any] = {"agrees": True, "reason": _AGREED[turn % len(_AGREED)]}
            if not row["selected"] and turn % 3 == 0:
                answer = {"agrees": False, "reason": "个别设备因断网缺数据，实际在用，请复核。"}
            self._take(
                "self_assessment", f"学校自评小组 {_name(turn)}校长", **_school(row), **answer
            )

    def reviews(self, rows: list[dict[str, Any]]) -> None:
        for turn, row in enumerate(rows):
            is_weak = not row["selected"] and turn % 4 == 3
            self._take(
                "county_review",
                f"{_county(row)}教育局装备复核组 {_name(turn // 3 + 1)}老师",
                **_school(row),
                result="to_be_improved" if is_weak else "recommended",
                reason=_TO_IMPROVE if is_weak else _RECOMMENDED[turn % len(_RECOMMENDED)],
            )

    def visits(self, rows: list[dict[str, Any]]) -> None:
        for turn, row in enumerate(rows):
            in_part = turn % 17 == 5
            self._take(
                "site_visit",
                f"市级核查专家组 {_name(turn // 5 + 2)}组长",
                **_school(row),
                visited_on=self._inspections.get(row["division"], self.today.isoformat()),
                result="confirmed_in_part" if in_part else "confirmed",
                reason=_VISITED_IN_PART if in_part else _VISITED[turn % len(_VISITED)],
            )

    def confirmation(self, rows: list[dict[str, Any]], assessment: str) -> str | None:
        """Confirm the first declared figure that still waits for it; return its school."""
        for row in rows:
            path = f"/assessments/{assessment}/schools/{row['school']}"
            for clause in self._client.get(path)["findings"]:
                if not clause["capped"]:
                    continue
                finding = self._client.get(f"{path}/findings/{clause['clause']}")["finding"]
                for evidence in finding["evidence"]:
                    record, _, key = evidence["ref"].partition(":")
                    if record == "declaration" and self._is_taken(
                        "declaration_confirmed",
                        f"{_county(row)}教育局装备复核组 {_name(1)}老师",
                        **_school(row),
                        item=key.partition("/")[0],
                        reason="查阅原始登记和现场清点记录，申报数属实。",
                    ):
                        return str(row["school"])
        return None

    def publicity(self, selection: str, why: str) -> None:
        self._take(
            "publicity",
            f"{_CITY} {_name(4)}主任",
            selection=selection,
            first_day=self.today.isoformat(),
            last_day=self.last_day.isoformat(),
            contact=_CONTACT,
            reason=why,
        )

    def objection_upheld(
        self, selection: str, row: dict[str, Any], gives_way: dict[str, Any] | None
    ) -> str:
        """Let a school that is not selected object; return the list that then applies."""
        objection = self._take(
            "objection",
            f"{row['name']} {_name(0)}校长",
            selection=selection,
            school=row["school"],
            reason="评估期内网关检修断网，部分时段数据缺失，设备实际在用，附检修单和巡课记录。",
        )
        taken = self._post(
            "override",
            f"评审委员会 {_name(6)}主任",
            selection=selection,
            school=row["school"],
            decision="in",
            instead_of=None if gives_way is None else gives_way["school"],
            reason=f"异议 {objection['id']} 成立：检修单与断网时段一致，巡课记录证实在用。",
        )
        if taken.status_code == _CONFLICT:
            self._answer(objection, "rejected", "情况属实，但人工调整将违反名额规则，维持原结果。")
            return selection
        made: str = self._counted(taken)["change"]["selection"]
        self._answer(objection, "upheld", "调阅检修单和巡课记录，异议成立，已人工调整并重新公示。")
        return made

    def objection_rejected(self, selection: str) -> None:
        row = self._client.get(f"/selections/{selection}")["items"][0]
        objection = self._take(
            "objection",
            "来信人 周先生（实名，家长）",
            selection=selection,
            school=row["school"],
            reason="反映该校大屏放学后长时间亮着，使用时长可能不实。",
        )
        self._answer(
            objection,
            "rejected",
            "调阅放学后时段数据并现场核查，亮屏为课后服务使用，与课表登记一致，异议不成立。",
        )

    def _answer(self, objection: Mapping[str, Any], result: str, reason: str) -> None:
        self._take(
            "answer",
            f"{_CITY} {_name(5)}科长",
            answers=objection["id"],
            result=result,
            reason=reason,
        )

    def _take(self, step: str, by: str, **contents: Any) -> dict[str, Any]:
        return self._counted(self._post(step, by, **contents))

    def _is_taken(self, step: str, by: str, **contents: Any) -> bool:
        """Take a step, unless it was taken before."""
        answer = self._post(step, by, **contents)
        if answer.status_code == _CONFLICT:
            return False
        self._counted(answer)
        return True

    def _post(self, step: str, by: str, **contents: Any) -> httpx.Response:
        body = {"step": step, "by": by, **contents}
        return self._client.request("POST", "/api/v1/procedure", json=body)

    def _counted(self, answer: httpx.Response) -> dict[str, Any]:
        entry: dict[str, Any] = self._client.checked(answer).json()
        self.number += 1
        self._progress(self.number, None)
        return entry


def _kind(row: Mapping[str, Any], key: str) -> Any:
    """Return what quotas depend on: the stages, and whether it is a city, a town or a village."""
    return (row[key] or "")[:1] if key == "urban_rural" else row[key]


def _school(row: Mapping[str, Any]) -> dict[str, str]:
    return {"school": row["school"]}


def _county(row: Mapping[str, Any]) -> str:
    return DIVISIONS[row["division"]][0]


def _name(turn: int) -> str:
    return _FAMILIES[turn % len(_FAMILIES)]
