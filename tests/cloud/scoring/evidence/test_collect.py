"""The facts of schools, from a real registry and a real store."""

from datetime import date, datetime, timedelta

import polars as pl
import pytest

from cloud.registry.importing.importer import import_file
from cloud.scoring.evidence import evidence
from cloud.scoring.evidence.collect import gather
from cloud.scoring.evidence.evidence import Evidence
from device_profiles.points import to_ns
from tests._parts.cloud_app import CloudApp
from tests._parts.small_school import MONDAY, SCHOOL, furnish, local, send, slots

OTHER = "3133100002"
BOOKS = {
    "schools": (
        "school,name,division,school_type,urban_rural,classes,pupils\n"
        f"{OTHER},海棠学校,331003,312,121,30,1200\n"
    ),
    "stage_sizes": f"school,stage,classes,pupils\n{OTHER},PRI,18,700\n",
    "rooms": f"school,room,room_name,room_use,area_m2,seats\n{OTHER},L1,科学实验室,121,92,48\n",
    "assets": (
        "school,asset_no,name,condition,original_value_yuan,location,life_years,assessed\n"
        f"{OTHER},B-1,显微镜,1,1250.5,L1,5,2026-09-10\n"
    ),
    "declarations": (
        "school,item,value,declared_on,confirmed_on,confirmed_by\n"
        f"{OTHER},new_books,500,2025-09-10,2025-10-01,区复核组\n"
        f"{OTHER},new_books,900,2026-09-10,,\n"
        f"{OTHER},new_books,9000,2026-11-24,,\n"
        f"{OTHER},library_books,30000,2026-09-10,2026-11-30,区复核组\n"
    ),
    "tickets": (
        "school,ticket_no,asset_no,origin,reported_at,accepted_at,closed_at,is_fault\n"
        f"{OTHER},T-1,B-1,alert,2026-11-20 09:00,2026-11-20 10:00,2026-11-24 10:00,是\n"
        f"{OTHER},T-2,,report,2026-11-24 09:00,,,\n"
        f"{OTHER},T-3,,report,2026-08-24 09:00,,,\n"
    ),
    "stocktakes": (
        "school,asset_no,counted_on,result\n"
        f"{OTHER},B-1,2026-06-30,missing\n{OTHER},B-1,2026-07-30,matched\n"
        f"{OTHER},X-1,2025-06-30,surplus\n{OTHER},X-2,2026-06-30,surplus\n"
    ),
    "disposals": (
        "school,asset_no,disposed_on,approval_no\n"
        f"{OTHER},C-1,2026-05-20,文1\n{OTHER},C-2,2024-05-20,文2\n"
    ),
    "chemicals": (
        "school,batch_no,name,book_quantity,counted_quantity,counted_on\n"
        f"{OTHER},P-1,浓硫酸,2.5,2.4,2026-11-02\n"
    ),
}
FIRST = date(2026, 9, 1)


@pytest.fixture(autouse=True)
async def two_schools(cloud: CloudApp) -> None:
    await furnish(cloud, local("18:00"))
    for kind, text in BOOKS.items():
        report = import_file(cloud.services.registry, kind, text.encode(), f"{kind}.csv")
        assert report.applied, report.problems
    await send(cloud.services.store, slots("A-1", local("08:00"), local("08:40"), "active"))


async def facts(cloud: CloudApp, *schools: str, end: date = MONDAY) -> Evidence:
    await cloud.services.rollups.settled()
    return await gather(cloud.services.store, cloud.services.registry, schools, FIRST, end)


async def co2(cloud: CloudApp, at: datetime, ppm: float, room: str = "101") -> None:
    await cloud.write(
        f"reading,asset=S-{room},category=environment,profile=p,room={room},school={SCHOOL} "
        f"co2={ppm} {to_ns(at)}"
    )


async def test_many_schools_at_once_are_each_as_alone(cloud: CloudApp) -> None:
    await co2(cloud, local("08:00"), 900.0)
    together = await facts(cloud, OTHER, SCHOOL)
    for school in (SCHOOL, OTHER):
        alone = await gather(cloud.services.store, cloud.services.registry, school, FIRST, MONDAY)
        for name in ("schools", "stages", "rooms", "assets", "use", "senders", "tickets", "air"):
            everyone: pl.DataFrame = getattr(together, name)
            of_school: pl.DataFrame = getattr(alone, name)
            assert of_school.sort(of_school.columns).equals(
                everyone.filter(pl.col("school") == school).sort(of_school.columns)
            ), name
    assert together.use.height > 0
    assert together.air["school"].to_list() == [SCHOOL]


async def test_every_table_has_the_columns_it_says(cloud: CloudApp) -> None:
    evidence_now = await facts(cloud, SCHOOL, OTHER)
    for name in ("schools", "stages", "rooms", "assets", "use", "senders", "tickets", "stocktakes",
                 "disposals", "chemicals", "declarations", "air", "days"):  # fmt: skip
        columns = getattr(evidence, name.upper())
        assert getattr(evidence_now, name).schema == pl.Schema(columns), name


