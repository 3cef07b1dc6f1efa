import pytest

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


def judged(ear: Ear, *packets: tuple[int, float]) -> str:
    """Return the first letters of the verdicts on (counter, moment)."""
    return "".join(
        ear.receive(counter % 256, counter % 50, at_s, counter=counter).name[0]
        for counter, at_s in packets
    )


TOP = (1 << 32) - 1


@pytest.mark.parametrize(
    ("last", "began"),
    [(50_002, 150), (50_002, 0), (50_002, 49_000), (100, 3_000_000_000), (TOP - 5000, 7), (7, 99)],
)
def test_b1a_a_counter_that_begins_anywhere_is_news_once_three_follow(
    last: int, began: int
) -> None:
    ear = Ear()
    assert judged(ear, (last - 1, 0), (last, 3)) == "NN"
    verdicts = judged(ear, *((began + n, 6 + 3 * n) for n in range(5)))
    assert verdicts == ("DDNNN" if began != 99 else "NNNNN")


def test_b1a_a_replay_is_still_refused() -> None:
    ear = Ear()
    assert judged(ear, (50_000, 0), (50_001, 3), (50_002, 6)) == "NNN"
    assert judged(ear, (150, 9), (150, 9.1), (151, 12), (152, 15)) == "DDDN"
    assert judged(ear, (50_000, 16), (50_001, 19), (50_002, 22)) == "SSS"
    after = Ear(ear.mark)
    assert judged(after, (50_000, 0), (50_001, 3), (50_002, 6), (153, 9)) == "SSSN"


def test_a_replay_of_what_was_never_received_needs_the_devices_silence() -> None:
    ear = Ear()
    assert judged(ear, (1000, 0)) == "N"
    series = [(500, 1.0), (1001, 3), (501, 4), (1002, 6), (502, 7), (1003, 9), (503, 10)]
    assert judged(ear, *series) == "DNDNDND"
    assert judged(ear, (400, 11.0), (401, 11.1), (402, 11.2)) == "DDD"  # faster than a device


def test_a_counter_wraps_and_leaps_no_further_than_a_device_can_send() -> None:
    ear = Ear()
    assert judged(ear, (TOP - 1, 0), (TOP, 1), (0, 2), (1, 3), (900, 4)) == "NNNNN"
    assert judged(ear, (36_000, 5), (36_900, 3604)) == "DN"
