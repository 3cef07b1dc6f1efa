"""What every telemetry store answers, whatever keeps the data.

The suite knows no store by name: `tests/_parts/stores.py` lists them. What is derived from slots is
under contract too, with the roll-up's own plan.
"""

import asyncio
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.errors import StoreBusy
from cloud.registry.store import Registry
from cloud.telemetry.line_protocol import Batch, Parser
from cloud.telemetry.store import (
    Reported,
    Sender,
    Sensor,
    StoredReading,
    TelemetryStore,
    UsageWritten,
)
from cloud.telemetry.tables import DAY_USE, LAST_OBSERVED, PERIOD_USE, SAMPLES
from cloud.utilization.refresh import Rollups
from tests._parts.small_school import MONDAY, SCHOOL, TestClock, fill, local, send, slots
from tests._parts.stores import DURABLE, STORES
from tests._parts.tree import ROOT

NS = 1_000_000_000
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
FRIDAY = MONDAY - timedelta(days=3)
EVERYTHING = (datetime(1970, 1, 1, tzinfo=UTC), NOW)


def points(*lines: str) -> Batch:
    """Return lines with times in seconds as a batch."""
    return Parser().parse("\n".join(lines).encode(), precision="s", now_ns=0)


def second(number: int) -> datetime:
    return datetime.fromtimestamp(number, UTC)


def slot_line(start: int, school: str = "S", asset: str = "A", **values: float) -> str:
    fields = ",".join(f"{name}={value}" for name, value in values.items())
    return f"usage,school={school},asset={asset},room=101,category=display {fields} {start}"


@pytest.fixture
def clock() -> TestClock:
    return TestClock(NOW)


@pytest.fixture(params=STORES)
def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: TestClock
) -> Iterator[TelemetryStore]:
    store = STORES[request.param].open(tmp_path, clock)
    yield store
    store.close()


async def readings(store: TelemetryStore, school: str = "S", asset: str = "A") -> dict[str, Any]:
    return await store.readings(school, asset, *EVERYTHING)


