"""Music rooms and art rooms, each against the number needed: have ÷ need.

A second music room makes up for no missing art room. Rooms are known by their names.
"""

from cloud.scoring.indicators.builders.room_needs import rooms_of_kinds

INDICATOR = rooms_of_kinds(
    "music_and_art_rooms",
    {
        "music": ["音乐", "合唱"],
        "art": ["美术", "美工", "书画"],
    },
)
