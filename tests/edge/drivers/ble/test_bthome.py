import sys
from collections.abc import Callable
from typing import Any

import pytest
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bthome_ble import BTHomeBluetoothDeviceData
from habluetooth import BluetoothServiceInfoBleak
from hypothesis import given
from hypothesis import strategies as st

from edge.drivers.ble import bthome
from simulators.devices import ble_encode
from tests.edge.drivers.ble.conftest import KEY, address_of

ADDRESS = "54:48:E6:8F:80:A5"
NUMBERS = sorted(i for i, o in bthome.OBJECTS.items() if o.kind in {"unsigned", "signed", "bool"})


def decode(text: str, **more: Any) -> bthome.Packet:
    return bthome.decode(bytes.fromhex(text), address=ADDRESS, **more)


def test_the_format_s_own_example() -> None:
    packet = decode("4002ca0903bf13")
    assert packet.objects == ((0x02, 25.06), (0x03, 50.55))
    assert (packet.packet_id, packet.counter, packet.unknown) == (None, None, None)


def test_the_format_s_own_encrypted_example() -> None:
    packet = decode(
        "41a47266c95f730011223378237214", bind_key=bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")
    )
    assert packet.objects == ((0x02, 25.06), (0x03, 50.55))
    assert packet.counter == 0x33221100


def test_events_texts_and_versions_take_their_own_length() -> None:
    packet = decode("403a013c01033b02011122530248695402abcdf200010602ca09")
    assert packet.value(0x3A, 0) == 1.0
    assert packet.value(0x53, 0) == "Hi"
    assert packet.value(0x54, 0) == "abcd"
    assert packet.value(0xF2, 0) == "6.1.0"
    assert packet.value(0x02, 0) == 25.06


def test_the_same_object_twice_is_distinguished_by_index() -> None:
    packet = decode("4002ca0902d007")
    assert [packet.value(0x02, index) for index in (0, 1, 2)] == [25.06, 20.0, None]


def test_an_unknown_object_ends_reading_and_keeps_what_stood_before() -> None:
    packet = decode("4002ca09ee0102")
    assert packet.objects == ((0x02, 25.06),)
    assert packet.unknown == 0xEE


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the service data is empty"),
        ("20", "got BTHome version 1, expected version 2"),
        ("4002ca", "ends inside object 0x02: got 1 bytes of it, expected 2"),
        ("4053", "ends before the length of object 0x53"),
        ("4053ff41", "got 1 bytes of it, expected 255"),
        ("405302fffe", "the text in object 0x53 is not UTF-8"),
        ("4100", "the advertisement is encrypted and no bind_key is given"),
    ],
)
def test_hostile_bytes_give_one_sentence(text: str, problem: str) -> None:
    with pytest.raises(bthome.BthomeError, match=problem):
        decode(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("4002ca09", "got a plain advertisement, expected an encrypted one"),
        ("4100", "got 2 bytes, expected at least 9"),
        ("41a47266c95f730011223378237215", "the bind_key is wrong"),
    ],
)
def test_a_device_with_a_key_must_use_it(text: str, problem: str) -> None:
    with pytest.raises(bthome.BthomeError, match=problem):
        decode(text, bind_key=bytes.fromhex(KEY))


def test_without_cryptography_encrypted_packets_name_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    with pytest.raises(bthome.CryptographyMissing, match=r"install smart-campus\[edge\]"):
        decode("41a47266c95f730011223378237214", bind_key=bytes.fromhex(KEY))
    assert decode("4002ca09").value(0x02, 0) == 25.06


@given(st.binary(max_size=64), st.sampled_from([None, bytes(16)]))
def test_any_bytes_are_a_packet_or_one_error(data: bytes, key: bytes | None) -> None:
    for head in (b"", b"\x40", b"\x41"):
        try:
            bthome.decode(head + data, address=ADDRESS, bind_key=key)
        except bthome.BthomeError as error:
            assert "\n" not in str(error)  # noqa: PT017 - most bytes raise nothing


@pytest.mark.parametrize("object_id", NUMBERS, ids=hex)
@given(data=st.data())
def test_numbers_come_back(object_id: int, data: st.DataObject) -> None:
    layout = bthome.OBJECTS[object_id]
    least = -(1 << (8 * layout.size - 1)) if layout.kind == "signed" else 0
    most = (1 << (8 * layout.size - (layout.kind == "signed"))) - 1
    if layout.kind == "bool":
        most = 1
    steps = data.draw(st.integers(least, most))
    encoded = ble_encode.bthome_object(object_id, float(steps * layout.factor))
    packet = bthome.decode(ble_encode.service_data([encoded.data], 7), address=ADDRESS)
    if object_id != 0:
        assert packet.packet_id == 7
        assert packet.value(object_id, 0) == encoded.value
        assert encoded.value == pytest.approx(float(steps * layout.factor))