class TestWriting:
    async def test_the_last_write_of_a_point_wins(self, store: TelemetryStore) -> None:
        await store.write(
            points("reading,school=S,asset=A v=1 10", "reading,school=S,asset=A v=2 10")
        )
        assert await readings(store) == {"v": [(second(10), 2.0)]}
        await store.write(points('reading,asset=A,school=S v=3,w=true,t="x" 10'))
        assert await readings(store) == {
            "v": [(second(10), 3.0)],
            "w": [(second(10), True)],
            "t": [(second(10), "x")],
        }

    async def test_writing_twice_changes_nothing(self, store: TelemetryStore) -> None:
        batch = points(
            "reading,school=S,asset=A v=1 10",
            slot_line(300, active_s=300, energy_wh=2),
            'event,school=S,asset=A,type=fault text="hot",value=3 10',
        )
        await store.write(batch)
        before = await self._everything(store)
        await store.write(batch)
        assert await self._everything(store) == before

    async def _everything(self, store: TelemetryStore) -> list[object]:
        return [
            await readings(store),
            await store.slots("S", "A", *EVERYTHING),
            await store.events("S", ["A"], None, None, limit=10),
        ]

    async def test_a_point_that_changes_a_type_is_refused_whole_and_the_rest_is_stored(
        self, store: TelemetryStore
    ) -> None:
        result = await store.write(
            points(
                "reading,school=S,asset=A v=1 10",
                'reading,school=S,asset=A v="x",w=1 11',
                "reading,school=S,asset=A v=3 12",
                "reading,school=S,asset=A v=3i 13",
            )
        )
        assert (result.written, result.dropped) == (2, 2)
        assert result.conflict == (
            'input field "v" on measurement "reading" is type string, already exists as type float'
        )
        assert await readings(store) == {"v": [(second(10), 1.0), (second(12), 3.0)]}

    async def test_each_measurement_has_its_own_types(self, store: TelemetryStore) -> None:
        result = await store.write(
            points("reading,school=S,asset=A v=1 10", 'gateway,school=S,gateway=g v="x" 10')
        )
        assert result.dropped == 0

    async def test_text_of_any_script_comes_back_as_it_was(self, store: TelemetryStore) -> None:
        text = 'Ü "背光" \\ 过热 🔥, a=b'
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        await store.write(points(f'reading,school=小学,asset=大\\ 屏\\,1 状态="{quoted}" 10'))
        assert await readings(store, "小学", "大 屏,1") == {"状态": [(second(10), text)]}

    async def test_a_measurement_of_somebody_else_disturbs_nothing(
        self, store: TelemetryStore
    ) -> None:
        result = await store.write(
            points("weather,school=S,asset=A v=1,active_s=3 10", "reading,school=S,asset=A v=2 10")
        )
        assert (result.written, result.dropped) == (2, 0)
        assert await readings(store) == {"v": [(second(10), 2.0)]}
        assert await store.slots("S", "A", *EVERYTHING) == []
        assert store.schools() == ["S"]

    async def test_batches_that_wait_together_are_all_answered(self, store: TelemetryStore) -> None:
        batches = [points(f"reading,school=S,asset=A v={n} {n}") for n in range(200)]
        results = await asyncio.gather(*(store.write(batch) for batch in batches))
        assert all(result.written == 1 for result in results)
        assert len((await readings(store))["v"]) == 200

    async def test_a_closed_store_takes_nothing(self, tmp_path: Path, clock: TestClock) -> None:
        for kind in STORES.values():
            store = kind.open(tmp_path, clock)
            await store.check()
            store.close()
            with pytest.raises(StoreBusy):
                store.write(points("reading,school=S,asset=A v=1 1"))

    async def test_followers_are_called_after_the_data_is_there(
        self, store: TelemetryStore
    ) -> None:
        calls: list[object] = []

        def on_usage(written: object) -> None:
            stored = [slot.start for chunk in store.export_slots("S", None, None) for slot in chunk]
            calls.append((written, stored))

        def on_points(pairs: object) -> None:
            calls.append(pairs)
            raise RuntimeError("a follower's own mistake")

        store.on_usage(on_usage)
        store.on_points(on_points)
        await store.write(
            points(
                slot_line(600, active_s=1),
                slot_line(300, active_s=1),
                "reading,school=S,asset=A v=1 10",
                "gateway,school=S,gateway=g v=1 10",
            )
        )
        await store.write(points("gateway,school=S,gateway=g v=1 20"))
        assert calls == [
            ([UsageWritten("S", "A", second(300), second(600))], [second(300), second(600)]),
            [("S", "A")],
        ]


class TestReadings:
    async def test_a_span_has_its_start_and_not_its_end(self, store: TelemetryStore) -> None:
        await store.write(points(*(f"reading,school=S,asset=A v={n} {n}" for n in (1, 2, 3))))
        readings = await store.readings("S", "A", second(1), second(3))
        assert readings == {"v": [(second(1), 1.0), (second(2), 2.0)]}
        assert await store.readings("S", "A", second(4), second(9)) == {}

    async def test_they_are_in_order_whenever_they_came(self, store: TelemetryStore) -> None:
        for number in (30, 10, 20):
            await store.write(points(f"reading,school=S,asset=A v={number} {number}"))
        assert [at for at, _ in (await readings(store))["v"]] == [second(n) for n in (10, 20, 30)]

    async def test_an_asset_that_moved_is_one_asset(self, store: TelemetryStore) -> None:
        await store.write(
            points(
                "reading,school=S,asset=A,room=2 v=2 20", "reading,school=S,asset=A,room=1 v=1 10"
            )
        )
        assert await readings(store) == {"v": [(second(10), 1.0), (second(20), 2.0)]}

    async def test_the_newest_of_a_span_are_kept_by_the_limit(self, store: TelemetryStore) -> None:
        await store.write(points(*(f"reading,school=S,asset=A v={n},w=1 {n}" for n in range(10))))
        limited = await store.readings("S", "A", second(2), second(8), points=["v"], limit=3)
        assert limited == {"v": [(second(n), float(n)) for n in (5, 6, 7)]}

    async def test_the_latest_values_are_at_hand(self, store: TelemetryStore) -> None:
        await store.write(
            points(
                'reading,school=S,asset=A,profile=p,room=2 v=2,v_quality="uncertain" 20',
                "reading,school=S,asset=A,profile=p,room=1 v=1,w=true 10",
                "reading,school=S,asset=B,profile=q v=5 10",
                "reading,school=T,asset=A v=1 10",
            )
        )
        moved, other = store.latest_readings("S")
        assert (moved.asset, moved.room, moved.profile) == ("A", "2", "p")
        values = {name: (latest.value, latest.observed_at) for name, latest in moved.points.items()}
        assert values == {"v": (2.0, second(20)), "w": (True, second(10))}
        assert store.latest_readings("S", "B") == [other]
        assert store.latest_readings("S", "C") == store.latest_readings("U") == []
        assert store.schools() == ["S", "T"]

    async def test_an_export_is_ordered_by_asset_point_and_time(
        self, store: TelemetryStore
    ) -> None:
        await store.write(
            points(
                "reading,school=S,asset=B v=1 10",
                "reading,school=S,asset=A,room=2 b=1,a=1 20",
                "reading,school=S,asset=A,room=1 b=2,a=2 10",
                "reading,school=T,asset=A b=2 10",
            )
        )
        rows = [row for chunk in store.export_readings("S", None, None) for row in chunk]
        assert rows == [
            StoredReading("A", "a", second(10), 2.0),
            StoredReading("A", "a", second(20), 1.0),
            StoredReading("A", "b", second(10), 2.0),
            StoredReading("A", "b", second(20), 1.0),
            StoredReading("B", "v", second(10), 1.0),
        ]
        part = [row for chunk in store.export_readings("S", second(20), NOW) for row in chunk]
        assert part == [rows[1], rows[3]]


