from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from cloud.api.presenters.finding import FIRST
from cloud.registry.codes.own import DECLARED_ITEMS
from cloud.registry.importing.importer import import_file
from cloud.registry.importing.records import MOST
from cloud.scoring.evidence.computed import ComputedFromEvidence
from cloud.scoring.standard.standard import editions
from device_profiles.points import to_ns
from tests._parts.cloud_app import CloudApp
from tests._parts.small_school import MONDAY, SCHOOL, furnish, local, send, slots

BASE = f"/api/v1/schools/{SCHOOL}"
RECORDS = {
    "declarations": "school,item,value,declared_on\n"
    + "".join(
        f"{SCHOOL},{item.code},{min(40, MOST.get(item.code, 40))},2026-09-10\n"
        for item in DECLARED_ITEMS.items
    ),
    "stocktakes": "school,asset_no,counted_on,result\n"
    + "".join(f"{SCHOOL},A-{n},2026-06-30,matched\n" for n in range(1, 7)),
    "tickets": (
        "school,ticket_no,asset_no,origin,reported_at,accepted_at,closed_at,verified_at\n"
        f"{SCHOOL},T-1,A-3,alert,{MONDAY} 08:00,{MONDAY} 09:00,{MONDAY} 10:00,{MONDAY} 11:00\n"
    ),
    "rooms": f"school,room,room_name,room_use,area_m2,seats\n{SCHOOL},103,科学实验室,121,92,48\n",
}
"""Records that bring the school's coverage above the minimum."""


@pytest.fixture(autouse=True)
async def one_morning(cloud: CloudApp) -> None:
    await furnish(cloud, local("18:00"))
    await send(cloud.services.store, slots("A-1", local("08:00"), local("08:40"), "active"))
    await send(cloud.services.store, slots("A-4", local("08:00"), local("08:40"), "unobserved"))
    await send(cloud.services.store, slots("ghost", local("08:00"), local("08:40"), "off"))


