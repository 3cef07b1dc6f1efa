"""Craft rooms and rooms for integrated practice, each against the number needed: have ÷ need.

More of one kind makes up for none of the other. Rooms are known by their names.
"""

from cloud.scoring.indicators.builders.room_needs import rooms_of_kinds

INDICATOR = rooms_of_kinds(
    "craft_and_practice_rooms",
    {
        "craft": ["劳技", "劳动", "通用技术"],
        "practice": ["综合实践"],
    },
)
