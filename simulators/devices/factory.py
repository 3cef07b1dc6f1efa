"""From a profile and a line of the plan to a device that can be run: any profile of any folder."""

from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from device_profiles.protocols.ble import BleProfile
from device_profiles.protocols.modbus import ModbusProfile
from device_profiles.protocols.mqtt import MqttProfile
from device_profiles.usage import reachable_states
from simulators.audit.truth import TruthLog
from simulators.devices.actor import Actor, Clock, Halt, SimulatedDevice, until_due, utc_now
from simulators.devices.behaviour import STATES, Behaviour
from simulators.devices.ble import SimulatedBlePeripheral
from simulators.devices.modbus import ModbusUnit
from simulators.devices.mqtt import SimulatedMqttDevice
from simulators.errors import SimulatorError
from simulators.school.scenario import PlannedDevice, SchoolPlan
from simulators.school.timeline import Change, Lesson, lively, school_days
from simulators.virtual_radio import VirtualRadio

BLE_PERIOD_S = 5.0
"""A school has few readings of its BLE devices otherwise; they say nothing new more often."""


class SimulatedModbusDevice:
    """A unit that changes state on its own; its bus does the answering."""

    def __init__(self, actor: Actor, unit: ModbusUnit) -> None:
        self.actor = actor
        self.unit = unit

    async def run(self, halt: Halt, ready: Callable[[], None]) -> None:
        """Change state when it is due."""
        ready()
        far = timedelta(days=1)
        while await until_due(self.actor, self.actor.clock() + far, halt.quiet):
            self.actor.advance(self.actor.clock())
        await halt.stop.wait()


class SimulatedBleDevice:
    """A peripheral that has new values every few seconds and at each change of state."""

    def __init__(
        self, actor: Actor, profile: BleProfile, radio: VirtualRadio, bind_key: str | None
    ) -> None:
        self.actor = actor
        plan = actor.planned.plan.ble
        if plan is None:
            raise SimulatorError(f"{actor.id}: give ble: {{address: ...}}")
        self.peripheral = SimulatedBlePeripheral(
            profile, plan.address, radio, actor.note, bind_key=bind_key
        )
        self._radio = radio
        self._is_lost = False
        played = profile.simulation
        seconds = played.period_s if played is not None and played.period_s else BLE_PERIOD_S
        self._period = timedelta(seconds=min(seconds, BLE_PERIOD_S))
        actor.hang_up = self._hang_up

    async def run(self, halt: Halt, ready: Callable[[], None]) -> None:
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


def simulate(
    planned: PlannedDevice,
    plan: SchoolPlan,
    truth: TruthLog,
    *,
    radio: VirtualRadio | None = None,
    clock: Clock = utc_now,
) -> SimulatedDevice:
    """Return the device of one line of the plan."""
    profile, line = planned.profile, planned.plan
    actor = Actor(planned, behaviour(planned, plan, clock()), truth, protocol_of(plan, planned))
    actor.clock = clock
    if isinstance(profile, MqttProfile) and line.mqtt is not None and plan.broker is not None:
        return SimulatedMqttDevice(actor, profile, line.mqtt.device, plan.broker)
    if isinstance(profile, ModbusProfile) and line.modbus is not None:
        return SimulatedModbusDevice(actor, ModbusUnit(actor, profile, line.modbus.unit_id))
    if isinstance(profile, BleProfile) and line.ble is not None and radio is not None:
        return SimulatedBleDevice(actor, profile, radio, line.ble.bind_key)
    raise SimulatorError(f"{line.id}: the plan has no way to reach a {profile.protocol} device")


def behaviour(planned: PlannedDevice, plan: SchoolPlan, start: datetime) -> Behaviour:
    """Return how a device of the plan behaves from `start` on."""
    return Behaviour(
        planned.profile,
        planned.usage,
        changes(planned, plan, start),
        device=planned.plan.id,
        seed=plan.seed,
    )


def changes(planned: PlannedDevice, plan: SchoolPlan, start: datetime) -> Iterator[Change]:
    """Return the states of a device of the plan: lively, or by its room's timetable."""
    device, played = planned.plan.id, planned.profile.simulation
    if plan.lively:
        rule = planned.usage
        states = [s for s in STATES if rule is None or s in reachable_states(rule)]
        return lively(device, plan.seed, start, states)
    return school_days(
        played.behaviour if played is not None else "always_on",
        device,
        plan.seed,
        start,
        lessons_of(plan, planned.plan.room),
        ZoneInfo(plan.time_zone),
    )


def lessons_of(plan: SchoolPlan, room: str) -> list[Lesson]:
    """Return the lessons of a room."""
    periods = {period.period: period for period in plan.periods}
    return [
        Lesson(
            lesson.weekday,
            time.fromisoformat(periods[lesson.period].starts),
            time.fromisoformat(periods[lesson.period].ends),
        )
        for lesson in plan.lessons
        if lesson.room == room and lesson.period in periods
    ]


def protocol_of(plan: SchoolPlan, planned: PlannedDevice) -> str:
    """Return the protocol as the truth log names it."""
    modbus = planned.plan.modbus
    if modbus is None:
        return planned.profile.protocol
    return "modbus_tcp" if modbus.bus in {bus.bus for bus in plan.modbus_tcp} else "modbus_rtu"
