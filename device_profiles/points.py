r"""Readings, usage slots and gateway health as line protocol: the one shape on the wire.

Line protocol as InfluxDB 2 documents it: `measurement,tag=v,... field=v,... timestamp`, time in
nanoseconds, tags in sorted order, strings in double quotes. Time and tags identify a point, so a
line sent twice changes nothing.

- `reading,asset=,category=,profile=,room=,school=` and the profile's points as fields; a point of
  another quality than good has a second field `<point>_quality`, `uncertain` or `bad`
- `usage,asset=,category=,room=,school=` and `active_s`, `standby_s`, `off_s`, `unobserved_s`, and
  `energy_wh` where it is known; the time is the slot's start
- `gateway,gateway=,school=` and the gateway's health; with `asset=,device=,profile=,protocol=` too:
  the health of one device as the gateway sees it, and `usage_rule` where its usage rule is not its
  profile's: the keys that differ and their values, as JSON; `rule_fit` (learning, fits, agreed,
  does_not_fit, indistinct) where the rule is a threshold of power, and `levels`, as JSON, where
  a person has to look at it
- `event,asset=,school=,type=` and `text`, and `value` where there is a number to it; without an
  asset it is one of the gateway itself
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from device_profiles.reading import Quality, Reading, Value
from device_profiles.schema import UsageRule
from device_profiles.usage import UsageSlot

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """What goes with every point of a device: where it is and what it is."""

    school: str
    room: str
    asset: str
    category: str
    profile: str


def to_ns(moment: datetime) -> int:
    """Return nanoseconds since 1970, exact to the microsecond that a datetime holds."""
    delta = moment - _EPOCH
    return ((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds) * 1000


def from_ns(nanoseconds: int) -> datetime:
    """Return the aware UTC moment, cut to the microsecond."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)


def line(
    measurement: str, tags: Mapping[str, str], fields: Mapping[str, Value], time_ns: int
) -> str:
    """Return one line. Empty tags are left out; at least one field is needed."""
    if not fields:
        raise ValueError(f"{measurement}: a line needs at least one field")
    head = _escape(measurement, ", ")
    for key in sorted(tags):
        if tags[key]:
            head += f",{_escape(key, ',= ')}={_escape(tags[key], ',= ')}"
    body = ",".join(f"{_escape(k, ',= ')}={_field(v)}" for k, v in fields.items())
    return f"{head} {body} {time_ns}"


def reading_lines(place: Place, readings: Iterable[Reading]) -> list[str]:
    """Return the readings of one device as lines, one per moment."""
    moments: dict[datetime, dict[str, Value]] = {}
    for reading in readings:
        fields = moments.setdefault(reading.observed_at, {})
        fields[reading.point] = reading.value
        if reading.quality is not Quality.GOOD:
            fields[f"{reading.point}_quality"] = reading.quality.value
    tags = {
        "school": place.school,
        "room": place.room,
        "asset": place.asset,
        "category": place.category,
        "profile": place.profile,
    }
    return [line("reading", tags, fields, to_ns(at)) for at, fields in moments.items()]


def usage_line(place: Place, slot: UsageSlot) -> str:
    """Return one usage slot as a line."""
    fields: dict[str, Value] = {
        "active_s": slot.active_s,
        "standby_s": slot.standby_s,
        "off_s": slot.off_s,
        "unobserved_s": slot.unobserved_s,
    }
    if slot.energy_wh is not None:
        fields["energy_wh"] = slot.energy_wh
    tags = {
        "school": place.school,
        "room": place.room,
        "asset": place.asset,
        "category": place.category,
    }
    return line("usage", tags, fields, to_ns(slot.start))


def rule_text(rule: UsageRule | None, of_profile: UsageRule | None) -> str:
    """Return what a rule changes in its profile's, as a `usage_rule`; empty for nothing."""
    given = rule.model_dump(mode="json") if rule is not None else {}
    known = of_profile.model_dump(mode="json") if of_profile is not None else {}
    changed = {
        key: value for key, value in given.items() if key not in known or known[key] != value
    }
    return json.dumps(changed, ensure_ascii=False) if changed else ""


def rule_of(text: str, of_profile: UsageRule | None) -> UsageRule | None:
    """Return the rule that `usage_rule` gives; raises ValueError where it is none."""
    if not text:
        return of_profile
    known = of_profile.model_dump(mode="json") if of_profile is not None else {}
    changed = json.loads(text)
    if not isinstance(changed, dict):
        raise ValueError(f"usage_rule: got {text}, expected an object")  # noqa: TRY004  bad text, not a bad call
    return UsageRule.model_validate(known | changed)


@lru_cache(maxsize=4096)
def _escape(text: str, special: str) -> str:
    r"""Escape what has a meaning in line protocol; line ends and a final backslash cannot be."""
    text = text.replace("\n", " ").replace("\r", " ").rstrip("\\")
    for character in special:
        text = text.replace(character, "\\" + character)
    return text


def _field(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(float(value))
