"""Why a school is selected or not: the rule that decided, in Chinese and English. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cloud.localized_text import LocalizedText
from cloud.selection.candidates import Titles, called
from cloud.selection.entry_score import Need
from cloud.selection.optimizer import Best, best
from cloud.selection.ranked_pool import Group, RankedPool
from cloud.selection.rules import SelectionRules

Decided = Literal[
    "score",
    "tie_break",
    "quota",
    "everybody",
    "override",
    "coverage",
    "gate",
    "mark",
    "rule",
]
_HARD: Sequence[tuple[str, Decided, LocalizedText]] = (
    ("gates", "gate", LocalizedText("未过否决线", "does not pass the gate of")),
    ("marks", "mark", LocalizedText("未达及格线", "misses the pass mark of")),
    ("rules", "rule", LocalizedText("未满足规则", "does not meet the rule")),
)


@dataclass(frozen=True, slots=True)
class Reason:
    """What decided about a school; `because` are gates, marks, rules or quotas."""

    decided: Decided
    because: tuple[str, ...]
    words: LocalizedText


@dataclass(frozen=True, slots=True)
class Telling:
    """All that the reasons of one selection are told from."""

    field: RankedPool
    rules: SelectionRules
    titles: Titles
    chosen: Best
    needs: Sequence[Need]
    places: Sequence[int | None]
    """Of each school its place among those that may be selected."""
    by_quota: Sequence[tuple[Group, str, frozenset[int]]]
    """Each quota that binds: which way, and who would be selected without it."""
    by_rules: frozenset[int]
    """Who would be selected without overrides."""
    inside: frozenset[int]


def telling(
    field: RankedPool,
    rules: SelectionRules,
    titles: Titles,
    chosen: Best,
    needs: Sequence[Need],
) -> Telling:
    """Return what reasons are told from."""
    inside = set(chosen.chosen)
    by_quota = []
    for number, group in enumerate(field.groups):
        members = field.problem.limits[number].members
        many = int(members[list(inside)].sum())
        is_least = many == group.quota.least and many > 0
        is_most = group.quota.most is not None and many == group.quota.most
        if is_least or is_most:
            other = best(field.problem.without(number))
            way = "both" if is_least and is_most else "least" if is_least else "most"
            by_quota.append((group, way, frozenset(other.chosen if other else ())))
    plain = chosen
    if rules.overrides:
        bare = field.problem.forced()
        found = best(
            type(bare)(bare.values, bare.able, bare.places, bare.limits, classes=bare.classes)
        )
        plain = found or chosen
    able = field.problem.able.cumsum()
    places = [
        int(able[number]) if field.problem.able[number] else None
        for number in range(len(field.schools))
    ]
    return Telling(
        field,
        rules,
        titles,
        chosen,
        needs,
        places,
        by_quota,
        frozenset(plain.chosen),
        frozenset(inside),
    )


def reason(of: Telling, number: int) -> Reason:
    """Return why a school is selected, or why it is not."""
    is_in = number in of.inside
    bound = of.field.problem.inside if is_in else of.field.problem.outside
    if number in bound:
        return _overridden(of, number, is_in=is_in)
    if of.field.failed[number]:
        return _hard(of, number)
    if of.rules.overrides and is_in != (number in of.by_rules):
        return _displaced(is_in=is_in)
    return _compared(of, number, is_in=is_in)


def order(rules: SelectionRules, titles: Titles) -> tuple[LocalizedText, ...]:
    """Return the published order in words."""
    found = [
        LocalizedText(
            f"总分（保留 {rules.decimals} 位小数）",
            f"score, cut to {rules.decimals} decimals",
        )
    ]
    for name in ("coverage",) if rules.tie_break is None else rules.tie_break:
        title = called(titles, name.removeprefix("-"))
        few = name[0] == "-"
        found.append(
            LocalizedText(
                f"{title.zh}（{'少' if few else '高'}者在前）",
                f"{title.en}, {'less' if few else 'more'} first",
            )
        )
    return (*found, LocalizedText("学校标识码（小者在前）", "school code, the smaller first"))


def notes(field: RankedPool, rules: SelectionRules, chosen: Best) -> tuple[LocalizedText, ...]:
    """Return what whoever reads the list should know of it."""
    found = []
    empty = rules.places - chosen.count
    if empty and field.eligible <= chosen.count:
        found.append(
            LocalizedText(
                f"符合条件的学校只有 {field.eligible} 所，空缺名额 {empty} 个。",
                f"Only {field.eligible} schools may be selected; {empty} places stay empty.",
            )
        )
    elif empty:
        found.append(
            LocalizedText(
                f"因各组上限或人工改判，空缺名额 {empty} 个。",
                f"Quotas or overrides leave {empty} places empty.",
            )
        )
    for group, limit in zip(field.groups, field.problem.limits, strict=True):
        if not limit.members.any():
            found.append(
                LocalizedText(
                    f"名额规则“{group.title.zh}”没有对应的学校，请核对代码 {group.code}。",
                    f"No school belongs to {group.title.en}; check the code {group.code}.",
                )
            )
    return tuple(found)


def quota_words(group: Group, way: str) -> LocalizedText:
    """Return a quota as a sentence says it."""
    quota, title = group.quota, group.title
    if way == "both":
        return LocalizedText(
            f"{title.zh}限定 {quota.least} 所", f"{title.en}: exactly {quota.least}"
        )
    if way == "least":
        return LocalizedText(
            f"{title.zh}至少 {quota.least} 所", f"{title.en}: at least {quota.least}"
        )
    return LocalizedText(f"{title.zh}至多 {quota.most} 所", f"{title.en}: at most {quota.most}")


def _overridden(of: Telling, number: int, *, is_in: bool) -> Reason:
    school = of.field.schools[number]
    one = next(one for one in of.rules.overrides if one.school == school)
    was_in = number in of.by_rules
    zh, why = "入选" if is_in else "不入选", one.reason.rstrip(" 。.；;")
    return Reason(
        "override",
        (),
        LocalizedText(
            f"人工改判为{zh}（{one.by}）：{why}。按规则原为{'入选' if was_in else '不入选'}。",
            f"{'In' if is_in else 'Out'} by an override of {one.by}: {why}. "
            f"By the rules it would be {'in' if was_in else 'out'}.",
        ),
    )


def _displaced(*, is_in: bool) -> Reason:
    zh, en = (
        ("因人工改判空出名额而入选。", "In, because an override left a place free.")
        if is_in
        else ("名额因人工改判由他校占用。", "Out, because an override took the place.")
    )
    return Reason("override", (), LocalizedText(zh, en))


def _compared(of: Telling, number: int, *, is_in: bool) -> Reason:
    """Return why a school that may be selected stands on its side of the line."""
    because = [one for one in of.by_quota if is_in != (number in one[2])]
    place = of.places[number]
    if not because and is_in != (place is not None and place <= of.chosen.count):
        because = _together(of, number, is_in=is_in)
    if because:
        return _by_quota(of, number, because, is_in=is_in)
    able, places = of.field.eligible, of.rules.places
    if is_in and able <= places:
        zh = f"符合条件的学校 {able} 所，名额 {places} 个，全部入选。"
        en = f"In: {able} schools may be selected for {places} places."
        return Reason("everybody", (), LocalizedText(zh, en))
    need = of.needs[number]
    if need.is_tied and need.rival is not None:
        return _tied(of, number, need.rival, is_in=is_in)
    return _by_score(of, number, need, is_in=is_in)


def _hard(of: Telling, number: int) -> Reason:
    failed = of.field.failed[number]
    zh, en = [], []
    decided: Decided | None = None
    because: tuple[str, ...] = ()
    if "coverage" in failed:
        decided = "coverage"
        covered = of.field.coverage[number]
        told = "" if covered is None else f"{covered:.1%}"
        zh.append(f"证据覆盖率 {told or '未知'}，达不到要求，不予评定")
        en.append(f"has too little evidence ({told or 'none'}) to be rated")
    for kind, which, words in _HARD:
        if kind in failed:
            names = [called(of.titles, name) for name in failed[kind]]
            zh.append(f"{words.zh}：{'、'.join(name.zh for name in names)}")
            en.append(f"{words.en} {', '.join(name.en for name in names)}")
            if decided is None:
                decided, because = which, tuple(failed[kind])
    assert decided is not None  # noqa: S101  who fails nothing is not asked
    return Reason(
        decided, because, LocalizedText(f"{'；'.join(zh)}。", f"Out: it {'; it '.join(en)}.")
    )


def _together(of: Telling, number: int, *, is_in: bool) -> list[tuple[Group, str, frozenset[int]]]:
    """Return the quotas that decided together, where no single one did.

    Its own groups speak first: the full ones of a school that is out, the needy ones of one that
    is in. Else the others do.
    """
    own = {
        group.id
        for group, limit in zip(of.field.groups, of.field.problem.limits, strict=True)
        if limit.members[number]
    }
    mine, others = ("least", "most") if is_in else ("most", "least")
    found = [one for one in of.by_quota if one[0].id in own and one[1] in {mine, "both"}]
    if not found:
        found = [one for one in of.by_quota if one[0].id not in own and one[1] in {others, "both"}]
    return found or list(of.by_quota)


def _by_quota(
    of: Telling, number: int, because: Sequence[tuple[Group, str, frozenset[int]]], *, is_in: bool
) -> Reason:
    told = [quota_words(group, way) for group, way, _ in because]
    zh, en = "，".join(one.zh for one in told), "; ".join(one.en for one in told)
    place = of.places[number]
    score = of.field.shown(int(of.field.values[number]))
    return Reason(
        "quota",
        tuple(group.id for group, _, _ in because),
        LocalizedText(
            f"总分 {score}，在符合条件的学校中排第 {place}；"
            f"因名额规则（{zh}）{'入选' if is_in else '不入选'}。",
            f"Score {score}, number {place} of those that may be selected; "
            f"{'in' if is_in else 'out'} because of the quota ({en}).",
        ),
    )


def _tied(of: Telling, number: int, rival: int, *, is_in: bool) -> Reason:
    field = of.field
    zh, en = "学校标识码", "the school code"
    if field.values[number] != field.values[rival]:
        zh, en = "公布的排序", "the published order"
    else:
        for name, values in field.columns.items():
            if values[number] != values[rival]:
                title = called(of.titles, name)
                zh, en = title.zh, title.en
                break
    score = field.shown(int(field.values[number]))
    other = field.names[rival]
    return Reason(
        "tie_break",
        (),
        LocalizedText(
            f"总分 {score}，与{other}不分高下；按{zh}{'在前，入选' if is_in else '在后，未入选'}。",
            f"Score {score}, level with {other}; {'in' if is_in else 'out'} by {en}.",
        ),
    )


def _by_score(of: Telling, number: int, need: Need, *, is_in: bool) -> Reason:
    field, place = of.field, of.places[number]
    score = field.shown(int(field.values[number]))
    zh = f"总分 {score}，在符合条件的学校中排第 {place}，名额 {of.rules.places} 个"
    en = f"Score {score}, number {place} of those that may be selected, {of.rules.places} places"
    if is_in:
        return Reason("score", (), LocalizedText(f"{zh}，入选。", f"In: {en[0].lower()}{en[1:]}."))
    if need.least is not None:
        least = field.shown(need.least)
        zh += f"；达到 {least} 分即可入选"
        en += f"; {least} would have been enough"
    return Reason("score", (), LocalizedText(f"{zh}，未入选。", f"Out: {en[0].lower()}{en[1:]}."))
