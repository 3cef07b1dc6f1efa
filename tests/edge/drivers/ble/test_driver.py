import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from edge.clock import SystemClock
from edge.drivers.ble.device import BleAdapter, BleDevice
from edge.drivers.ble.driver import BleDriver
from edge.errors import ConfigError, DecodeError, DeviceUnreachable
from simulators.devices import ble_encode
from simulators.virtual_radio import VirtualRadio
from tests._parts.sink import MemorySink
from tests.edge.drivers.ble.conftest import (
    KEY,
    PAGE,
    READER,
    SECRET,
    SENSOR,
    SERVICE,
    address_of,
    hasty,
    running,
)

Place = Callable[..., Any]
UNDERSTOOD_AS_BTHOME = [
    ble_encode.advertisement(data)
    for data in (
        b"",
        b"\x20",
        b"\x40\x02\x01",
        b"\x40\x53\xff",
        b"\x41" + bytes(16),
        b"\x40\x01" * 100,
    )
]
HOSTILE = [
    *UNDERSTOOD_AS_BTHOME,
    b"",
    b"\x00" * 31,
    b"\xff" * 31,
    b"\x03\x16\xd2",
    b"\x02\x16\xd2",
    b"\x01\x16",
    b"\x02\x09\xff\x03\x03\x01\x02\x04\xff\x01\x02\x03",
    ble_encode.advertisement(b"\x40\xee\x01"),
]


async def test_an_advertisement_is_one_reading_however_often_it_is_received(
    radio: VirtualRadio, place: Place
) -> None:
    peripheral, delivered = await place(SENSOR)
    async with running(
        hasty(radio), [BleDevice("air", SENSOR, address_of(1))], MemorySink()
    ) as sink:
        for degrees in (20.0, 21.5, 21.5, -3.25):
            await peripheral.update({"temperature": degrees})
            count = len(sink.readings)
            await sink.until(lambda s, n=count: len(s.readings) > n)  # type: ignore[misc] # bound now
        await sink.until(lambda s: "air" in s.answered)
    await peripheral.stop()
    assert sink.values("air", "temperature")[-4:] == [20.0, 21.5, 21.5, -3.25]
    assert sink.values("air", "temperature") == delivered.values("temperature")
    moments = [r.observed_at for r in sink.readings if r.point == "temperature"]
    assert len(set(moments)) == len(moments)


async def test_many_devices_and_one_that_is_not_there(radio: VirtualRadio, place: Place) -> None:
    numbers = range(1, 13)
    placed = {
        number: await place(READER if number % 3 == 0 else SENSOR, number) for number in numbers
    }
    devices = [
        BleDevice(f"d{number}", READER if number % 3 == 0 else SENSOR, address_of(number))
        for number in numbers
    ]
    devices.append(BleDevice("dead", READER, address_of(99)))
    async with running(hasty(radio, silence_s=1.0), devices, MemorySink()) as sink:
        await sink.until(lambda s: all(s.values(f"d{n}", "page") for n in numbers if n % 3 == 0))
        for number, (peripheral, _) in placed.items():
            if number % 3:
                await peripheral.update({"temperature": float(number)})
            else:
                await peripheral.update({"page": float(number), "illuminance": float(number)})
        await sink.until(
            lambda s: all(
                float(n) in s.values(f"d{n}", "page" if n % 3 == 0 else "temperature")
                for n in numbers
            )
        )
        await sink.until(lambda s: any(e.device_id == "dead" for e in s.device_errors))
    assert {e.device_id for e in sink.device_errors} == {"dead"}


async def test_a_service_is_read_subscribed_and_polled(radio: VirtualRadio, place: Place) -> None:
    peripheral, delivered = await place(READER)
    device = BleDevice("paper", READER, address_of(1))
    async with running(hasty(radio), [device], MemorySink()) as sink:
        await sink.until(lambda s: s.values("paper", "state") == ["closed"])
        await peripheral.update({"page": 7.0, "state": "reading"})
        await sink.until(lambda s: s.values("paper", "page")[-1:] == [7.0])
        await peripheral.update({"brightness": 42.0})
        await sink.until(lambda s: 42.0 in s.values("paper", "brightness"))
    await peripheral.stop()
    assert sink.values("paper", "state") == ["closed", "reading"] == delivered.values("state")
    assert sink.values("paper", "brightness") == delivered.values("brightness", certain=False)


