"""The machine's clock against the server's."""

from datetime import UTC, datetime, timedelta

import pytest

from edge.clock import ComparedClock, is_good
from tests.edge.conftest import START, SetClock


@pytest.fixture
def compared(clock: SetClock) -> ComparedClock:
    return ComparedClock(clock)


def test_nothing_is_believed_before_the_server_was_asked(
    clock: SetClock, compared: ComparedClock
) -> None:
    assert (compared.is_waiting, is_good(compared)) == (True, False)
    compared.server_states(None)
    assert (compared.is_waiting, is_good(compared), compared.now()) == (False, True, clock.now())


def test_clocks_that_agree_leave_the_machine_its_own(
    clock: SetClock, compared: ComparedClock
) -> None:
    compared.server_states(START + timedelta(minutes=5))
    clock.pass_(3600)
    assert (compared.now(), compared.ahead_s) == (clock.now(), 0)


@pytest.mark.parametrize("hours", [8, -8, 24 * 365 * 10, -24 * 365 * 56])
def test_a_clock_that_is_off_gives_way_to_the_servers_until_it_is_set(hours: int) -> None:
    clock = SetClock(START + timedelta(hours=hours))
    compared = ComparedClock(clock)
    compared.server_states(START)
    clock.pass_(100)
    assert compared.now() == START + timedelta(seconds=100)
    assert compared.ahead_s == hours * 3600
    assert is_good(compared)
    clock.wall = START + timedelta(seconds=101)
    assert (compared.now(), compared.ahead_s) == (clock.wall, 0)


def test_whole_seconds_do_not_make_the_time_jump(clock: SetClock) -> None:
    clock.wall = START + timedelta(hours=8)
    compared = ComparedClock(clock)
    compared.server_states(START)
    clock.pass_(0.9)
    compared.server_states(START)
    assert compared.now() == START + timedelta(seconds=0.9)
    clock.pass_(10)
    compared.server_states(START + timedelta(seconds=14))
    assert compared.now() == START + timedelta(seconds=14)


def test_a_clock_that_is_set_while_the_server_is_away_is_believed(
    clock: SetClock, compared: ComparedClock
) -> None:
    clock.pass_(10)
    assert not is_good(compared)
    clock.wall -= timedelta(hours=8)
    assert is_good(compared)


def test_without_a_server_no_time_makes_the_clock_good_until_no_more_can_be_held(
    clock: SetClock, compared: ComparedClock
) -> None:
    clock.pass_(10 * 86400)
    assert (compared.is_waiting, is_good(compared)) == (True, False)
    compared.stop_waiting()
    assert (compared.is_waiting, is_good(compared)) == (False, True)


@pytest.mark.parametrize("year", [1970, 2036, 2099])
def test_a_time_that_no_clock_was_set_to_is_never_good_alone(year: int) -> None:
    clock = SetClock(datetime(year, 1, 1, tzinfo=UTC))
    assert not is_good(clock)
    compared = ComparedClock(clock)
    compared.stop_waiting()
    assert not is_good(compared)


def test_a_server_that_was_never_set_is_no_reference(compared: ComparedClock) -> None:
    compared.server_states(datetime(1970, 1, 1, tzinfo=UTC))
    assert compared.ahead_s == 0
