"""A profile as a C header: what the firmware of a device and the gateway must agree on. Pure.

The header holds what the profile gives, as macros: addresses, topics, payloads, identifiers, scales
and the raw values of states. What the macros of a protocol are, its `ProtocolSpec` defines.
"""

import re
from collections.abc import Iterable, Mapping

from device_profiles.model import Point
from device_profiles.protocol import AnySpec, CValue, Hex, protocol_of
from device_profiles.schema import DeviceProfile

PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
"""What a macro may begin with."""


def c_header(profile: DeviceProfile, prefix: str | None = None) -> str:
    """Return the header of a profile, in C11.

    Every macro begins with `prefix`, in upper case; by default with the profile's id. Raises
    ValueError for a prefix that is no identifier of C.
    """
    if prefix is not None and PREFIX.fullmatch(prefix) is None:
        raise ValueError(f"{prefix!r} is no prefix of a macro; use letters, digits and _")
    spec, head = protocol_of(profile), _macro(prefix or f"device_{profile.id}")
    guard = f"{head}_PROFILE_H"
    lines = [
        f"/* {profile.vendor} {profile.model}: written by `campus-profiles headers {profile.id}`.",
        " * Change the profile, not this file. */",
        f"#ifndef {guard}",
        f"#define {guard}",
        "",
        *_defines((head,), {"profile": profile.id, **spec.c_profile(profile)}),
    ]
    for name, point in profile.points.items():
        lines += ["", f"/* {name}: {_in_comment(_meaning(point))} */"]
        lines += _defines((head, name), {**spec.c_point(point), **_raw_values(profile, name, spec)})
    for name, command in profile.commands.items():
        lines += ["", f"/* command {name} */"]
        lines += _defines((head, name), spec.c_command(command))
    return "\n".join([*lines, "", "#endif"]) + "\n"


def _meaning(point: Point) -> str:
    unit = f" in {point.unit}" if point.unit else ""
    if point.scale == 1.0 and point.offset == 0.0:
        return f"{point.quantity}{unit}"
    return f"{point.quantity}{unit}, the raw value times {point.scale:g} plus {point.offset:g}"


def _raw_values(profile: DeviceProfile, name: str, spec: AnySpec) -> dict[str, CValue]:
    """Return scale and offset where they change something, and the raw value of each state."""
    point = profile.points[name]
    defined: dict[str, CValue] = {}
    if point.scale != 1.0 or point.offset != 0.0:
        defined |= {"scale": point.scale, "offset": point.offset}
    if point.invalid:
        defined["invalid"] = spec.c_raw(point.invalid[0])
    if point.values is not None:
        for raw, value in point.values.items():
            defined.setdefault(str(value), spec.c_raw(raw))
    elif point.quantity == "state":
        for text in _states(profile, name):
            defined.setdefault(text, text)
    return defined


def _states(profile: DeviceProfile, name: str) -> Iterable[str]:
    """Yield the texts that the profile names for a state whose raw value is the text itself."""
    rule = profile.usage
    if rule is not None and rule.point == name:
        yield from map(str, (*rule.active_values, *rule.standby_values))
    for example in profile.examples:
        if name in example.readings:
            yield str(example.readings[name])


def _defines(heads: Iterable[str], values: Mapping[str, CValue]) -> list[str]:
    return [f"#define {_macro(*heads, name)} {_literal(value)}" for name, value in values.items()]


def _macro(*parts: str) -> str:
    return "_".join(re.sub(r"[^A-Za-z0-9]+", "_", part).strip("_").upper() for part in parts)


def _literal(value: CValue) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, bytes):
        return "{" + ", ".join(f"0x{byte:02X}" for byte in value) + "}"
    if isinstance(value, str):
        return _text(value)
    return f"0x{value:02X}" if isinstance(value, Hex) else repr(value)


def _text(text: str) -> str:
    """Return a text as a literal; three octal digits, because a longer escape would read on."""
    quoted = ""
    for byte in text.encode():
        character = chr(byte)
        if character in '"\\?':
            quoted += f"\\{character}"
        else:
            quoted += character if 0x20 <= byte < 0x7F else f"\\{byte:03o}"
    return f'"{quoted}"'


def _in_comment(text: str) -> str:
    return text.replace("*/", "* /")
