"""Play a profile through both ends of the wire: an encoder sends, the gateway's codec reads.

This package knows neither end. Each is an entry point of the group `smart_campus.play`, looked up
by name when a profile is played:

- `gateway`, a `ReadExample`: what the gateway makes of an example. Given by `edge`.
- `device`, a `SimulateExamples`: what a simulated device sends in each of its states. Given by
  `simulators`.

The common language of the two is the example of a profile: what is sent, and the readings it means.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from typing import Protocol, cast

from device_profiles.errors import ProfileError
from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile, Example
from device_profiles.sentence import value_text
from device_profiles.usage import state_of

GROUP = "smart_campus.play"
RECEIVED_AT = datetime(2026, 9, 1, 2, 15, 30, tzinfo=UTC)
"""When what is played arrives, unless it states a later time."""

Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Understood:
    """What the gateway makes of an example."""

    values: Mapping[str, Value]
    problems: Mapping[str, str] = field(default_factory=dict)
    """Point, or nothing for the whole example -> what could not be understood."""
    observed_at: frozenset[datetime] = frozenset()
    """The moments of the readings; empty where the protocol states none."""


class ReadExample(Protocol):
    """The gateway's end."""

    def __call__(
        self, profile: DeviceProfile, example: Example, received_at: datetime
    ) -> Understood:
        """Return what the gateway's codec makes of an example."""


class SimulateExamples(Protocol):
    """The device's end."""

    def __call__(self, profile: DeviceProfile) -> Iterable[tuple[str, Example]]:
        """Yield what a simulated device sends in each state that its profile has.

        Raises ValueError where the profile's simulation cannot be sent.
        """


class PlayUnavailable(ProfileError):
    """One end of the wire is not installed."""


@dataclass(frozen=True, slots=True)
class Ends:
    """Both ends of the wire."""

    gateway: ReadExample
    device: SimulateExamples


def installed_ends() -> Ends:
    """Return the ends that this installation has; raises PlayUnavailable where one is missing."""
    return Ends(
        gateway=cast("ReadExample", _entry_point("gateway")),
        device=cast("SimulateExamples", _entry_point("device")),
    )


def play(profile: DeviceProfile, ends: Ends) -> list[tuple[Key, str]]:
    """Return (key of the profile, what is wrong) for all that the two ends disagree about."""
    faults: list[tuple[Key, str]] = []
    for number, example in enumerate(profile.examples):
        faults += [
            (("examples", number, *key), what)
            for key, what in _read_as_written(profile, example, ends)
        ]
    return faults or [(("simulation",), what) for what in _simulation_faults(profile, ends)]


def _entry_point(name: str) -> object:
    for entry in metadata.entry_points(group=GROUP, name=name):
        try:
            return entry.load()
        except ModuleNotFoundError as error:
            raise PlayUnavailable(
                f"--play needs the gateway and the simulators: {error.name} is not installed; "
                "install smart-campus[edge,simulators]"
            ) from error
    raise PlayUnavailable(
        f"--play finds no entry point {name!r} of {GROUP}; install smart-campus again"
    )


def _read_as_written(
    profile: DeviceProfile, example: Example, ends: Ends
) -> Iterator[tuple[Key, str]]:
    stated = getattr(example, "observed_at", None)
    moment = RECEIVED_AT if stated is None else datetime.fromisoformat(stated)
    # A time that is stated is believed up to a few minutes ahead of the time of arrival.
    understood = ends.gateway(profile, example, max(RECEIVED_AT, moment))
    for what in understood.problems.values():
        yield (), f"the gateway cannot read it: {what}"
    for name in {**example.readings, **understood.values}:
        wanted, got = example.readings.get(name), understood.values.get(name)
        if name not in understood.problems and not _is_same(wanted, got):
            yield ("readings", name), f"{_text(wanted)} is written, the gateway reads {_text(got)}"
    times = understood.observed_at
    if times and not understood.problems and times != {moment}:
        shown = ", ".join(sorted(time.isoformat() for time in times))
        yield ("observed_at",), f"{moment.isoformat()} is meant, the gateway reads {shown}"


def _simulation_faults(profile: DeviceProfile, ends: Ends) -> Iterator[str]:
    rule = profile.usage
    try:
        for state, example in ends.device(profile):
            understood = ends.gateway(profile, example, RECEIVED_AT)
            for name, sent in example.readings.items():
                problem = understood.problems.get(name) or understood.problems.get("")
                got = understood.values.get(name)
                if problem is not None or not _is_same(sent, got):
                    why = f": {problem}" if problem else ""
                    yield (
                        f"{state}: {name} is sent as {_text(sent)}, "
                        f"the gateway reads {_text(got)}{why}"
                    )
                elif rule is not None and name == rule.point and state_of(rule, sent) != state:
                    yield f"{state}: {name} is sent as {_text(sent)}, which does not mean {state}"
    except ValueError as error:
        yield f"cannot be sent: {error}"


def _is_same(wanted: Value | None, got: Value | None) -> bool:
    return wanted == got and isinstance(wanted, bool) == isinstance(got, bool)


def _text(value: Value | None) -> str:
    return "nothing" if value is None else value_text(value)