async def test_a_lost_connection_is_made_again(radio: VirtualRadio, place: Place) -> None:
    peripheral, _ = await place(READER)
    device = BleDevice("paper", READER, address_of(1))
    async with running(hasty(radio), [device], MemorySink()) as sink:
        for round_ in range(1, 5):
            await sink.until(lambda s, n=round_: len(s.values("paper", "page")) >= n)  # type: ignore[misc] # bound now
            radio.disconnect(address_of(1))
            await sink.until(lambda s, n=round_: len(s.device_errors) >= n)  # type: ignore[misc] # bound now
        await sink.until(lambda s: len(s.values("paper", "page")) >= 5)
        assert peripheral.connections == 1
    assert {type(e) for e in sink.device_errors} == {DeviceUnreachable}


async def test_a_killed_gateway_comes_back_and_counts_nothing_twice(
    radio: VirtualRadio, place: Place
) -> None:
    peripheral, _ = await place(SENSOR, first_packet=254)
    sink = MemorySink()
    devices = [BleDevice("air", SENSOR, address_of(1))]
    for turn in range(5):
        async with running(hasty(radio), devices, sink):
            await sink.until(lambda s, n=turn: len(s.ready) > n)  # type: ignore[misc] # bound now
            await peripheral.update({"temperature": float(turn)})
            await sink.until(lambda s, t=float(turn): t in s.values("air", "temperature"))  # type: ignore[misc] # bound now
    async with running(hasty(radio), devices, sink):
        await sink.until(lambda s: s.answered[-1:] == ["air"] and len(s.ready) == 6)
    values = sink.values("air", "temperature")
    assert values[-5:] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert len(values) <= 6  # the first may have been received before the first update


async def test_a_wedged_controller_is_noticed_and_started_again(
    radio: VirtualRadio, place: Place
) -> None:
    peripheral, _ = await place(SENSOR)
    devices = [BleDevice("air", SENSOR, address_of(1))]
    adapter = hasty(radio, request_timeout_s=0.5)
    async with running(adapter, devices, MemorySink()) as sink:
        await sink.until(lambda s: bool(s.readings))
        radio.wedge()
        await sink.until(lambda s: len(s.driver_errors) >= 2)
        radio.unwedge()
        await sink.until(lambda s: len(s.ready) >= 2)
        await peripheral.update({"temperature": 33.0})
        await sink.until(lambda s: 33.0 in s.values("air", "temperature"))
    texts = [str(e) for e in sink.driver_errors]
    assert "ble: asking the controller: the controller gave no answer in time" in texts


async def test_a_pulled_dongle_is_opened_again(radio: VirtualRadio, place: Place) -> None:
    await place(SENSOR)
    devices = [BleDevice("air", SENSOR, address_of(1))]
    async with running(hasty(radio), devices, MemorySink()) as sink:
        await sink.until(lambda s: bool(s.readings))
        radio.hang_up()
        await sink.until(lambda s: len(s.ready) >= 2)
    assert "was cut" in str(sink.driver_errors[0])


async def test_silence_starts_the_radio_again(radio: VirtualRadio, place: Place) -> None:
    await place(SENSOR)
    devices = [BleDevice("air", SENSOR, address_of(1))]
    async with running(hasty(radio, silence_s=0.5), devices, MemorySink()) as sink:
        await sink.until(lambda s: bool(s.readings))
        radio.lose(address_of(1), 1.0)
        await sink.until(lambda s: bool(s.driver_errors))
        radio.lose(address_of(1), 0.5)
        count = len(sink.answered)
        await sink.until(lambda s: len(s.answered) > count)
    assert "nothing was received for 0.5 s" in str(sink.driver_errors[0])


async def test_encrypted_advertisements_need_their_key(radio: VirtualRadio, place: Place) -> None:
    await place(SECRET, 1, bind_key=KEY)
    await place(SECRET, 2, bind_key="0" * 32)
    devices = [BleDevice(f"s{n}", SECRET, address_of(n), KEY) for n in (1, 2)]
    async with running(hasty(radio), devices, MemorySink()) as sink:
        await sink.until(lambda s: bool(s.values("s1", "motion")) and bool(s.device_errors))
    assert [type(e) for e in sink.device_errors] == [DecodeError]
    assert "s2: the advertisement cannot be decrypted" in str(sink.device_errors[0])


