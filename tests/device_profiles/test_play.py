"""Playing a profile: the installed ends are found by name, and their disagreements are reported."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from device_profiles.loader import load_catalogue
from device_profiles.play import RECEIVED_AT, Ends, Understood, installed_ends, play
from device_profiles.schema import DeviceProfile, Example
from edge.drivers.play import read_example
from simulators.devices.play import simulated_examples

METER = load_catalogue()["eastron-sdm120"]
DISPLAY = load_catalogue()["campus-interactive-display"]


def read_right(profile: DeviceProfile, example: Example, received_at: datetime) -> Understood:
    del profile, received_at
    return Understood(example.readings)


def sends_nothing(profile: DeviceProfile) -> Iterator[tuple[str, Example]]:
    del profile
    return iter(())


def test_both_ends_are_installed() -> None:
    assert installed_ends() == Ends(gateway=read_example, device=simulated_examples)


def test_every_state_that_the_rule_distinguishes_is_sent() -> None:
    assert {state for state, _ in simulated_examples(METER)} == {"active", "standby", "off"}


def test_what_the_gateway_cannot_read_is_reported_with_the_example() -> None:
    def read(profile: DeviceProfile, example: Example, received_at: datetime) -> Understood:
        del profile, example, received_at
        return Understood({}, {"": "it is not JSON"})

    faults = play(METER, Ends(read, sends_nothing))
    assert (("examples", 0), "the gateway cannot read it: it is not JSON") in faults


def test_a_missing_a_wrong_and_a_further_reading_are_reported() -> None:
    wrong = dict(METER.examples[1].readings)
    missing, changed, *_ = wrong
    del wrong[missing]
    wrong[changed] = True
    wrong["further"] = 1.0

    def read(profile: DeviceProfile, example: Example, received_at: datetime) -> Understood:
        del profile, received_at
        return Understood(wrong if example is METER.examples[1] else example.readings)

    problems = dict(play(METER, Ends(read, sends_nothing)))
    assert problems[("examples", 1, "readings", missing)].endswith("the gateway reads nothing")
    assert problems[("examples", 1, "readings", changed)].endswith("the gateway reads true")
    assert problems[("examples", 1, "readings", "further")].startswith("nothing is written")


def test_a_time_that_is_read_otherwise_is_reported() -> None:
    moment = datetime(2020, 1, 1, tzinfo=UTC)

    def read(profile: DeviceProfile, example: Example, received_at: datetime) -> Understood:
        del profile, received_at
        return Understood(example.readings, observed_at=frozenset({moment}))

    faults = play(DISPLAY, Ends(read, sends_nothing))
    assert faults
    assert {key[-1] for key, _ in faults} == {"observed_at"}
    assert all("2020-01-01T00:00:00+00:00" in what for _, what in faults)


def test_a_simulation_that_the_gateway_reads_otherwise_is_reported() -> None:
    def send(profile: DeviceProfile) -> Iterator[tuple[str, Example]]:
        yield "active", profile.examples[0]

    def read(profile: DeviceProfile, example: Example, received_at: datetime) -> Understood:
        is_simulated = next(calls) >= len(profile.examples)
        return Understood({} if is_simulated else example.readings)

    calls = iter(range(100))
    faults = play(METER, Ends(read, send))
    assert {key for key, _ in faults} == {("simulation",)}
    assert len(faults) == len(METER.examples[0].readings)
    assert all(what.endswith("the gateway reads nothing") for _, what in faults)


def test_a_simulation_that_means_another_state_is_reported() -> None:
    rule = METER.usage
    assert rule is not None
    shown = next(example for example in METER.examples if rule.point in example.readings)

    def send(profile: DeviceProfile) -> Iterator[tuple[str, Example]]:
        del profile
        yield "off", shown

    (fault,) = play(METER, Ends(read_right, send))
    assert fault[1].endswith("which does not mean off")


def test_a_simulation_that_cannot_be_sent_is_reported() -> None:
    def send(profile: DeviceProfile) -> Iterator[tuple[str, Example]]:
        raise ValueError(f"{profile.id} has no such value")

    assert play(METER, Ends(read_right, send)) == [
        (("simulation",), "cannot be sent: eastron-sdm120 has no such value")
    ]


@pytest.mark.parametrize("profile", load_catalogue().values(), ids=lambda profile: profile.id)
def test_examples_are_received_at_the_moment_given(profile: DeviceProfile) -> None:
    for example in profile.examples:
        stated = getattr(example, "observed_at", None)
        if stated is None:
            understood = read_example(profile, example, RECEIVED_AT)
            assert understood.observed_at <= {RECEIVED_AT}