class TestSensors:
    @pytest.fixture
    async def air(self, store: TelemetryStore) -> TelemetryStore:
        head = "reading,school=S,category=environment,profile=p"
        await store.write(
            points(
                f'{head},asset=E,room=101 co2=600,illuminance=300,note="x",on=true 20',
                f"{head},asset=E,room=101 co2=500 10",
                f"{head},asset=E,room=102 co2=700 30",
                "reading,school=S,category=display,asset=D,room=101 co2=800 10",
                "reading,school=T,category=environment,asset=F,room=1 co2=900 10",
            )
        )
        return store

    async def test_a_sensor_is_a_point_of_a_series_with_its_first_reading(
        self, air: TelemetryStore
    ) -> None:
        sensors = await air.sensors(
            ["S", "U"], ["co2", "note", "on"], category="environment", before=second(30)
        )
        assert sensors == {Sensor("S", "E", "101", "environment", "p", "co2"): 10 * NS}

    async def test_samples_are_the_numbers_of_a_span(self, air: TelemetryStore) -> None:
        samples = await air.samples(
            ["S"], ["co2", "illuminance", "note", "on"], 20 * NS, 30 * NS, category="environment"
        )
        assert samples.rows.schema == SAMPLES
        rows = {
            (samples.sensors[row["sensor"]].point, row["observed_ns"], row["value"])
            for row in samples.rows.to_pylist()
        }
        assert rows == {("co2", 20 * NS, 600.0), ("illuminance", 20 * NS, 300.0)}

    async def test_a_reading_written_since_is_in_the_next_answer(self, air: TelemetryStore) -> None:
        head = "reading,school=S,category=environment,profile=p,asset=E,room=101"
        sensor = Sensor("S", "E", "101", "environment", "p", "co2")

        async def co2() -> tuple[int, list[tuple[int, float]]]:
            first = await air.sensors(["S"], ["co2"], category="environment", before=second(99))
            samples = await air.samples(["S"], ["co2"], 0, 99 * NS, category="environment")
            at = samples.sensors.index(sensor)
            rows = [row for row in samples.rows.to_pylist() if row["sensor"] == at]
            return first[sensor], sorted((row["observed_ns"], row["value"]) for row in rows)

        assert await co2() == (10 * NS, [(10 * NS, 500.0), (20 * NS, 600.0)])
        await air.write(points(f"{head} co2=650 15"))
        await air.write(points(f"{head} co2=610 20"))
        assert await co2() == (10 * NS, [(10 * NS, 500.0), (15 * NS, 650.0), (20 * NS, 610.0)])
        await air.write(points(f"{head} co2=400 5"))
        assert (await co2())[0] == 5 * NS
        await air.purge(second(12), second(12))
        assert await co2() == (15 * NS, [(15 * NS, 650.0), (20 * NS, 610.0)])

    async def test_samples_of_every_category_and_of_several_schools(
        self, air: TelemetryStore
    ) -> None:
        samples = await air.samples(["S", "T"], ["co2"], 0, 100 * NS)
        rows = [(samples.sensors[row["sensor"]], row["value"]) for row in samples.rows.to_pylist()]
        assert sorted((s.school, s.asset, s.room, value) for s, value in rows) == [
            ("S", "D", "101", 800.0),
            ("S", "E", "101", 500.0),
            ("S", "E", "101", 600.0),
            ("S", "E", "102", 700.0),
            ("T", "F", "1", 900.0),
        ]

    async def test_where_there_is_nothing_the_answers_are_empty(
        self, store: TelemetryStore
    ) -> None:
        assert await store.sensors(["S"], ["co2"], category="environment", before=NOW) == {}
        samples = await store.samples(["S"], ["co2"], 0, 100 * NS)
        assert (samples.rows.num_rows, samples.rows.schema) == (0, SAMPLES)


