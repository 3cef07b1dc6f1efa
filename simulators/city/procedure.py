"""The procedure around a selection, taken through the API as the people concerned would.

Schools look through their findings, counties review them, somebody visits those on the list, the
list is published, two objections come: one is upheld and changes the list, which is published
again, the other is rejected. It is not final: the publicity period runs on. The log takes every
step at the moment it is taken and knows no other date, so all of them are of today; only a visit
says on which day it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import httpx

from simulators.city.kinds import DIVISIONS
from simulators.errors import SimulatorError
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
    "抽查台账二十件，账物相符，同意推荐。",
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
class Taken:
    """What came of it."""

    steps: int
    selection: str
    """The list that stands."""
    overridden: str | None
    """The school that an objection brought in; None where the quotas did not allow it."""
    confirmed: str | None
    """The school of which a declared figure was confirmed."""
    last_day: date

    def told(self) -> str:
        """Return it in a line."""
        changed = "one upheld and the list changed" if self.overridden else "none changed the list"
        return (
            f"{self.steps} steps, two objections, {changed}; open for objections until "
            f"{self.last_day}, so not final"
        )


def take_procedure(url: str, token: str, selection: str, inspections: Mapping[str, str]) -> Taken:
    """Take the steps; `inspections` are the days of the visits, by county."""
    headers = {"Authorization": f"Token {token}"}
    with httpx.Client(base_url=url, headers=headers, timeout=300, trust_env=False) as client:
        desk = _Desk(client, datetime.now(ZONE).date(), inspections)
        chosen = desk.ask(f"/selections/{selection}")
        inside, outside = chosen["items"], chosen["first_out"]
        objector, gives_way = pair(inside, outside, chosen["quotas"])
        desk.self_assessments([*inside, *outside])
        desk.reviews([*inside, *outside])
        more = [row for row in outside if row is objector or row in outside[:_FIRST_OUT_VISITED]]
        desk.visits([*inside, *more])
        confirmed = desk.confirmation(inside, chosen["assessment"])
        if not inside:
            return Taken(desk.steps, selection, None, confirmed, desk.today)
        desk.publicity(selection, "按评选规则公示入选名单，公示期内接受实名异议。")
        standing, overridden = selection, None
        if objector is not None:
            standing = desk.objection_upheld(selection, objector, gives_way)
            overridden = objector["school"] if standing != selection else None
        if overridden is not None:
            desk.publicity(standing, "经异议复核改判一所学校，名单变动，重新公示。")
        desk.objection_rejected(standing)
        return Taken(desk.steps, standing, overridden, confirmed, desk.last_day)


def pair(
    inside: list[dict[str, Any]], outside: list[dict[str, Any]], quotas: list[dict[str, Any]]
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return who objects, and who of its kind would give way without breaking a quota."""
    county = {quota["code"]: quota for quota in quotas if quota["group"] == "division"}

    def fits(out: dict[str, Any], one: dict[str, Any]) -> bool:
        if any(_kind(out, key) != _kind(one, key) for key in ("stages", "urban_rural")):
            return False
        if out["division"] == one["division"]:
            return True
        takes, gives = county.get(out["division"]), county.get(one["division"])
        has_room = takes is None or takes["most"] is None or takes["selected"] < takes["most"]
        can_spare = gives is None or gives["least"] is None or gives["selected"] > gives["least"]
        return has_room and can_spare

    for out in outside:
        for one in reversed(inside):
            if fits(out, one):
                return out, one
    return (outside[0], None) if outside else (None, None)


