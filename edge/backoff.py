"""How long to wait before the next attempt: doubling, bounded, jittered."""

from random import Random


class Backoff:
    """Waits between attempts; `reset` after one that worked.

    Each wait lies between half of a step and the whole of it, so that a thousand gateways that lost
    the same peer do not come back together. The step doubles, up to `longest_s`.
    """

    def __init__(
        self, *, first_s: float = 1.0, longest_s: float = 60.0, random: Random | None = None
    ) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._step_s = min(first_s, longest_s)
        self._random = random or Random()  # noqa: S311  # spreads attempts, guards no secret

    def next_s(self) -> float:
        """Return how long to wait now, in seconds; the next wait will be longer."""
        step_s = self._step_s
        self._step_s = min(step_s * 2, self._longest_s)
        return step_s * self._random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin with the shortest wait again."""
        self._step_s = min(self._first_s, self._longest_s)