class TestEventsAndGateways:
    async def test_the_newest_events_come_first(self, store: TelemetryStore) -> None:
        await store.write(
            points(
                'event,school=S,asset=A,type=fault text="hot",value=3 10',
                'event,school=S,type=restart text="again" 20',
                'event,school=S,asset=B,type=fault text="other" 30',
                'event,school=T,asset=A,type=fault text="elsewhere" 30',
            )
        )
        hot = Reported("A", "fault", second(10), "hot", 3.0)
        again = Reported(None, "restart", second(20), "again", None)
        assert await store.events("S", ["A", ""], None, None, limit=10) == [again, hot]
        assert await store.events("S", ["A", ""], None, None, limit=1) == [again]
        assert await store.events("S", ["A", ""], second(10), second(20), limit=9) == [hot]
        assert await store.events("S", ["C"], None, None, limit=10) == []

    async def test_reports_come_back_in_order_without_those_of_devices(
        self, store: TelemetryStore
    ) -> None:
        await store.write(
            points(
                "gateway,school=S,gateway=g backlog=2,errors=1 20",
                "gateway,school=S,gateway=g backlog=1 10",
                "gateway,school=S,gateway=g,device=d backlog=9 10",
                "gateway,school=S,gateway=h backlog=9 10",
            )
        )
        history = await store.gateway_history("g", second(0), NOW, ["backlog"])
        assert history == [(second(10), {"backlog": 1.0}), (second(20), {"backlog": 2.0})]
        assert await store.gateway_history("g", second(11), second(20), ["backlog"]) == []

    async def test_the_latest_reports_of_gateways_and_devices_are_at_hand(
        self, store: TelemetryStore
    ) -> None:
        await store.write(
            points(
                "gateway,school=S,gateway=g backlog=3 20",
                'gateway,school=S,gateway=g,device=d,asset=A,protocol=mqtt last_error="no" 20',
                "gateway,school=T,gateway=h backlog=1 20",
            )
        )
        gateway, device = store.latest_gateways("S")
        assert (gateway.device, gateway.fields["backlog"].value) == ("", 3.0)
        assert (device.device, device.asset, device.protocol) == ("d", "A", "mqtt")
        assert [latest.gateway for latest in store.latest_gateways()] == ["g", "g", "h"]


