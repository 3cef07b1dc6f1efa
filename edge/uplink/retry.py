"""How long to wait before trying again."""

from random import Random


class Backoff:
    """Exponential, jittered, bounded: many gateways must not come back at the same moment."""

    def __init__(self, random: Random, *, first_s: float = 1.0, longest_s: float = 60.0) -> None:
        self._random = random
        self._first_s = first_s
        self._longest_s = longest_s
        self._failures = 0

    def next_s(self) -> float:
        """Return the next wait: between half and all of a length that doubles each time."""
        full = min(self._longest_s, self._first_s * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return full * self._random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Start from the shortest wait again."""
        self._failures = 0