async def test_hostile_advertisements_cost_one_error_each_and_no_other_device(
    radio: VirtualRadio, place: Place
) -> None:
    bad, _ = await place(SENSOR, 1)
    good, _ = await place(SENSOR, 2)
    devices = [BleDevice(name, SENSOR, address_of(n)) for n, name in ((1, "bad"), (2, "good"))]
    async with running(hasty(radio), devices, MemorySink()) as sink:
        for data in HOSTILE:
            count = len(sink.device_errors)
            await bad._advertising.set_advertising_data(data)
            await good.update({"temperature": float(count)})
            await sink.until(lambda s, n=float(count): n in s.values("good", "temperature"))  # type: ignore[misc] # bound now
            if data in UNDERSTOOD_AS_BTHOME:
                await sink.until(lambda s, n=count: len(s.device_errors) > n)  # type: ignore[misc] # bound now
        await bad.update({"temperature": 1.5})
        await sink.until(lambda s: 1.5 in s.values("bad", "temperature"))
    assert not sink.driver_errors
    assert {e.device_id for e in sink.device_errors} == {"bad"}
    assert len(sink.device_errors) == len(UNDERSTOOD_AS_BTHOME)


async def test_a_replayed_encrypted_advertisement_is_refused(
    radio: VirtualRadio, place: Place
) -> None:
    peripheral, _ = await place(SECRET, bind_key=KEY, first_packet=1000)
    old = ble_encode.service_data([ble_encode.bthome_object(0x02, 5.0).data], 1)
    replay = ble_encode.encrypted(old, address=address_of(1), bind_key=KEY, counter=500)
    device = BleDevice("s", SECRET, address_of(1), KEY)
    async with running(hasty(radio), [device], MemorySink()) as sink:
        await sink.until(lambda s: bool(s.readings))
        await peripheral._advertising.set_advertising_data(ble_encode.advertisement(replay))
        await sink.until(lambda s: bool(s.device_errors))
        await peripheral.update({"temperature": 8.0})
        await sink.until(lambda s: 8.0 in s.values("s", "temperature"))
    assert "the encryption counter went back to 500" in str(sink.device_errors[0])
    assert 5.0 not in sink.values("s", "temperature")


async def test_b1a_a_counter_that_begins_again_anywhere_loses_no_reading(
    radio: VirtualRadio, place: Place
) -> None:
    peripheral, _ = await place(SECRET, bind_key=KEY, first_packet=50_000)
    device = BleDevice("s", SECRET, address_of(1), KEY)
    async with running(hasty(radio), [device], MemorySink()) as sink:
        await sink.until(lambda s: bool(s.readings))
        for number, counter in enumerate((150, 151, 152, 153)):
            degrees = ble_encode.bthome_object(0x02, 20.0 + number)
            plain = ble_encode.service_data([degrees.data], number)
            data = ble_encode.encrypted(plain, address=address_of(1), bind_key=KEY, counter=counter)
            await peripheral._advertising.set_advertising_data(ble_encode.advertisement(data))
            await asyncio.sleep(0.5)  # the device's own pace
        await sink.until(lambda s: 23.0 in s.values("s", "temperature"))
    assert sink.values("s", "temperature")[-4:] == [20.0, 21.0, 22.0, 23.0]
    moments = [r.observed_at for r in sink.readings if r.point == "temperature"]
    assert moments == sorted(set(moments))
    assert "waits for others that confirm it" in str(sink.device_errors[0])


async def test_b2a_a_connected_device_that_stops_advertising_stays_connected(
    radio: VirtualRadio, place: Place
) -> None:
    await place(READER)
    device = BleDevice("paper", READER, address_of(1))
    async with running(hasty(radio, silence_s=0.3), [device], MemorySink()) as sink:
        await sink.until(lambda s: bool(s.values("paper", "page")))
        radio.lose(address_of(1), 1.0)
        count = len(sink.values("paper", "brightness"))
        await sink.until(lambda s: len(s.values("paper", "brightness")) > count + 10)
    assert (sink.driver_errors, sink.device_errors, len(sink.ready)) == ([], [], 1)