class TestSlots:
    async def test_a_slot_keeps_what_a_later_write_leaves_out(self, store: TelemetryStore) -> None:
        head = "usage,school=S,asset=A"
        states = "active_s=1,standby_s=2,off_s=3,unobserved_s=294,energy_wh=5"
        await store.write(points(f"{head},room=1,category=display {states} 300"))
        await store.write(points(f"{head},room=2,category=display active_s=4 300"))
        (slot,) = await store.slots("S", "A", *EVERYTHING)
        assert (slot.active_s, slot.standby_s, slot.off_s) == (4.0, 2.0, 3.0)
        assert (slot.unobserved_s, slot.energy_wh, slot.start) == (294.0, 5.0, second(300))
        senders = await store.senders(second(0))
        assert senders == {"S": {"A": Sender(second(300), "2", "display")}}

    async def test_they_are_in_order_within_a_span(self, store: TelemetryStore) -> None:
        for start in (900, 300, 600):
            await store.write(points(slot_line(start, active_s=start / 3)))
        slots = await store.slots("S", "A", second(300), second(900))
        assert [(slot.start, slot.active_s) for slot in slots] == [
            (second(300), 100.0),
            (second(600), 200.0),
        ]
        assert slots[0].energy_wh is None

    async def test_without_school_or_asset_there_is_no_slot(self, store: TelemetryStore) -> None:
        await store.write(points("usage,school=S active_s=1 300", "usage,asset=A active_s=1 300"))
        assert await store.slot_schools() == []

    async def test_an_export_is_ordered_by_asset_and_time(self, store: TelemetryStore) -> None:
        await store.write(
            points(
                slot_line(600, asset="B", active_s=1),
                slot_line(600, active_s=1),
                slot_line(300, active_s=1),
                slot_line(300, school="T", active_s=1),
            )
        )
        exported = [slot for chunk in store.export_slots("S", None, None) for slot in chunk]
        assert [(slot.asset, slot.start) for slot in exported] == [
            ("A", second(300)),
            ("A", second(600)),
            ("B", second(600)),
        ]
        early = [
            slot for chunk in store.export_slots("S", second(300), second(600)) for slot in chunk
        ]
        assert early == exported[:1]

    async def test_senders_have_the_first_slot_and_the_newest_place(
        self, store: TelemetryStore
    ) -> None:
        await store.write(
            points(
                "usage,school=S,asset=A,room=1,category=display active_s=1 600",
                "usage,school=S,asset=A,room=2 active_s=1 900",
                "usage,school=S,asset=A,room=3 active_s=1 300",
                slot_line(600, school="T", active_s=1),
            )
        )
        moved = Sender(second(600), "2", None)
        assert await store.senders(second(400), ["S", "U"]) == {"S": {"A": moved}, "U": {}}
        assert sorted(await store.senders(second(0))) == await store.slot_schools() == ["S", "T"]
        assert await store.senders(second(1000), ["S"]) == {"S": {}}

    async def test_what_was_received_since_a_moment(
        self, store: TelemetryStore, clock: TestClock
    ) -> None:
        await store.write(points(slot_line(300, active_s=1), slot_line(900, active_s=1)))
        assert await store.slots_received_since(clock.at) == []
        clock.at += timedelta(minutes=1)
        tomorrow = 86_400 + 300
        await store.write(
            points(
                slot_line(600, active_s=1), slot_line(300, off_s=1), slot_line(tomorrow, off_s=1)
            )
        )
        since = clock.at - timedelta(seconds=1)
        assert await store.slots_received_since(since) == [
            UsageWritten("S", "A", second(300), second(600)),
            UsageWritten("S", "A", second(tomorrow), second(tomorrow)),
        ]

    async def test_since_when_an_asset_is_active_without_a_break(
        self, store: TelemetryStore
    ) -> None:
        def line(asset: str, start: int, active_s: float) -> str:
            return slot_line(300 * start, asset=asset, active_s=active_s, off_s=300 - active_s)

        await store.write(
            points(
                *(line("on", n, 300) for n in range(1, 5)),
                *(line("gap", n, 300) for n in (1, 3, 4)),
                *(line("went-off", n, 300 * (n < 4)) for n in range(1, 5)),
                *(line("came-on", n, 300 * (n > 2)) for n in range(1, 5)),
                line("half", 4, 150),
                line("less", 4, 140),
                *(line("not-asked-for", n, 300) for n in range(1, 5)),
            )
        )
        assets = ["on", "gap", "went-off", "came-on", "half", "less", "never-sent"]
        assert await store.active_since("S", assets, second(300)) == {
            "on": second(300),
            "gap": second(900),
            "came-on": second(900),
            "half": second(1200),
        }
        assert await store.active_since("S", ["on"], second(700)) == {"on": second(900)}
        assert await store.active_since("T", assets, second(300)) == {}

    async def test_what_is_too_old_goes(self, store: TelemetryStore) -> None:
        await store.write(
            points(
                "reading,school=S,asset=A v=1 100",
                "reading,school=S,asset=A v=1 200",
                slot_line(300, active_s=1),
                slot_line(600, active_s=1),
            )
        )
        assert await store.purge(second(200), second(600)) == 2
        assert await readings(store) == {"v": [(second(200), 1.0)]}
        assert [s.start for s in await store.slots("S", "A", *EVERYTHING)] == [second(600)]


