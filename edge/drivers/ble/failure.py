"""What bleak raises, in the gateway's own words."""

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakCharacteristicNotFoundError,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
    BleakGATTProtocolError,
)

from edge.errors import DeviceError, DeviceRefused, DeviceUnreachable, DriverUnavailable

RAISED = (BleakError, OSError, EOFError, TimeoutError, AssertionError, AttributeError, KeyError)
"""What comes out of bleak's calls. BlueZ going away shows as the last three: bleak's own."""


def device_error(device_id: str, doing: str, error: Exception) -> DeviceError:
    """Return the error as the device's failure while `doing`."""
    match error:
        case BleakGATTProtocolError():
            code = str(error.code.name) if hasattr(error.code, "name") else str(error.code)
            return DeviceRefused(device_id, f"{doing}: refused with {code}", code=code)
        case BleakCharacteristicNotFoundError():
            return DeviceRefused(
                device_id, f"{doing}: it has no such characteristic", code="ATTRIBUTE_NOT_FOUND"
            )
        case BleakDeviceNotFoundError():
            return DeviceUnreachable(device_id, f"{doing}: it is not in reach")
        case TimeoutError():
            return DeviceUnreachable(device_id, f"{doing}: it gave no answer in time")
        case BleakDBusError():
            return DeviceUnreachable(device_id, f"{doing}: BlueZ reports {error}")
        case _:
            return DeviceUnreachable(device_id, f"{doing}: {text_of(error)}")


def driver_error(driver: str, doing: str, error: Exception) -> DriverUnavailable:
    """Return the error as the radio's failure while `doing`."""
    if isinstance(error, BleakBluetoothNotAvailableError):
        return DriverUnavailable(driver, f"{doing}: {error.args[0]} ({error.reason.name})")
    if isinstance(error, TimeoutError):
        return DriverUnavailable(driver, f"{doing}: the controller gave no answer in time")
    if isinstance(error, FileNotFoundError):
        return DriverUnavailable(driver, f"{doing}: BlueZ is not running (no D-Bus system socket)")
    return DriverUnavailable(driver, f"{doing}: {text_of(error)}")


def text_of(error: BaseException) -> str:
    """Return an exception's text, or its name where it has none."""
    return str(error) or type(error).__name__
