"""BTHome v2 service data (UUID 0xFCD2) to numbers: https://bthome.io/format, without any I/O.

An object id that the format does not know ends the reading of a packet, because its length is
unknown too; what came before it counts. Everything else that does not fit is a `BthomeError`.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from device_profiles.reading import Value

SERVICE_UUID = "0000fcd2-0000-1000-8000-00805f9b34fb"
VERSION = 2

_Kind = Literal["unsigned", "signed", "bool", "text", "raw", "command", "version", "skip"]


class BthomeError(ValueError):
    """Service data that cannot be read; the text names what came and what was expected."""


class BindKeyError(BthomeError):
    """An encrypted packet that this key, or the lack of one, does not open."""


class CryptographyMissing(BthomeError):
    """Encrypted packets need the package `cryptography`, which is not installed."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How an object is written: bytes (0 = given by a length byte), kind, factor."""

    size: int
    kind: _Kind = "unsigned"
    factor: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Packet:
    """One advertisement: its objects in order, and what distinguishes it from its repetitions."""

    objects: tuple[tuple[int, Value], ...]
    packet_id: int | None
    counter: int | None
    """The encryption counter; None in a plain packet."""
    unknown: int | None
    """The object id at which reading stopped, if one was not known."""

    def value(self, object_id: int, index: int) -> Value | None:
        """Return the index-th object of this id, or None."""
        values = [value for known, value in self.objects if known == object_id]
        return values[index] if index < len(values) else None


def _table() -> dict[int, Layout]:
    tenth, hundredth, thousandth = Decimal("0.1"), Decimal("0.01"), Decimal("0.001")
    millionth = Decimal("0.000001")
    unit = Decimal(1)
    table = dict.fromkeys((*range(0x0F, 0x12), *range(0x15, 0x2E)), Layout(1, "bool"))
    for ids, size, kind, factor in (
        # packet id, battery, count, humidity, moisture, button, channel, light level, settings
        ((0x00, 0x01, 0x09, 0x2E, 0x2F, 0x3A, 0x60, 0x64, 0x65), 1, "unsigned", unit),
        ((0x46,), 1, "unsigned", tenth),  # UV index
        ((0x57, 0x59), 1, "signed", unit),  # temperature, count
        ((0x58,), 1, "signed", Decimal("0.35")),  # temperature
        # PM2.5, PM10, CO2, TVOC, count, distance, volume, conductivity, rotational speed, type id
        ((0x0D, 0x0E, 0x12, 0x13, 0x3D, 0x40, 0x48, 0x56, 0x61, 0xF0), 2, "unsigned", unit),
        ((0x41, 0x47, 0x4A, 0x5F), 2, "unsigned", tenth),  # distance, volume, voltage, rain
        # humidity, mass in kg and lb, moisture, speed, direction
        ((0x03, 0x06, 0x07, 0x14, 0x44, 0x5E), 2, "unsigned", hundredth),
        # voltage, current, flow, acceleration, gyroscope
        ((0x0C, 0x43, 0x49, 0x51, 0x52), 2, "unsigned", thousandth),
        ((0x5A,), 2, "signed", unit),  # count
        ((0x3F, 0x45), 2, "signed", tenth),  # rotation, temperature
        ((0x02, 0x08), 2, "signed", hundredth),  # temperature, dew point
        ((0x5D,), 2, "signed", thousandth),  # current
        ((0x04, 0x05, 0x0B), 3, "unsigned", hundredth),  # pressure, illuminance, power
        ((0x0A, 0x42, 0x4B), 3, "unsigned", thousandth),  # energy, duration, gas
        ((0x3E, 0x50), 4, "unsigned", unit),  # count, time
        # gas, energy, volume, water, volume in store
        ((0x4C, 0x4D, 0x4E, 0x4F, 0x55), 4, "unsigned", thousandth),
        ((0x5B,), 4, "signed", unit),  # count
        ((0x5C,), 4, "signed", hundredth),  # power
        ((0x62, 0x63), 4, "signed", millionth),  # speed, acceleration
        ((0x3C,), 2, "skip", unit),  # dimmer: an event and its steps
        ((0x3B,), 0, "command", unit),
        ((0x53,), 0, "text", unit),
        ((0x54,), 0, "raw", unit),
        ((0xF1,), 4, "version", unit),
        ((0xF2,), 3, "version", unit),
    ):
        table |= dict.fromkeys(ids, Layout(size, kind, factor))  # type: ignore[arg-type] # kinds as above
    return table