class TestRollups:
    @pytest.fixture
    def clock(self) -> TestClock:
        return TestClock(local("18:00"))

    @pytest.fixture
    def registry(self) -> Iterator[Registry]:
        registry = Registry.open("sqlite://")
        fill(registry)
        yield registry
        registry.close()

    @pytest.fixture
    async def rollups(self, store: TelemetryStore, registry: Registry, clock: TestClock) -> Rollups:
        rollups = Rollups(store, registry, clock)
        await rollups.prepare()
        return rollups

    async def test_rows_have_their_schema_also_where_there_are_none(
        self, rollups: Rollups, store: TelemetryStore
    ) -> None:
        for day in (FRIDAY, MONDAY):
            assert (await store.rollups.period_use([SCHOOL], day, day)).schema == PERIOD_USE
            assert (await store.rollups.day_use([SCHOOL], day, day)).schema == DAY_USE
            assert (await store.rollups.last_observed([SCHOOL], day)).schema == LAST_OBSERVED
            await send(store, slots("A-1", local("08:00"), local("08:40"), "active"))
            await rollups.settled()

    async def test_rows_are_those_asked_for_in_their_order(
        self, rollups: Rollups, store: TelemetryStore
    ) -> None:
        await send(store, slots("A-3", local("08:00"), local("09:30"), "active"))
        await send(store, slots("A-1", local("08:00"), local("08:40"), "standby", energy_wh=10))
        await send(store, slots("X-9", local("08:00"), local("08:40"), "off"))
        await rollups.settled()
        kept = store.rollups
        rows = (await kept.period_use([SCHOOL], MONDAY, MONDAY)).to_pylist()
        assert "X-9" not in {row["asset"] for row in rows}
        keys = [(row["asset_id"], row["period"]) for row in rows]
        assert keys == sorted(keys)
        assert len(set(keys)) == len(keys)
        (first,) = [row for row in rows if (row["asset"], row["period"]) == ("A-1", 1)]
        assert (first["standby_s"], first["energy_wh"], first["scheduled"]) == (2400, 80, True)
        of_asset = await kept.period_use([SCHOOL], MONDAY, MONDAY, asset_id=first["asset_id"])
        assert {row["asset"] for row in of_asset.to_pylist()} == {"A-1"}
        of_kind = await kept.period_use([SCHOOL], MONDAY, MONDAY, category="recorder")
        assert {row["asset"] for row in of_kind.to_pylist()} == {"A-2"}
        everyone = await kept.period_use([SCHOOL], MONDAY, MONDAY, with_unknown=True)
        assert "X-9" in set(everyone["asset"].to_pylist())
        assert (await kept.period_use([], MONDAY, MONDAY)).num_rows == 0
        assert (await kept.period_use([SCHOOL], FRIDAY, FRIDAY)).num_rows == 0

    async def test_late_slots_and_slots_sent_again_change_the_rows(
        self, rollups: Rollups, store: TelemetryStore
    ) -> None:
        async def row() -> dict[str, Any]:
            rows = (await store.rollups.period_use([SCHOOL], MONDAY, MONDAY)).to_pylist()
            return next(row for row in rows if (row["asset"], row["period"]) == ("A-1", 2))

        await send(store, slots("A-1", local("08:00"), local("08:40"), "active"))
        await rollups.settled()
        assert (await row())["unobserved_s"] == 2400
        await send(store, slots("A-1", local("08:50"), local("09:30"), "active"))
        await rollups.settled()
        assert ((await row())["active_s"], (await row())["unobserved_s"]) == (2400, 0)
        await send(store, slots("A-1", local("08:50"), local("08:55"), "standby"))
        await rollups.settled()
        assert ((await row())["active_s"], (await row())["standby_s"]) == (2100, 300)

    async def test_whole_days_are_those_of_school_days(
        self, rollups: Rollups, store: TelemetryStore
    ) -> None:
        await send(store, slots("A-1", local("08:00", FRIDAY), local("08:10", FRIDAY), "active"))
        await rollups.settled()
        days = (await store.rollups.day_use([SCHOOL], FRIDAY, MONDAY)).to_pylist()
        assert {row["day"] for row in days} == {FRIDAY, MONDAY}
        keys = [(row["asset"], row["day"]) for row in days]
        assert keys == sorted(keys)
        (first,) = [row for row in days if (row["asset"], row["day"]) == ("A-1", FRIDAY)]
        assert (first["slots"], first["active_s"], first["due_slots"]) == (2, 600, 288)

    async def test_the_last_day_with_anything_observed_and_the_first_with_rows(
        self, rollups: Rollups, store: TelemetryStore
    ) -> None:
        await send(store, slots("A-1", local("08:00", FRIDAY), local("08:10", FRIDAY), "active"))
        await send(store, slots("A-3", local("08:00"), local("08:10"), "unobserved"))
        await send(store, slots("X-9", local("08:00"), local("08:10"), "off"))
        await rollups.settled()
        last = await store.rollups.last_observed([SCHOOL], MONDAY)
        assert last.to_pylist() == [
            {"school": SCHOOL, "device": "A-1", "day": FRIDAY},
            {"school": SCHOOL, "device": "X-9", "day": MONDAY},
        ]
        earlier = await store.rollups.last_observed([SCHOOL], FRIDAY)
        assert earlier["device"].to_pylist() == ["A-1"]
        assert await store.rollups.first_days([SCHOOL, "none"]) == {SCHOOL: FRIDAY}

    async def test_what_is_stale_is_noted_until_it_is_replaced(
        self, store: TelemetryStore, rollups: Rollups
    ) -> None:
        await send(store, slots("A-1", local("08:00"), local("08:10"), "active"))
        await rollups.settled()
        kept = store.rollups
        await asyncio.wrap_future(kept.note_stale([SCHOOL, "T"]))
        assert await kept.stale_days() == [(SCHOOL, None), ("T", None)]
        await kept.note_stale_days(["T"], [("T", MONDAY), ("T", FRIDAY)])
        noted = [(SCHOOL, None), ("T", FRIDAY), ("T", MONDAY)]
        assert await kept.stale_days() == noted
        await rollups.rebuild(SCHOOL)
        assert await kept.stale_days() == [("T", FRIDAY), ("T", MONDAY)]

    async def test_progress_is_noted_only_if_all_is_done(
        self, store: TelemetryStore, clock: TestClock
    ) -> None:
        kept = store.rollups
        await kept.prepare()
        await send(store, slots("A-1", local("08:00"), local("08:10"), "active"))
        await kept.note_progress(clock.at, lambda: False)
        assert (await kept.progress()).rolled_until is None
        await kept.note_progress(clock.at - timedelta(minutes=5), lambda: True)
        progress = await kept.progress()
        assert progress.received_until == clock.at
        assert progress.rolled_until == clock.at - timedelta(minutes=5)

    async def test_all_is_stale_where_slots_were_there_first(self, store: TelemetryStore) -> None:
        await send(store, slots("A-1", local("08:00"), local("08:10"), "active"))
        await store.rollups.prepare()
        assert await store.rollups.stale_days() == [(SCHOOL, None)]
        await store.rollups.note_stale_days([SCHOOL], [])
        await store.rollups.prepare()
        assert await store.rollups.stale_days() == []


