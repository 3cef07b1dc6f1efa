"""Whether a device's usage rule fits the powers it draws, learned while the gateway runs.

A device whose rule is a threshold of power is watched: `device_profiles.levels` learns its levels.
Where the rule does not separate them, its states would be wrong (a monitor of 40 W is never above
60), so use is not known until a person has agreed: `usage: {active_above: ...}` of the device in
gateway.yaml is that agreement. What was learned is kept, so that a restart begins where it was.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from device_profiles.learn import learned_tree
from device_profiles.levels import Learned, LevelLearner, rule_fit
from device_profiles.reading import Reading
from device_profiles.usage import PRESENCE
from edge.config import Device

RuleFit = Literal["learning", "fits", "agreed", "does_not_fit", "indistinct"]
KEY = "gateway/levels/"
JUDGE_S = 7200.0
"""After so much more was observed, the rule is judged again and the evidence kept."""
UNKNOWN_USE: frozenset[RuleFit] = frozenset({"does_not_fit", "indistinct"})


@dataclass(slots=True)
class DeviceFit:
    """What is known of one device's rule."""

    fit: RuleFit
    learned: Learned | None = None

    def text(self) -> str:
        """Return levels and proposal in short, as JSON; empty where there is nothing to do."""
        if self.learned is None or self.fit not in UNKNOWN_USE:
            return ""
        known = self.learned
        tree: dict[str, Any] = {
            "hours": round(known.observed_s / 3600, 1),
            "levels": [[v.state, v.low, v.median, v.high, v.share] for v in known.levels],
        }
        if known.active_above is not None:
            tree |= {"active_above": known.active_above, "standby_above": known.standby_above}
        return json.dumps(tree)

    def tree(self) -> dict[str, Any]:
        """Return what is known, for `campus-edge levels`."""
        known = None if self.learned is None else learned_tree(self.learned, None)
        return {"rule_fit": self.fit, "learned": known}


class DeviceLevels:
    """The learners of all devices whose usage rule is a threshold of power."""

    def __init__(self, devices: Mapping[str, Device]) -> None:
        self.fits: dict[str, DeviceFit] = {}
        """Device -> what is known of its rule; only of devices that are watched."""
        self._rules = {}
        self._learners: dict[str, LevelLearner] = {}
        self._factors: dict[str, float] = {}
        self._judged_s: dict[str, float] = {}
        for id_, device in devices.items():
            rule = device.usage
            point = device.profile.points.get(rule.point) if rule is not None else None
            if rule is None or rule.active_above is None or point is None:
                continue
            if point.quantity != "power":
                continue
            if "active_above" in (device.config.usage or {}):
                self.fits[id_] = DeviceFit("agreed")
                continue
            self.fits[id_] = DeviceFit("learning")
            self._rules[id_] = rule
            self._learners[id_] = LevelLearner(rule.max_gap_s)
            self._factors[id_] = point.definition.converted(1, point.unit, "W")
            self._judged_s[id_] = 0.0

    def restore(self, checkpoints: Mapping[str, str]) -> None:
        """Take up the evidence that was kept."""
        for id_, learner in self._learners.items():
            text = checkpoints.get(KEY + id_)
            if text is not None:
                learner.recall(json.loads(text))
                self._judge(id_)

    def observe(self, reading: Reading) -> None:
        """Take in a power that is on disk, or that a device left."""
        learner = self._learners.get(reading.device)
        if learner is None:
            return
        if reading.point == PRESENCE:
            learner.leave()
        elif reading.point == self._rules[reading.device].point and not isinstance(
            reading.value, bool | str
        ):
            learner.observe(reading.observed_at, reading.value * self._factors[reading.device])

    def judge(self, *, is_last: bool = False) -> dict[str, str]:
        """Judge the rules of which more is known; return the evidence to keep, by checkpoint.

        The last time, before a stop, that of every device.
        """
        kept = {}
        for id_, learner in self._learners.items():
            observed_s = learner.all.total_s
            if (is_last and observed_s) or abs(observed_s - self._judged_s[id_]) >= JUDGE_S:
                self._judge(id_)
                kept[KEY + id_] = json.dumps(learner.evidence(), separators=(",", ":"))
        return kept

    def _judge(self, device_id: str) -> None:
        learner = self._learners[device_id]
        learned = learner.learned()
        self._judged_s[device_id] = learner.all.total_s
        self.fits[device_id] = DeviceFit(rule_fit(self._rules[device_id], learned), learned)