@pytest.mark.parametrize(
    ("object_id", "text"), [(0x53, "电池 low"), (0xF1, "4.2.1.0"), (0xF2, "6.1.0")]
)
def test_texts_come_back(object_id: int, text: str) -> None:
    encoded = ble_encode.bthome_object(object_id, text)
    packet = bthome.decode(ble_encode.service_data([encoded.data]), address=ADDRESS)
    assert packet.value(object_id, 0) == text


@given(st.floats(-300, 300), st.integers(0, 1 << 33))
def test_encrypted_packets_come_back(degrees: float, counter: int) -> None:
    encoded = ble_encode.bthome_object(0x02, degrees)
    plain = ble_encode.service_data([encoded.data], 3)
    sealed = ble_encode.encrypted(plain, address=ADDRESS, bind_key=KEY, counter=counter)
    packet = bthome.decode(sealed, address=ADDRESS, bind_key=bytes.fromhex(KEY))
    assert packet.value(0x02, 0) == encoded.value
    assert packet.counter == counter % (1 << 32)


def _theirs(data: bytes, key: bytes | None = None) -> dict[str, Any]:
    """Return what the independent decoder makes of service data."""
    parser = BTHomeBluetoothDeviceData(bindkey=key)
    advertisement = AdvertisementData(None, {}, {bthome.SERVICE_UUID: data}, [], None, -60, ())
    info = BluetoothServiceInfoBleak(
        name="x",
        address=ADDRESS,
        rssi=-60,
        manufacturer_data={},
        service_data={bthome.SERVICE_UUID: data},
        service_uuids=[bthome.SERVICE_UUID],
        source="local",
        device=BLEDevice(ADDRESS, "x", None),
        advertisement=advertisement,
        connectable=False,
        time=0.0,
        tx_power=None,
    )
    update = parser.update(info)
    values = {k.key: v.native_value for k, v in update.entity_values.items()}
    values |= {k.key: v.native_value for k, v in update.binary_entity_values.items()}
    values.pop("signal_strength", None)
    return values


@pytest.mark.parametrize(
    "object_id", [i for i in NUMBERS if i not in {0x00, 0x3A, 0x50, 0xF0}], ids=hex
)
@pytest.mark.parametrize("share", [0.0, 0.37, 1.0])
def test_the_independent_decoder_reads_the_same(object_id: int, share: float) -> None:
    layout = bthome.OBJECTS[object_id]
    most = 1 if layout.kind == "bool" else (1 << (8 * layout.size - 1)) - 1
    encoded = ble_encode.bthome_object(object_id, float(int(most * share) * layout.factor))
    data = ble_encode.service_data([encoded.data])
    ours = bthome.decode(data, address=ADDRESS).value(object_id, 0)
    theirs = list(_theirs(data).values())
    # They round steps of 0.35 to one decimal.
    assert theirs == [pytest.approx(ours, abs=0.051 if object_id == 0x58 else 1e-9)]


def test_the_independent_decoder_knows_the_same_objects() -> None:
    const = pytest.importorskip("bthome_ble.const")
    fixed: Callable[[Any], bool] = lambda m: m.data_format not in {"string", "raw", "command"}  # noqa: E731 - used twice
    theirs = {i: m.data_length for i, m in const.MEAS_TYPES.items() if fixed(m)}
    assert {i: o.size for i, o in bthome.OBJECTS.items() if o.size} == theirs
    assert set(bthome.OBJECTS) == set(const.MEAS_TYPES)


def test_the_independent_decoder_opens_our_encryption() -> None:
    encoded = ble_encode.bthome_object(0x02, 21.34)
    plain = ble_encode.service_data([encoded.data])
    sealed = ble_encode.encrypted(plain, address=ADDRESS, bind_key=KEY, counter=99)
    assert _theirs(sealed, bytes.fromhex(KEY)) == {"temperature": 21.34}


def test_addresses_of_the_tests_are_random_static() -> None:
    assert int(address_of(1)[:2], 16) >> 6 == 0b11


def test_b3a_a_packet_with_id_battery_temperature_and_humidity() -> None:
    data = bytes.fromhex("40001b016402c808036c1a")
    packet = bthome.decode(data, address="F0:00:00:00:00:02")
    assert packet.packet_id == 27
    assert packet.objects == ((0x00, 27.0), (0x01, 100.0), (0x02, 22.48), (0x03, 67.64))
    assert packet.unknown is None