@pytest.mark.parametrize("name", DURABLE)
class TestRestart:
    async def test_everything_is_there_again(
        self, name: str, tmp_path: Path, clock: TestClock
    ) -> None:
        store = STORES[name].open(tmp_path, clock)
        await store.write(
            points(
                'reading,school=S,asset=A,profile=p,room=2 v=2,v_quality="uncertain" 20',
                "reading,school=S,asset=A,profile=p,room=1 v=1,w=true 10",
                "gateway,school=S,gateway=g backlog=3 20",
                slot_line(300, active_s=1, energy_wh=2),
            )
        )
        before = await self._everything(store)
        store.close()
        store = STORES[name].open(tmp_path, clock)
        assert await self._everything(store) == before
        result = await store.write(points('reading,school=S,asset=A v="x" 30'))
        assert result.conflict is not None, "types are kept"
        store.close()

    async def _everything(self, store: TelemetryStore) -> list[object]:
        return [
            store.latest_readings("S"),
            store.latest_slots("S"),
            store.latest_gateways(),
            store.schools(),
            await readings(store),
            await store.slots("S", "A", *EVERYTHING),
        ]

    async def test_what_was_acknowledged_survives_a_kill(
        self, name: str, tmp_path: Path, clock: TestClock
    ) -> None:
        command = [sys.executable, "-m", "tests._parts.store_process", name, str(tmp_path)]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, cwd=ROOT
        )
        assert process.stdout is not None
        acknowledged = [int(await process.stdout.readline()) for _ in range(20)]
        process.kill()
        await process.wait()
        store = STORES[name].open(tmp_path, clock)
        times = {at for at, _ in (await readings(store))["v"]}
        starts = {slot.start for slot in await store.slots("S", "A", *EVERYTHING)}
        store.close()
        assert {second(number) for number in acknowledged} <= times
        assert {second(300 * number) for number in acknowledged} <= starts

    async def test_a_restart_rolls_up_what_was_not(self, name: str, tmp_path: Path) -> None:
        clock, registry = TestClock(local("18:00")), Registry.open("sqlite://")
        fill(registry)
        for number, (start, end) in enumerate([("08:00", "08:05"), ("08:05", "08:10")], 1):
            store = STORES[name].open(tmp_path, clock)
            rollups = Rollups(store, registry, clock)
            await rollups.prepare()
            await rollups.settled()
            rows = (await store.rollups.period_use([SCHOOL], MONDAY, MONDAY)).to_pylist()
            active_s = [row["active_s"] for row in rows if row["asset"] == "A-1"]
            assert sum(active_s) == 300 * (number - 1)
            await send(store, slots("A-1", local(start), local(end), "active"))
            store.close()
            clock.at += timedelta(hours=2)
        store = STORES[name].open(tmp_path, clock)
        rollups = Rollups(store, registry, clock)
        await rollups.prepare()
        await rollups.settled()
        rows = (await store.rollups.period_use([SCHOOL], MONDAY, MONDAY)).to_pylist()
        assert sum(row["active_s"] for row in rows if row["asset"] == "A-1") == 600
        store.close()
        registry.close()

    async def test_what_was_noted_as_stale_is_recomputed(self, name: str, tmp_path: Path) -> None:
        clock, registry = TestClock(local("18:00")), Registry.open("sqlite://")
        fill(registry)
        store = STORES[name].open(tmp_path, clock)
        rollups = Rollups(store, registry, clock)
        await rollups.prepare()
        await send(store, slots("A-1", local("08:00", FRIDAY), local("08:40", FRIDAY), "active"))
        await rollups.settled()
        registry.changed("timetable", frozenset({SCHOOL}))
        store.close()

        store = STORES[name].open(tmp_path, clock)
        assert await store.rollups.stale_days() == [(SCHOOL, None)]
        again = Rollups(store, registry, clock)
        await again.prepare()
        await again.settled()
        assert await store.rollups.stale_days() == []
        store.close()
        registry.close()


