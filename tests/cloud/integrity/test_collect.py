"""The facts from a real registry and a real telemetry store."""

from datetime import date, timedelta

from cloud.integrity.collect import bindings, gather_facts
from cloud.integrity.results import findings, run_checks
from cloud.registry import tables
from cloud.scoring.evidence import evidence
from cloud.scoring.evidence.collect import gather
from cloud.scoring.evidence.evidence import Evidence, table
from cloud.utilization.periods import OUTSIDE
from tests._parts.cloud_app import CloudApp
from tests._parts.hand_made import outcome_of
from tests._parts.small_school import MONDAY, SCHOOL, furnish, local, send, slots


def of_monday() -> Evidence:
    """Return evidence that knows of the school and of nothing in it."""
    known = table([{"school": SCHOOL}], evidence.SCHOOLS)
    nothing = {
        name: table([], getattr(evidence, name.upper()))
        for name in ("rooms", "assets", "use", "senders")
    }
    return Evidence(MONDAY, MONDAY, schools=known, **nothing)


async def air(cloud: CloudApp, room: str, *samples: tuple[str, int]) -> None:
    for at, ppm in samples:
        ns = int(local(at).timestamp()) * 1_000_000_000
        await cloud.write(
            f"reading,asset=CO2-{room},category=environment,profile=senseair-s8,room={room},"
            f"school={SCHOOL} co2={ppm} {ns}"
        )


async def test_what_somebody_wrote_down_is_stated_and_the_own_number_is_not(
    cloud: CloudApp,
) -> None:
    await furnish(cloud, local("18:00"))
    bound = bindings(cloud.services.registry, [SCHOOL], MONDAY)
    stated = dict(bound.select("device", "stated").iter_rows())
    assert stated == {"A-1": True, "A-2": True, "A-3": True, "A-4": True, "A-5": True, "A-6": False}
    assert bindings(cloud.services.registry, ["2133100009"], MONDAY).is_empty()


async def test_a_binding_that_ended_is_none(cloud: CloudApp) -> None:
    await furnish(cloud, local("18:00"))
    with cloud.services.registry.writing() as session:
        binding = session.query(tables.Binding).filter_by(device="A-3").one()
        binding.valid_to = MONDAY - timedelta(days=1)
        session.commit()
    bound = bindings(cloud.services.registry, [SCHOOL], MONDAY)
    assert "A-3" not in bound["device"].to_list()
    before = bindings(cloud.services.registry, [SCHOOL], MONDAY - timedelta(days=1))
    assert "A-3" in before["device"].to_list()


async def test_company_is_what_the_air_says_out_of_lessons(cloud: CloudApp) -> None:
    await furnish(cloud, local("23:00"))
    store, registry = cloud.services.store, cloud.services.registry
    await send(store, slots("A-1", local("08:00"), local("09:00"), "active"))
    await air(cloud, "101", ("08:10", 1400), ("09:40", 1300), ("19:00", 1200), ("19:30", 450))
    facts = await gather_facts(store, registry, of_monday())
    outside = facts.occupancy.filter(period=OUTSIDE)
    assert outside.select("room", "day", "seen_s", "occupied_s").rows() == [
        ("101", MONDAY, 3600.0, 1800.0)
    ], "the air of 09:40 is still that of the lesson"


async def test_inspections_go_by_school_or_by_county(cloud: CloudApp) -> None:
    await furnish(cloud, local("18:00"))
    store, registry = cloud.services.store, cloud.services.registry
    known = await gather(store, registry, SCHOOL, MONDAY, MONDAY)
    visits = {SCHOOL: [date(2026, 11, 30)], "331002": [date(2026, 11, 26)], "331003": [MONDAY]}
    facts = await gather_facts(store, registry, known, visits)
    assert facts.inspections["day"].to_list() == [date(2026, 11, 26), date(2026, 11, 30)]
    assert (await gather_facts(store, registry, known)).inspections.is_empty()
    assert findings(run_checks(facts)) == []
    assert outcome_of("left_on", facts) == "no_data"
