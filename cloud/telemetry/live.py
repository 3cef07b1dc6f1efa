"""Live state for every listener: what changed, at most once a second.

Every listener has a box of its own with the newest state per asset. A slow listener finds fewer,
newer states in it; it never holds up anybody and never costs more than one state per asset.
"""

import asyncio
from collections.abc import Sequence

from cloud.telemetry.current_state import AssetNow, StateNow
from cloud.telemetry.store import TelemetryStore

INTERVAL_S = 1.0


class Listener:
    """One listener's box."""

    def __init__(self, school: str, states: Sequence[AssetNow]) -> None:
        self.school = school
        self._box = {state.asset: state for state in states}
        self._ready = asyncio.Event()
        self._ready.set()
        self._is_closed = False

    def put(self, states: Sequence[AssetNow]) -> None:
        """Leave the newest states in the box."""
        self._box |= {state.asset: state for state in states}
        self._ready.set()

    def close(self) -> None:
        """End the listener's stream."""
        self._is_closed = True
        self._ready.set()

    async def take(self, wait_s: float) -> list[AssetNow] | None:
        """Return what is in the box; empty after `wait_s` without news, None at the end."""
        try:
            async with asyncio.timeout(wait_s):
                await self._ready.wait()
        except TimeoutError:
            return []
        if self._is_closed:
            return None
        self._ready.clear()
        states, self._box = list(self._box.values()), {}
        return states


class LiveFeed:
    """Watches the store and fills the listeners' boxes."""

    def __init__(self, store: TelemetryStore, now: StateNow) -> None:
        self._store = store
        self._now = now
        self.listeners: set[Listener] = set()
        self._sent: dict[str, dict[str, AssetNow]] = {}
        self._is_closed = False

    def listen(self, school: str) -> Listener:
        """Return a listener whose box holds everything; `leave` it in the end."""
        states = self._now.of(school)
        listener = Listener(school, states)
        if self._is_closed:
            listener.close()
        self.listeners.add(listener)
        self._sent.setdefault(school, {state.asset: state for state in states})
        return listener

    def leave(self, listener: Listener) -> None:
        """Forget a listener."""
        self.listeners.discard(listener)
        if not any(other.school == listener.school for other in self.listeners):
            self._sent.pop(listener.school, None)

    def close(self) -> None:
        """End every stream, and those that begin later."""
        self._is_closed = True
        for listener in self.listeners:
            listener.close()

    async def run(self) -> None:
        """Fill the boxes, once a second, until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL_S)
            self.tick()

    def tick(self) -> None:
        """Put what differs from the last time into the boxes."""
        for school, sent in self._sent.items():
            states = self._now.of(school)
            changed = [state for state in states if sent.get(state.asset) != state]
            if not changed:
                continue
            self._sent[school] = {state.asset: state for state in states}
            for listener in self.listeners:
                if listener.school == school:
                    listener.put(changed)
