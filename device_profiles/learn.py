"""Learn the levels of a device from traces of its power, and compare a usage rule with them."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from device_profiles.levels import Learned, LevelLearner, rule_fit
from device_profiles.schema import UsageRule
from device_profiles.traces import read_trace

LEAST_S = 4 * 3600.0
"""A person chose the trace and looks at what comes of it; a gateway alone waits for a day."""


def learn_traces(paths: Iterable[Path], max_gap_s: float, column: str | None = None) -> Learned:
    """Return what files of one device show, one after another; raises ProfileError."""
    learner = LevelLearner(max_gap_s)
    for path in paths:
        learner.leave()
        for at, watts in read_trace(path, column):
            learner.observe(at, watts)
    return learner.learned(LEAST_S)


def learned_tree(learned: Learned, rule: UsageRule | None) -> dict[str, Any]:
    """Return what was learned as JSON holds it: levels, the proposed rule, whether a rule fits."""
    proposal = None
    if learned.active_above is not None:
        proposal = {
            "active_above": learned.active_above,
            "standby_above": learned.standby_above,
        }
    return {
        "outcome": learned.outcome,
        "observed_h": round(learned.observed_s / 3600, 2),
        "levels": [asdict(level) for level in learned.levels],
        "proposal": proposal,
        "rule_fit": None if rule is None else rule_fit(rule, learned),
    }
