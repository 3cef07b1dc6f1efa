import pytest

from edge.drivers.modbus.learned import FORGOTTEN_AFTER_S, PROOFS, Learned, read_learned
from edge.drivers.modbus.plan import Break

CUT: Break = ("holding", 40)
WALL_S = 1_800_000_000.0


def confirmed() -> Learned:
    learned = Learned()
    learned.add(CUT, 0.0, WALL_S)
    learned.is_right(CUT, 0.0)
    return learned


def test_a_new_cut_is_on_trial_at_once_and_not_kept_over_restarts() -> None:
    learned = Learned()
    learned.add(CUT, 0.0, WALL_S)
    assert learned.breaks == {CUT}
    assert list(learned.on_trial(0.0)) == [CUT]
    assert not learned.is_changed
    assert learned.written() == "[]"


def test_a_cut_that_silence_led_to_is_tried_later() -> None:
    learned = Learned()
    learned.add(CUT, 0.0, WALL_S, is_mute=True)
    assert list(learned.on_trial(1.0)) == []
    assert list(learned.on_trial(60.0)) == [CUT]


def test_a_confirmed_cut_is_kept_and_tried_ever_less_often() -> None:
    learned = confirmed()
    assert learned.is_changed
    assert learned.written() == f'[["holding",40,{WALL_S:.0f}]]'
    waits, now = [], 0.0
    for _ in range(3):
        later = next(t for t in range(int(now), 100_000) if list(learned.on_trial(t)))
        waits.append(later - now)
        now = later
        learned.is_right(CUT, now)
    assert waits == [60, 120, 240]


def test_case_one_exc2_a_cut_is_forgotten_after_three_proofs_of_the_contrary() -> None:
    learned = confirmed()
    learned.written()
    for _ in range(PROOFS - 1):
        learned.is_wrong(CUT, 60.0)
        assert list(learned.on_trial(60.0)) == [CUT]  # again at the next poll
    assert learned.breaks == {CUT}
    learned.is_wrong(CUT, 60.0)
    assert learned.breaks == frozenset()
    assert learned.is_changed


def test_proofs_have_to_come_in_a_row() -> None:
    learned = confirmed()
    for _ in range(PROOFS - 1):
        learned.is_wrong(CUT, 60.0)
    learned.is_right(CUT, 60.0)
    learned.is_wrong(CUT, 200.0)
    assert learned.breaks == {CUT}


@pytest.mark.parametrize("wall_s", [WALL_S + FORGOTTEN_AFTER_S, WALL_S - 1])
def test_a_cut_is_forgotten_after_a_day_or_by_a_clock_that_was_ahead(wall_s: float) -> None:
    learned = confirmed()
    learned.age(WALL_S + FORGOTTEN_AFTER_S - 1)
    assert learned.breaks == {CUT}
    learned.age(wall_s)
    assert learned.breaks == frozenset()
    assert learned.written() == "[]"


def test_what_was_learned_can_be_written_and_read() -> None:
    learned = confirmed()
    again = read_learned(learned.written(), 5.0, WALL_S + 10)
    assert again.breaks == {CUT}
    assert again.written() == f'[["holding",40,{WALL_S:.0f}]]'
    assert list(again.on_trial(5.0)) == []


def test_what_an_older_gateway_kept_counts_from_now() -> None:
    assert read_learned('[["input",7]]', 0.0, WALL_S).written() == f'[["input",7,{WALL_S:.0f}]]'


@pytest.mark.parametrize("text", [None, "", "x", "[1]", '{"a": 1}', '[["holding", "x"]]', "7"])
def test_a_damaged_memory_is_no_memory(text: str | None) -> None:
    assert read_learned(text, 0.0, WALL_S).breaks == frozenset()
