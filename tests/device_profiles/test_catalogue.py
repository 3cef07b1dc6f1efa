"""Every profile of the catalogue passes the check, and is played through both ends of the wire.

A new file in the catalogue gets these tests without a line written here.
"""

import pytest

from device_profiles import protocols
from device_profiles.check import check
from device_profiles.loader import load_catalogue
from device_profiles.play import Ends
from edge.drivers.play import read_example
from simulators.devices.play import simulated_examples

PROFILES = load_catalogue()
ENDS = Ends(gateway=read_example, device=simulated_examples)


@pytest.mark.parametrize("profile_id", PROFILES)
def test_a_profile_passes_the_check_and_is_played(profile_id: str) -> None:
    catalogue, checked, faults = check(PROFILES.file(profile_id), ends=ENDS)
    assert [str(fault) for fault in faults] == []
    assert checked == list(catalogue) == [profile_id]


def test_the_files_do_not_contradict_one_another() -> None:
    catalogue, checked, faults = check()
    assert faults == []
    assert checked == list(catalogue) == list(PROFILES)


def test_the_catalogue_is_as_large_and_as_wide_as_promised() -> None:
    assert len(PROFILES) >= 35
    assert {p.category for p in PROFILES.values()} == {
        "display",
        "recorder",
        "instrument",
        "epaper",
        "meter",
        "environment",
        "computer",
    }
    assert {p.protocol for p in PROFILES.values()} == set(protocols.names())
