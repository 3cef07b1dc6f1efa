"""Readings -> usage slots: what "used" means, once."""

from dataclasses import dataclass
from datetime import datetime

SLOT_S = 300


@dataclass(frozen=True, slots=True)
class UsageSlot:
    """How long an asset was in each state during five minutes.

    `start` is aware UTC, aligned to five minutes. The four durations, in seconds to the
    millisecond, add up to `SLOT_S`. `energy_wh` is None where no energy was measured.
    """

    asset: str
    start: datetime
    active_s: float
    standby_s: float
    off_s: float
    unobserved_s: float
    energy_wh: float | None = None