class _Desk:
    """Asks the cloud and takes steps."""

    def __init__(self, client: httpx.Client, today: date, inspections: Mapping[str, str]) -> None:
        self.steps = 0
        self.today = today
        self.last_day = today + timedelta(days=PUBLICITY_DAYS - 1)
        self._client = client
        self._inspections = inspections

    def ask(self, path: str, **asked: Any) -> Any:
        answer = self._client.get(f"/api/v1{path}", params=asked)
        if not answer.is_success:
            raise SimulatorError(f"{answer.url}: refused: {answer.text[:300]}")
        return answer.json()

    def self_assessments(self, rows: list[dict[str, Any]]) -> None:
        for turn, row in enumerate(rows):
            told: dict[str, Any] = {"agrees": True, "reason": _AGREED[turn % len(_AGREED)]}
            if not row["selected"] and turn % 3 == 0:
                told = {"agrees": False, "reason": "个别设备因断网缺数据，实际在用，请复核。"}
            self._take("self_assessment", f"学校自评小组 {_name(turn)}校长", **_of(row), **told)

    def reviews(self, rows: list[dict[str, Any]]) -> None:
        for turn, row in enumerate(rows):
            is_weak = not row["selected"] and turn % 4 == 3
            self._take(
                "county_review",
                f"{_county(row)}教育局装备复核组 {_name(turn // 3 + 1)}老师",
                **_of(row),
                result="to_be_improved" if is_weak else "recommended",
                reason=_TO_IMPROVE if is_weak else _RECOMMENDED[turn % len(_RECOMMENDED)],
            )

    def visits(self, rows: list[dict[str, Any]]) -> None:
        for turn, row in enumerate(rows):
            in_part = turn % 17 == 5
            self._take(
                "site_visit",
                f"市级核查专家组 {_name(turn // 5 + 2)}组长",
                **_of(row),
                visited_on=self._inspections.get(row["division"], self.today.isoformat()),
                result="confirmed_in_part" if in_part else "confirmed",
                reason=_VISITED_IN_PART if in_part else _VISITED[turn % len(_VISITED)],
            )

    def confirmation(self, rows: list[dict[str, Any]], assessment: str) -> str | None:
        """Confirm the first declared figure that still waits for it; return whose it is."""
        for row in rows:
            path = f"/assessments/{assessment}/schools/{row['school']}"
            for one in self.ask(path)["findings"]:
                if not one["capped"]:
                    continue
                opened = self.ask(f"{path}/findings/{one['clause']}")["finding"]
                for sign in opened["evidence"]:
                    book, _, rest = sign["ref"].partition(":")
                    item = rest.partition("/")[0]
                    if book == "declaration" and self._is_taken(
                        "declaration_confirmed",
                        f"{_county(row)}教育局装备复核组 {_name(1)}老师",
                        **_of(row),
                        item=item,
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
        """Let a school that is out object; return the list that then stands."""
        objection = self._take(
            "objection",
            f"{row['name']} {_name(0)}校长",
            selection=selection,
            school=row["school"],
            reason="评估期内网关检修断网，部分时段数据缺失，设备实际在用，附检修单和巡课记录。",
        )
        taken = self._ask_for(
            "override",
            f"评审委员会 {_name(6)}主任",
            selection=selection,
            school=row["school"],
            decision="in",
            instead_of=None if gives_way is None else gives_way["school"],
            reason=f"异议 {objection['id']} 成立：检修单与断网时段一致，巡课记录证实在用。",
        )
        if taken.status_code == _CONFLICT:
            self._answer(objection, "rejected", "情况属实，但改判将违反名额规则，维持原结果。")
            return selection
        made: str = self._checked(taken)["change"]["selection"]
        self._answer(objection, "upheld", "经调阅检修单和巡课记录，异议成立，已改判并重新公示。")
        return made

    def objection_rejected(self, selection: str) -> None:
        row = self.ask(f"/selections/{selection}")["items"][0]
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

    def _take(self, step: str, by: str, **told: Any) -> dict[str, Any]:
        return self._checked(self._ask_for(step, by, **told))

    def _is_taken(self, step: str, by: str, **told: Any) -> bool:
        """Take a step, unless it was taken before."""
        answer = self._ask_for(step, by, **told)
        if answer.status_code == _CONFLICT:
            return False
        self._checked(answer)
        return True

    def _ask_for(self, step: str, by: str, **told: Any) -> httpx.Response:
        return self._client.post("/api/v1/procedure", json={"step": step, "by": by, **told})

    def _checked(self, answer: httpx.Response) -> dict[str, Any]:
        if not answer.is_success:
            raise SimulatorError(f"{answer.url}: refused: {answer.text[:300]}")
        self.steps += 1
        taken: dict[str, Any] = answer.json()
        return taken


def _kind(row: Mapping[str, Any], key: str) -> Any:
    """Return what quotas look at: the stages, and whether it is a city, a town or a village."""
    return (row[key] or "")[:1] if key == "urban_rural" else row[key]


def _of(row: Mapping[str, Any]) -> dict[str, str]:
    return {"school": row["school"]}


def _county(row: Mapping[str, Any]) -> str:
    return DIVISIONS[row["division"]][0]


def _name(turn: int) -> str:
    return _FAMILIES[turn % len(_FAMILIES)]
