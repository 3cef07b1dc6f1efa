from random import Random

from edge.backoff import Backoff


def test_waits_double_up_to_the_longest_and_lie_in_the_upper_half_of_their_step() -> None:
    backoff = Backoff(first_s=1, longest_s=8, random=Random(7))
    for step in (1, 2, 4, 8, 8, 8):
        assert step / 2 <= backoff.next_s() <= step


def test_after_a_success_waits_are_short_again() -> None:
    backoff = Backoff(first_s=1, longest_s=60)
    for _ in range(10):
        backoff.next_s()
    backoff.reset()
    assert backoff.next_s() <= 1


def test_two_that_fail_together_do_not_come_back_together() -> None:
    assert Backoff(random=Random(1)).next_s() != Backoff(random=Random(2)).next_s()
