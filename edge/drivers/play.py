"""The gateway's end of `campus-profiles check --play` (see `device_profiles.play`)."""

from datetime import datetime
from importlib import import_module
from typing import cast

from device_profiles.play import ReadExample, Understood
from device_profiles.schema import DeviceProfile, Example


def read_example(profile: DeviceProfile, example: Example, received_at: datetime) -> Understood:
    """Return what the codec of the profile's protocol makes of an example."""
    codec = import_module(f"{__package__}.{profile.protocol}.codec")
    return cast("ReadExample", codec.read_example)(profile, example, received_at)