OBJECTS = _table()


def decode(data: bytes, *, address: str, bind_key: bytes | None = None) -> Packet:
    """Return what the service data holds; with a bind key, encrypted packets only.

    A device that is meant to encrypt and sends plain packets is not that device: anyone can send
    those.
    """
    if not data:
        raise BthomeError("the service data is empty, expected at least the device information")
    version = data[0] >> 5
    if version != VERSION:
        raise BthomeError(f"got BTHome version {version}, expected version {VERSION}")
    counter = None
    if data[0] & 1:
        body, counter = _decrypted(data, address, bind_key)
    elif bind_key is not None:
        raise BindKeyError("got a plain advertisement, expected an encrypted one")
    else:
        body = data[1:]
    objects, unknown = _objects(body)
    packet_id = next((int(value) for known, value in objects if known == 0), None)
    return Packet(objects, packet_id, counter, unknown)


def _decrypted(data: bytes, address: str, bind_key: bytes | None) -> tuple[bytes, int]:
    if bind_key is None:
        raise BindKeyError("the advertisement is encrypted and no bind_key is given")
    if len(data) < 1 + 4 + 4:
        raise BthomeError(f"got {len(data)} bytes, expected at least 9 of an encrypted packet")
    try:
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - only for encrypted devices
        from cryptography.hazmat.primitives.ciphers.aead import AESCCM  # noqa: PLC0415 - as above
    except ImportError:
        raise CryptographyMissing(
            "the advertisement is encrypted and the package cryptography is not installed; "
            "install smart-campus[edge]"
        ) from None
    sealed, counter, tag = data[1:-8], data[-8:-4], data[-4:]
    nonce = bytes.fromhex(address.replace(":", "")) + b"\xd2\xfc" + data[:1] + counter
    try:
        body = AESCCM(bind_key, tag_length=4).decrypt(nonce, sealed + tag, None)
    except InvalidTag:
        raise BindKeyError("the advertisement cannot be decrypted; the bind_key is wrong") from None
    return body, int.from_bytes(counter, "little")


def _objects(body: bytes) -> tuple[tuple[tuple[int, Value], ...], int | None]:
    objects: list[tuple[int, Value]] = []
    at = 0
    while at < len(body):
        object_id = body[at]
        layout = OBJECTS.get(object_id)
        if layout is None:
            return tuple(objects), object_id
        start, size = _extent(body, at, layout)
        content = body[start : start + size]
        if len(content) < size:
            raise BthomeError(
                f"the packet ends inside object 0x{object_id:02X}: got {len(content)} bytes of it, "
                f"expected {size}"
            )
        value = _value(layout, content, object_id)
        if value is not None:
            objects.append((object_id, value))
        at = start + size
    return tuple(objects), None


def _extent(body: bytes, at: int, layout: Layout) -> tuple[int, int]:
    if layout.size:
        return at + 1, layout.size
    if at + 1 >= len(body):
        raise BthomeError(f"the packet ends before the length of object 0x{body[at]:02X}")
    if layout.kind == "command":
        return at + 2, 1 + (body[at + 1] & 0x1F)
    return at + 2, body[at + 1]


def _value(layout: Layout, content: bytes, object_id: int) -> Value | None:
    match layout.kind:
        case "unsigned" | "signed":
            steps = int.from_bytes(content, "little", signed=layout.kind == "signed")
            return float(steps * layout.factor)
        case "bool":
            return any(content)
        case "text":
            try:
                return content.decode()
            except UnicodeDecodeError:
                raise BthomeError(f"the text in object 0x{object_id:02X} is not UTF-8") from None
        case "raw":
            return content.hex()
        case "version":
            return ".".join(str(part) for part in reversed(content))
        case _:
            return None