async def test_quiet_air_is_no_broken_radio_while_others_are_received(
    radio: VirtualRadio, place: Place
) -> None:
    await place(SENSOR, 1)
    other, _ = await place(SENSOR, 2)  # of no device here
    devices = [BleDevice("air", SENSOR, address_of(1))]
    async with running(hasty(radio, silence_s=0.3), devices, MemorySink()) as sink:
        await sink.until(lambda s: bool(s.readings))
        radio.lose(address_of(1), 1.0)
        await asyncio.sleep(1.5)  # five times the silence: nothing is to happen in it
        assert sink.driver_errors == []
        await other.stop()
        await sink.until(lambda s: bool(s.driver_errors))


async def test_a_device_with_a_long_interval_does_not_start_the_radio_again(
    radio: VirtualRadio, place: Place
) -> None:
    await place(SENSOR, 1, interval_s=0.8)
    devices = [BleDevice("air", SENSOR, address_of(1))]
    async with running(hasty(radio, silence_s=0.5), devices, MemorySink()) as sink:
        await sink.until(lambda s: bool(s.readings))
        await sink.until(lambda s: len(s.answered) >= 2)  # the interval is known by now
        restarts = len(sink.driver_errors)
        answered = len(sink.answered)
        await sink.until(lambda s: len(s.answered) >= answered + 3)
    assert len(sink.driver_errors) == restarts


async def test_a_device_of_another_kind_than_its_profile_says_so(
    radio: VirtualRadio, place: Place
) -> None:
    await place(SENSOR)
    device = BleDevice("paper", READER, address_of(1))
    async with running(hasty(radio), [device], MemorySink()) as sink:
        await sink.until(lambda s: len(s.device_errors) >= 3)
    texts = [str(e) for e in sink.device_errors]
    assert texts[0].startswith(f"paper: it has no characteristic {PAGE} in service {SERVICE}")
    assert "paper: it offers none of the characteristics of its profile" in texts
    assert not sink.driver_errors


async def test_without_a_controller_the_driver_says_so_and_goes_on() -> None:
    adapter = BleAdapter(hci="tcp-client:127.0.0.1:1", retry_s=0.01, retry_most_s=0.01)
    devices = [BleDevice("air", SENSOR, address_of(1))]
    async with running(adapter, devices, MemorySink()) as sink:
        await sink.until(lambda s: len(s.driver_errors) >= 2)
    assert str(sink.driver_errors[0]).startswith("ble: opening tcp-client:127.0.0.1:1: ")


async def test_a_slow_disk_loses_nothing_that_is_still_on_the_air(
    radio: VirtualRadio, place: Place
) -> None:
    peripheral, _ = await place(SENSOR)
    sink = MemorySink()
    sink.gate.clear()
    async with running(hasty(radio), [BleDevice("air", SENSOR, address_of(1))], sink):
        await sink.until(lambda s: s.waiting == 1)
        await peripheral.update({"temperature": 9.0})
        await asyncio.sleep(0)
        sink.gate.set()
        await sink.until(lambda s: 9.0 in s.values("air", "temperature"))


async def test_one_address_may_be_two_devices_of_different_profiles(
    radio: VirtualRadio, place: Place
) -> None:
    await place(SENSOR)
    sink = MemorySink()
    both = [BleDevice("air", SENSOR, address_of(1)), BleDevice("other", SENSOR, address_of(1))]
    async with running(hasty(radio), both, sink):
        await sink.until(lambda s: {r.device for r in s.readings} == {"air", "other"})


@pytest.mark.parametrize(
    ("devices", "problem"),
    [
        (
            [BleDevice("a", READER, address_of(1)), BleDevice("b", READER, "f0:00:00:00:00:01")],
            "devices a and b have the same address",
        ),
        ([BleDevice("a", SECRET, address_of(1))], "give its bind_key"),
        ([BleDevice("a", SECRET, address_of(1), "abc")], "expected 32 hex digits"),
    ],
)
def test_a_wrong_device_is_one_sentence(devices: list[BleDevice], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        BleDriver(BleAdapter(), devices, SystemClock())
