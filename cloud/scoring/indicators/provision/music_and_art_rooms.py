"""Music rooms and art rooms, each against the number needed: have ÷ need.

A second music room makes up for no missing art room. Rooms are known by their names.
"""

from cloud.localized_text import LocalizedText
from cloud.scoring.indicators.builders.room_needs import rooms_of_kinds

INDICATOR = rooms_of_kinds(
    "music_and_art_rooms",
    {
        "music": (LocalizedText("音乐", "music"), ["音乐", "合唱"]),
        "art": (LocalizedText("美术", "art"), ["美术", "美工", "书画"]),
    },
)
