"""Many observations in one row: an SD card lives by the number of pages that are written.

A row for each would lie on as many pages as there are devices, since rows are ordered by device.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from device_profiles.points import from_ns, to_ns
from edge.buffer.entry import Observation

PACKED = "\U0010ffff"
"""What a packed row has instead of a device: it sorts behind every device, so that rows of one
time lie together."""
PACKED_FROM = 8
"""So many observations of one entry are packed."""


def packed(observations: Sequence[Observation]) -> str:
    """Return observations as text: one series of times for each device, point and value."""
    series: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for seen in observations:
        series[seen.device, seen.point, json.dumps(seen.value)].append(to_ns(seen.at) // 1000)
    content = json.dumps(
        [[*key, at[0], *(b - a for a, b in pairwise(at))] for key, at in series.items()],
        separators=(",", ":"),
    )
    return b64encode(zlib.compress(content.encode())).decode()


def unpacked(text: str) -> list[Observation]:
    """Return the observations of a packed text."""
    observations = []
    for device, point, value, *steps in json.loads(zlib.decompress(b64decode(text))):
        at_us = 0
        for step in steps:
            at_us += step
            observations.append(
                Observation(device, point, from_ns(at_us * 1000), json.loads(value))
            )
    return observations
