"""Craft rooms and rooms for integrated practice, each against the number needed: have ÷ need.

More of one kind makes up for none of the other. Rooms are known by their names.
"""

from cloud.scoring.indicators.base import Words
from cloud.scoring.indicators.builders.room_needs import rooms_of_kinds

INDICATOR = rooms_of_kinds(
    "craft_and_practice_rooms",
    {
        "craft": (Words("劳技", "craft"), ["劳技", "劳动", "通用技术"]),
        "practice": (Words("综合实践", "practice"), ["综合实践"]),
    },
)
