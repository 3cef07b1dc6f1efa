"""The device's end of `campus-profiles check --play` (see `device_profiles.play`)."""

from collections.abc import Iterator
from datetime import timedelta

from device_profiles.play import RECEIVED_AT
from device_profiles.schema import DeviceProfile, Example
from device_profiles.usage import reachable_states
from simulators.devices.behaviour import STATES, Behaviour
from simulators.devices.protocol import simulator_of
from simulators.errors import EncodeError
from simulators.school.timeline import Change

_FAR = timedelta(days=1)


def simulated_examples(profile: DeviceProfile) -> Iterator[tuple[str, Example]]:
    """Yield what a simulated device sends in each state that its profile has.

    Raises ValueError where the profile's simulation cannot be sent.
    """
    rule = profile.usage
    possible = reachable_states(rule) if rule is not None else frozenset(STATES)
    for state in STATES:
        if state not in possible:
            continue
        changes = iter([Change(RECEIVED_AT, state), Change(RECEIVED_AT + _FAR, state)])
        behaviour = Behaviour(profile, rule, changes, device=profile.id, seed=0)
        try:
            values = behaviour.values(RECEIVED_AT)
            examples = simulator_of(profile.protocol).examples(profile, values, RECEIVED_AT)
        except EncodeError as error:
            raise ValueError(f"{state}: {error}") from error
        for example in examples:
            yield state, example