async def ask(cloud: CloudApp, path: str, **params: str) -> dict[str, Any]:
    answer = await cloud.client.get(f"{BASE}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_score_is_the_sum_of_its_findings(cloud: CloudApp) -> None:
    for kind, text in RECORDS.items():
        report = import_file(cloud.services.registry, kind, text.encode(), "papers.csv")
        assert report.applied, report.problems
    for n in range(1, 7):
        seen = slots(f"A-{n}", local("00:00"), local("18:00"), "active")
        await send(cloud.services.store, seen)
    score = await ask(cloud, "score", start=str(MONDAY))
    assert score["value"] is not None, score["coverage"]
    standard = next(edition for edition in editions() if edition.edition == score["standard"])
    assert (score["standard"], score["start"], score["end"]) == (
        standard.edition,
        str(MONDAY),
        str(MONDAY),
    )
    assert [finding["clause"] for finding in score["findings"]] == [c.id for c in standard.clauses]
    assert sum(finding["weight"] for finding in score["findings"]) == pytest.approx(100)
    assert score["value"] == pytest.approx(sum(f["points"] or 0 for f in score["findings"]))
    for dimension in score["dimensions"]:
        expected = [f for f in score["findings"] if f["dimension"] == dimension["dimension"]]
        points = sum(finding["points"] or 0 for finding in expected)
        weight = sum(finding["weight"] for finding in expected)
        assert dimension["value"] == pytest.approx(100 * points / weight)
        assert dimension["findings"] == sum(finding["weight"] > 0 for finding in expected)


async def test_below_the_least_coverage_there_is_no_value(cloud: CloudApp) -> None:
    score = await ask(cloud, "score", start="2026-11-16", end="2026-11-20")
    assert score["value"] is None
    assert 0 < score["coverage"] < score["min_coverage"]


async def test_every_finding_says_why_and_what_to_do_in_both_languages(cloud: CloudApp) -> None:
    score = await ask(cloud, "score")
    for finding in score["findings"]:
        assert finding["reason"]["zh"].endswith("。")
        assert finding["remedy"]["zh"].endswith("。")
        assert finding["reason"]["en"].endswith(".")
        assert finding["remedy"]["en"].endswith(".")
        assert finding["source_confidence"]
        for row in finding["evidence"]:
            words = row["text"]["zh"].replace("设备A", "").replace("ghost", "")
            assert not any(
                len(word) > 2 and word.isascii() and word.isalpha() for word in words.split()
            )


async def test_the_default_span_is_the_term_up_to_today(cloud: CloudApp) -> None:
    score = await ask(cloud, "score")
    assert (score["start"], score["end"]) == ("2026-09-01", str(MONDAY))
    later = await ask(cloud, "score", end="2030-01-01")
    assert later["end"] == str(MONDAY)
    between = await ask(cloud, "score", standard="taizhou-smart-management", start="2026-11-02")
    assert between["start"] == "2026-11-02"


async def test_without_a_term_the_span_is_the_last_four_weeks(cloud: CloudApp) -> None:
    cloud.clock.moment = local("18:00") + timedelta(days=300)
    score = await ask(cloud, "score")
    assert score["start"] < score["end"] == str(MONDAY + timedelta(days=300))


async def test_a_finding_opens_down_to_each_piece_of_evidence(cloud: CloudApp) -> None:
    finding = await ask(cloud, "findings/B04")
    assert finding["evidence_total"] == len(finding["evidence"]) == 6
    assert {row["ref"] for row in finding["evidence"]} == {f"asset:{n}" for n in range(1, 7)}
    days = await ask(cloud, "findings/D01", start=str(MONDAY))
    assert days["evidence"][-1]["text"]["zh"] == "设备A-1 A-1 2026-11-23：已使用"
    assert days["evidence"][-1]["ref"] == "asset:1/day:2026-11-23"
    assert days["evidence"][-1]["part"] == 1


async def test_what_does_not_apply_shows_no_evidence(cloud: CloudApp) -> None:
    finding = await ask(cloud, "findings/A13")
    assert finding["outcome"] == "not_applicable"
    assert (finding["evidence"], finding["evidence_total"], finding["weight"]) == ([], 0, 0)


async def test_the_list_shows_the_first_rows_and_says_how_many_there_are(cloud: CloudApp) -> None:
    start = str(MONDAY - timedelta(days=14))
    await send(
        cloud.services.store,
        slots("A-1", local("08:00", MONDAY - timedelta(days=14)), local("08:40"), "off"),
    )
    score = await ask(cloud, "score", start=start)
    days = next(finding for finding in score["findings"] if finding["clause"] == "D01")
    assert len(days["evidence"]) == FIRST < days["evidence_total"]
    assert (
        len((await ask(cloud, "findings/D01", start=start))["evidence"]) == days["evidence_total"]
    )


async def test_a_device_that_sent_data_counts_as_connected(cloud: CloudApp) -> None:
    """A-4's slots saw nothing, the ghost is in no ledger, A-6 sends readings only."""
    await cloud.write(
        f"reading,asset=A-6,category=environment,profile=p,room=103,school={SCHOOL} "
        f"temperature=21.5 {to_ns(local('09:00'))}"
    )
    connected = await ask(cloud, "findings/E01")
    assert {row["ref"] for row in connected["evidence"] if row["part"]} == {"asset:1", "asset:6"}
    known = await ask(cloud, "findings/B09")
    assert {row["text"]["zh"] for row in known["evidence"]} == {
        "A-1：在台账中",
        "A-6：在台账中",
        "ghost：台账中没有",
    }


async def test_what_came_after_the_span_is_not_known_in_it(cloud: CloudApp) -> None:
    friday = MONDAY - timedelta(days=3)
    for day in (friday, MONDAY):
        await cloud.write(
            f"reading,asset=A-6,category=environment,profile=p,room=103,school={SCHOOL} "
            f"temperature=21.5 {to_ns(local('09:00', day))}"
        )
    before = await ask(cloud, "findings/E01", start="2026-11-16", end="2026-11-19")
    assert [row["part"] for row in before["evidence"]] == [0] * before["evidence_total"]
    then = await ask(cloud, "findings/E01", start="2026-11-16", end="2026-11-22")
    assert [row["ref"] for row in then["evidence"] if row["part"]] == ["asset:6"]


async def test_the_same_evidence_has_the_same_digest(cloud: CloudApp) -> None:
    first, again = await ask(cloud, "score"), await ask(cloud, "score")
    assert first["inputs_digest"] == again["inputs_digest"]
    await send(cloud.services.store, slots("A-2", local("08:00"), local("08:40"), "active"))
    assert (await ask(cloud, "score"))["inputs_digest"] != first["inputs_digest"]


async def test_the_editions_are_listed(cloud: CloudApp) -> None:
    answer = await cloud.client.get("/api/v1/standards")
    assert [line["edition"] for line in answer.json()] == [
        edition.edition for edition in editions()
    ]
    assert all(line["title"]["zh"] and line["title"]["en"] for line in answer.json())


@pytest.mark.parametrize(
    ("path", "params", "status", "says"),
    [
        ("/api/v1/schools/0000000000/score", {}, 404, "0000000000"),
        (f"{BASE}/findings/Z99", {}, 404, "has no clause 'Z99'"),
        (f"{BASE}/score", {"standard": "other"}, 404, "no edition of 'other' is in force"),
        (f"{BASE}/score", {"end": "2020-01-01"}, 404, "in force on 2020-01-01; known: "),
        (f"{BASE}/score", {"start": "2026-11-24"}, 422, "is after end 2026-11-23"),
        (f"{BASE}/score", {"start": "soon"}, 422, "start"),
    ],
)
async def test_a_wrong_question_gets_one_sentence(
    cloud: CloudApp, path: str, params: dict[str, str], status: int, says: str
) -> None:
    answer = await cloud.client.get(path, params=params)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]


async def test_every_change_is_in_the_next_score(cloud: CloudApp) -> None:
    """What is kept of a score is never answered after its evidence has changed."""
    store, registry = cloud.services.store, cloud.services.registry
    room = f"reading,school={SCHOOL},asset=E-1,room=101,category=environment,profile=am308"

    def imported(kind: str, rows: str) -> None:
        report = import_file(registry, kind, rows.encode(), "rows.csv")
        assert report.applied, report.problems

    async def written(line: str) -> None:
        await cloud.write(line)

    async def sent(moment: str, state: str) -> None:
        await send(store, slots("A-1", local(moment), local("09:20"), state))

    changes: list[Callable[[], Awaitable[None] | None]] = [
        lambda: written(f"{room} co2=700 {to_ns(local('08:10'))}"),
        lambda: written(f"{room} co2=2700 {to_ns(local('08:10'))}"),
        lambda: written(f"{room} co2=700 {to_ns(local('08:05'))}"),
        lambda: sent("08:50", "active"),
        lambda: sent("08:50", "standby"),
        *(partial(imported, kind, rows) for kind, rows in RECORDS.items()),
    ]
    digests = []
    for change in [lambda: None, *changes]:
        if (made := change()) is not None:
            await made
        score = await ask(cloud, "score", start=str(MONDAY))
        again = await ask(cloud, "score", start=str(MONDAY))
        cloud.services.computed = ComputedFromEvidence()
        assert score == again == await ask(cloud, "score", start=str(MONDAY))
        digests.append(score["inputs_digest"])
    assert all(now != then for then, now in pairwise(digests))