async def test_a_school_of_one_stage_is_as_large_as_its_stage(cloud: CloudApp) -> None:
    evidence_now = await facts(cloud, SCHOOL, OTHER)
    assert evidence_now.stages.rows() == [
        (SCHOOL, "PRI", 2, 80),
        (OTHER, "JUN", None, None),
        (OTHER, "PRI", 18, 700),
    ]


async def test_records_are_in_their_state_at_the_end_of_the_span(cloud: CloudApp) -> None:
    evidence_now = await facts(cloud, OTHER)
    declared = evidence_now.declarations.select("item", "value", "confirmed").rows()
    assert declared == [("library_books", 30000.0, True), ("new_books", 900.0, False)]
    assert evidence_now.tickets["ticket_no"].to_list() == ["T-1"]
    assert evidence_now.tickets["accepted_at"].dt.hour().to_list() == [10]
    assert evidence_now.tickets["closed_at"].to_list() == [None]
    assert evidence_now.stocktakes.select("asset_no", "result").rows() == [
        ("B-1", "matched"),
        ("X-2", "surplus"),
    ]
    assert evidence_now.disposals["asset_no"].to_list() == ["C-1"]
    assert evidence_now.chemicals["counted_quantity"].to_list() == [2.4]
    asset = evidence_now.assets.row(0, named=True)
    assert (asset["original_value_yuan"], asset["room"], asset["life_years"]) == (1250.5, "L1", 5)
    assert evidence_now.rooms.row(0, named=True)["area_m2"] == 92.0


async def test_air_counts_the_seconds_of_lessons_that_a_reading_holds_for(cloud: CloudApp) -> None:
    """Lessons are at 08:00-08:40 and 08:50-09:30; a reading holds for forty minutes at most."""
    await co2(cloud, local("08:00"), 900.0)
    await co2(cloud, local("08:20"), 2000.0)
    evidence_now = await facts(cloud, SCHOOL)
    [row] = evidence_now.air.to_dicts()
    assert (row["room"], row["quantity"], row["occupied_s"]) == ("101", "co2", 4800.0)
    assert (row["seen_s"], row["good_s"]) == (3000.0, 1200.0)


async def test_whole_seconds_are_exact(cloud: CloudApp) -> None:
    """15 and 29 billion, times the inverse of a billion, are neither 15 nor 29."""
    for room, good_s in (("101", 15), ("102", 29)):
        await co2(cloud, local("08:00"), 900.0, room)
        await co2(cloud, local("08:00") + timedelta(seconds=good_s), 2000.0, room)
    assert (await facts(cloud, SCHOOL)).air["good_s"].to_list() == [15.0, 29.0]


async def test_a_lesson_over_a_full_hour_counts_each_second_once(cloud: CloudApp) -> None:
    """The second lesson, 08:50-09:30, lies in two hours, and so does what holds from 08:45."""
    await co2(cloud, local("08:45"), 900.0)
    await co2(cloud, local("09:10"), 2000.0)
    [row] = (await facts(cloud, SCHOOL)).air.to_dicts()
    assert (row["occupied_s"], row["seen_s"], row["good_s"]) == (2400.0, 2400.0, 1200.0)


async def test_a_silent_sensor_leaves_lessons_without_data(cloud: CloudApp) -> None:
    friday = MONDAY - timedelta(days=3)
    await co2(cloud, local("07:55", friday), 900.0)
    [row] = (await facts(cloud, SCHOOL)).air.to_dicts()
    assert (row["occupied_s"], row["seen_s"]) == (9600.0, 2100.0)


async def test_a_sensor_in_a_room_without_lessons_says_nothing_of_lessons(cloud: CloudApp) -> None:
    await co2(cloud, local("08:00"), 900.0, room="103")
    assert (await facts(cloud, SCHOOL)).air.is_empty()


async def test_a_sensor_that_names_no_room_says_nothing_of_lessons(cloud: CloudApp) -> None:
    await cloud.write(
        f"reading,asset=S-9,category=environment,profile=p,school={SCHOOL} "
        f"co2=900 {to_ns(local('08:00'))}"
    )
    assert (await facts(cloud, SCHOOL)).air.is_empty()


async def test_days_are_those_of_school(cloud: CloudApp) -> None:
    sunday = MONDAY - timedelta(days=1)
    await send(
        cloud.services.store, slots("A-1", local("08:00", sunday), local("09:00", sunday), "off")
    )
    evidence_now = await facts(cloud, SCHOOL)
    assert sunday not in evidence_now.days["day"].to_list()
    [row] = evidence_now.days.filter(
        (pl.col("asset") == "A-1") & (pl.col("day") == MONDAY)
    ).to_dicts()
    assert row["slots"] == 8.0
    assert row["in_time_slots"] <= row["slots"] <= row["due_slots"]


async def test_an_unknown_school_has_no_evidence(cloud: CloudApp) -> None:
    evidence_now = await facts(cloud, "2133999999")
    assert evidence_now.schools.is_empty()
    assert evidence_now.assets.is_empty()
