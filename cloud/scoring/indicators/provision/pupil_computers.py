"""Computers for pupils, as declared ÷ those needed at so many pupils each."""

from cloud.scoring.indicators.base import Parameter
from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "pupil_computers",
    "pupil_terminals",
    "pupils",
    each=Parameter("number", "pupils that may share a computer", 3.5),
)
