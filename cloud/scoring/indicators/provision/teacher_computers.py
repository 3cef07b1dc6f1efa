"""Computers for teachers, as declared ÷ those needed at so many teachers each."""

from cloud.scoring.indicators.base import Parameter
from cloud.scoring.indicators.builders.declared_ratio import declared_of

INDICATOR = declared_of(
    "teacher_computers",
    "teacher_terminals",
    "teachers",
    each=Parameter("number", "teachers that may share a computer", 1),
)
