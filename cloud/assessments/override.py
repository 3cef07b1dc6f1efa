"""A decision against the rules: a new selection that says so, and the old one stays. Pure."""

from collections.abc import Mapping
from typing import Any

from cloud.assessments.selection import Chosen
from cloud.errors import Conflict, NotFound, Unprocessable

RULE = "override"


def overridden(
    chosen: Chosen, *, school: str, decision: str, instead_of: str | None, by: str, reason: str
) -> dict[str, Any]:
    """Return the contents of the selection that a decision makes out of another one.

    A place is only given where there is one: who is taken in beyond the places needs a school that
    makes room. What the decision breaks (places, quotas) is named in `warnings`.
    """
    schools = {name: dict(one) for name, one in chosen.outcomes.items()}
    for name in filter(None, (school, instead_of)):
        if name not in schools:
            raise NotFound(f"school {name} is not in selection {chosen.row.id}")
    inside = decision == "in"
    if schools[school]["selected"] == inside:
        raise Conflict(f"school {school} is {decision} already; there is nothing to override")
    if instead_of is not None and schools[instead_of]["selected"] != inside:
        wanted = "gives up a place it has" if inside else "takes the place that becomes free"
        raise Unprocessable(
            f"instead_of {instead_of}: has to be a school that {wanted}; it is "
            f"{'in' if schools[instead_of]['selected'] else 'out'}"
        )
    places = chosen.contents["places"]
    if inside and instead_of is None and len(chosen.selected) >= places:
        raise Unprocessable(
            f"all {places} places are taken; name the school that makes room in instead_of"
        )
    _turn(schools[school], inside, by, reason)
    if instead_of is not None:
        _turn(schools[instead_of], not inside, by, reason)
    contents = {
        **chosen.contents,
        "schools": schools,
        "override": {
            "school": school,
            "decision": decision,
            "instead_of": instead_of,
            "by": by,
            "reason": reason,
        },
    }
    return {**contents, **_kept(contents)}


def _turn(one: dict[str, Any], inside: bool, by: str, reason: str) -> None:
    before_zh, before_en = one["reason_zh"], one["reason_en"]
    one["selected"] = inside
    one["rule"] = RULE
    one["rival"] = None
    one["is_override"] = True
    what_zh, what_en = ("改为入选", "taken in") if inside else ("改为不入选", "left out")
    one["reason_zh"] = f"经人工改判{what_zh}（{by}）：{reason}。按规则原为：{before_zh}"
    one["reason_en"] = f"By a decision of {by} {what_en}: {reason}. By the rules: {before_en}"


def _kept(contents: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the list makes of each quota, and what it no longer keeps."""
    schools: Mapping[str, Mapping[str, Any]] = contents["schools"]
    quotas = []
    warnings = [
        f"school {name} is in, though the rules exclude it"
        for name, one in sorted(schools.items())
        if one["selected"] and not one["is_eligible"]
    ]
    for one in contents["quotas"]:
        selected = sum(schools[name]["selected"] for name in one["members"])
        low = one["least"] is None or selected >= one["least"]
        high = one["most"] is None or selected <= one["most"]
        quotas.append({**one, "selected": selected, "holds": low and high})
        if not (low and high):
            limit = f"at least {one['least']}" if not low else f"at most {one['most']}"
            warnings.append(f"{one['title_en']}: {selected} selected, the rule says {limit}")
    return {"quotas": quotas, "warnings": warnings}
