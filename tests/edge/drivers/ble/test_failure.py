import inspect

import pytest
from bleak import exc
from bleak.exc import BleakBluetoothNotAvailableReason

from edge.drivers.ble.failure import RAISED, device_error, driver_error
from edge.errors import DeviceRefused, DeviceUnreachable

EXAMPLES: dict[type[Exception], Exception] = {
    exc.BleakError: exc.BleakError("out of order"),
    exc.BleakBluetoothNotAvailableError: exc.BleakBluetoothNotAvailableError(
        "no adapter", BleakBluetoothNotAvailableReason.POWERED_OFF
    ),
    exc.BleakCharacteristicNotFoundError: exc.BleakCharacteristicNotFoundError("2a19"),
    exc.BleakDeviceNotFoundError: exc.BleakDeviceNotFoundError("F0:00:00:00:00:01", "gone"),
    exc.BleakDBusError: exc.BleakDBusError("org.bluez.Error.Failed", ["busy"]),
    exc.BleakGATTProtocolError: exc.BleakGATTProtocolError(0x05),
}


def test_every_exception_of_bleak_is_known() -> None:
    raised = {
        error
        for _, error in inspect.getmembers(exc, inspect.isclass)
        if issubclass(error, Exception) and error.__module__ == exc.__name__
    }
    assert raised == set(EXAMPLES)


@pytest.mark.parametrize("error", EXAMPLES.values(), ids=lambda error: type(error).__name__)
def test_each_is_a_device_s_or_the_radio_s_failure_in_one_line(error: Exception) -> None:
    assert isinstance(error, RAISED)
    for problem in (device_error("d", "reading", error), driver_error("ble", "scanning", error)):
        assert problem.is_retryable
        assert "\n" not in str(problem)
        assert "reading: " in str(problem) or "scanning: " in str(problem)


def test_a_refusal_is_distinguished_from_silence() -> None:
    refused = device_error("d", "reading", exc.BleakGATTProtocolError(0x05))
    assert isinstance(refused, DeviceRefused)
    assert refused.code == "INSUFFICIENT_AUTHENTICATION"
    assert str(refused) == "d: reading: refused with INSUFFICIENT_AUTHENTICATION"
    silent = device_error("d", "reading", TimeoutError())
    assert isinstance(silent, DeviceUnreachable)
    assert str(silent) == "d: reading: it gave no answer in time"


def test_what_stops_bluetooth_is_named() -> None:
    off = EXAMPLES[exc.BleakBluetoothNotAvailableError]
    assert str(driver_error("ble", "scanning", off)) == "ble: scanning: no adapter (POWERED_OFF)"