SERIES = st.sampled_from(["A", "B"])
LINE = st.builds(
    lambda asset, point, value, at: f"reading,school=S,asset={asset} {point}={value} {at}",
    SERIES,
    st.sampled_from(["v", "w"]),
    st.sampled_from(["1", "2.5", "true", '"x"', "3i"]),
    st.integers(1, 6),
)
SLOT_LINE = st.builds(
    lambda asset, at, values: slot_line(300 * at, asset=asset, **values),
    SERIES,
    st.integers(1, 4),
    st.dictionaries(
        st.sampled_from(["active_s", "standby_s", "off_s", "unobserved_s", "energy_wh"]),
        st.sampled_from([0.0, 150.0, 300.0]),
        min_size=1,
    ),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(LINE | SLOT_LINE, min_size=1, max_size=6), min_size=1, max_size=4))
def test_all_stores_answer_the_same(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[str]]
) -> None:
    async def answers(name: str, folder: Path) -> list[object]:
        store = STORES[name].open(folder, TestClock(NOW))
        answers: list[object] = [await store.write(points(*lines)) for lines in batches]
        for asset in ("A", "B"):
            answers += [
                await readings(store, "S", asset),
                await store.slots("S", asset, *EVERYTHING),
            ]
        answers += [
            store.latest_readings("S"),
            await store.senders(second(600)),
            await store.active_since("S", ["A", "B"], second(0)),
            await store.slots_received_since(second(0)),
            [row for chunk in store.export_readings("S", None, None) for row in chunk],
        ]
        store.close()
        return answers

    folder = tmp_path_factory.mktemp("stores")
    first, *others = [asyncio.run(answers(name, folder)) for name in STORES]
    for other in others:
        assert other == first
