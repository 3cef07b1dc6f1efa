"""A usage rule in words. Pure."""

from device_profiles.reading import Value
from device_profiles.schema import DeviceProfile, UsageRule


def usage_sentence(profile: DeviceProfile) -> str:
    """Return when the device counts as used, in a sentence for people."""
    rule = profile.usage
    if rule is None:
        return "Only measures; has no usage rule."
    unit = profile.points[rule.point].unit
    text = f"Active {_condition(rule.point, rule.active_above, rule.active_values, unit)}"
    if rule.standby_above is not None or rule.standby_values:
        text += f"; standby {_condition('', rule.standby_above, rule.standby_values, unit)}"
    text += f"; else off. {_patience(rule)}"
    if rule.energy_point is not None:
        text += f" Energy comes from {rule.energy_point}."
    return text


def value_text(value: Value) -> str:
    """Return a value as YAML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.10g}" if isinstance(value, float) else value


def _condition(point: str, above: float | None, values: tuple[Value, ...], unit: str) -> str:
    if above is not None:
        return f"while {point or 'it'} is above {value_text(above)} {unit}".rstrip()
    return f"while {point or 'it'} is {' or '.join(map(value_text, values))}"


def _patience(rule: UsageRule) -> str:
    hold = f"A fall of up to {_span(rule.hold_s)} is overlooked; " if rule.hold_s else ""
    silence = f"silence of more than {_span(rule.max_gap_s)} counts as unobserved, not as off."
    return hold + (silence if hold else silence[0].upper() + silence[1:])


def _span(seconds: float) -> str:
    if seconds >= 120 and seconds % 60 == 0:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds:g} seconds"
