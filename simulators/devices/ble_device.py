"""A BLE device of a simulated school: a peripheral that follows its actor."""

from collections.abc import Callable
from datetime import timedelta

from device_profiles.protocols.ble import BleProfile
from simulators.devices.actor import Actor, Shutdown, until_due
from simulators.devices.ble_peripheral import SimulatedBlePeripheral
from simulators.virtual_radio import VirtualRadio

PERIOD_S = 5.0
"""The longest time between two new values: a school has few readings of its BLE devices."""


class SimulatedBleDevice:
    """A peripheral that has new values every few seconds and at each change of state."""

    def __init__(
        self,
        actor: Actor,
        profile: BleProfile,
        radio: VirtualRadio,
        address: str,
        bind_key: str | None,
    ) -> None:
        self.actor = actor
        self.peripheral = SimulatedBlePeripheral(
            profile, address, radio, actor.note, bind_key=bind_key
        )
        self._radio = radio
        self._is_lost = False
        played = profile.simulation
        seconds = played.period_s if played is not None and played.period_s else PERIOD_S
        self._period = timedelta(seconds=min(seconds, PERIOD_S))
        actor.hang_up = self._hang_up

    async def run(self, halt: Shutdown, ready: Callable[[], None]) -> None:
        """Be on the air until the end."""
        await self.peripheral.start()
        try:
            ready()
            update_at = self.actor.clock()
            while await until_due(self.actor, update_at, halt.quiet):
                now = self.actor.clock()
                is_changed = self.actor.advance(now)
                if not is_changed and now < update_at:
                    continue
                update_at = now + self._period
                self._lose(self.actor.is_silent or self.actor.is_garbled)
                if not self._is_lost:
                    await self.peripheral.update(self.actor.values(now))
            await halt.stop.wait()
        finally:
            await self.peripheral.stop()

    def _lose(self, is_lost: bool) -> None:
        if is_lost != self._is_lost:
            self._is_lost = is_lost
            self._radio.lose(self.peripheral.address, 1.0 if is_lost else 0.0)

    def _hang_up(self) -> None:
        self._radio.disconnect(self.peripheral.address)
