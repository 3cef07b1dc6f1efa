from edge.drivers.ble import bthome
from edge.drivers.ble.duplicate_filter import DuplicateFilter, Verdict, digest_of
from simulators.devices import ble_encode
from tests.edge.drivers.ble.conftest import KEY, address_of


class Ear:
    """Receives plain or encrypted packets at given times and remembers what was news."""

    def __init__(self, mark: str | None = None) -> None:
        self.duplicates = DuplicateFilter(mark, 0.0)
        self.mark = mark

    def receive(
        self, packet_id: int | None, degrees: float, at_s: float, counter: int | None = None
    ) -> Verdict:
        encoded = ble_encode.bthome_object(0x02, degrees)
        data = ble_encode.service_data([encoded.data], packet_id)
        key = None
        if counter is not None:
            data = ble_encode.encrypted(data, address=address_of(1), bind_key=KEY, counter=counter)
            key = bytes.fromhex(KEY)
        packet = bthome.decode(data, address=address_of(1), bind_key=key)
        digest = digest_of(data)
        verdict = self.duplicates.verdict(packet, digest, at_s)
        if verdict is Verdict.NEW:
            self.mark = self.duplicates.accept(packet, digest, at_s)
        return verdict


def test_a_packet_is_news_once() -> None:
    ear = Ear()
    assert [ear.receive(1, 20, t) for t in (0, 0.2, 50, 5000)] == [
        Verdict.NEW,
        Verdict.REPEATED,
        Verdict.REPEATED,
        Verdict.REPEATED,
    ]


def test_the_counter_wraps() -> None:
    ear = Ear()
    verdicts = [ear.receive(number % 256, 20, number / 2) for number in range(600)]
    assert set(verdicts) == {Verdict.NEW}


def test_gaps_up_to_half_a_turn_are_news_at_once() -> None:
    ear = Ear()
    assert ear.receive(200, 20, 0) is Verdict.NEW
    assert ear.receive((200 + 127) % 256, 20, 0.1) is Verdict.NEW


def test_a_reset_is_news_after_a_moment() -> None:
    ear = Ear()
    assert ear.receive(100, 20, 0) is Verdict.NEW
    assert ear.receive(0, 20, 1) is Verdict.STALE
    assert ear.receive(0, 20, 5) is Verdict.NEW


def test_equal_counters_with_another_payload_are_news() -> None:
    ear = Ear()
    assert ear.receive(5, 20, 0) is Verdict.NEW
    assert ear.receive(5, 21, 0.5) is Verdict.NEW


def test_an_overtaken_packet_is_old() -> None:
    ear = Ear()
    assert [ear.receive(i, 20, t) for i, t in ((10, 0), (12, 1), (11, 1.1), (13, 2))] == [
        Verdict.NEW,
        Verdict.NEW,
        Verdict.STALE,
        Verdict.NEW,
    ]


def test_a_replay_of_what_was_received_is_old() -> None:
    ear = Ear()
    for number in range(5):
        ear.receive(number, 20, number)
    assert ear.receive(2, 20, 15) is Verdict.STALE
    assert ear.receive(5, 20, 16) is Verdict.NEW


def test_without_a_packet_id_the_payload_tells() -> None:
    ear = Ear()
    verdicts = [
        ear.receive(None, d, t) for d, t in ((20, 0), (20, 1), (21, 2), (20, 3), (20, 62), (20, 64))
    ]
    assert verdicts == [
        Verdict.NEW,
        Verdict.REPEATED,
        Verdict.NEW,
        Verdict.NEW,
        Verdict.REPEATED,
        Verdict.NEW,
    ]


def test_the_mark_outlives_the_gateway() -> None:
    before = Ear()
    before.receive(7, 20, 0)
    after = Ear(before.mark)
    assert after.receive(7, 20, 0.1) is Verdict.REPEATED
    assert after.receive(8, 20, 0.2) is Verdict.NEW


def test_a_device_that_began_again_while_the_gateway_was_down_is_news_at_once() -> None:
    before = Ear()
    before.receive(7, 20, 0)
    assert Ear(before.mark).receive(0, 20, 0.1) is Verdict.NEW


def test_a_mark_that_cannot_be_read_is_no_mark() -> None:
    for mark in ("", "x", "1:abc", "a:b:c", ":::"):
        assert Ear(mark).receive(1, 20, 0) is Verdict.NEW


def test_encryption_counters_grow_wrap_and_begin_again() -> None:
    ear = Ear()
    top = (1 << 32) - 1
    assert ear.receive(1, 20, 0, counter=1000) is Verdict.NEW
    assert ear.receive(2, 20, 1, counter=999) is Verdict.STALE
    assert ear.receive(2, 20, 1, counter=500) is Verdict.STALE
    assert ear.receive(2, 20, 2, counter=3) is Verdict.NEW
    assert ear.receive(2, 20, 3, counter=top // 2 + 1) is Verdict.NEW
    assert ear.receive(3, 20, 4, counter=top) is Verdict.NEW
    assert ear.receive(4, 20, 5, counter=0) is Verdict.NEW
    assert ear.receive(4, 20, 6, counter=0) is Verdict.REPEATED
    assert Ear(ear.mark).receive(9, 20, 0, counter=top) is Verdict.STALE
