"""Find the room that a ledger means: its number, its name, or its building and number. Pure.

Only one room may fit. A building that is written has to be that of the room: "厚德楼101" is not
room 101 of 明德楼.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from cloud.registry.importing.spelling import folded, identifier

_SUFFIX = re.compile(r"(?:号?(?:教室|房间|房|室)|号)$")
_BETWEEN = re.compile(r"^[-_/·.,:、()\[\]#]+|[-_/·.,:、()\[\]#]+$")
_FLOOR = re.compile(r"^(?:第?[0-9一二三四五六七八九十]{1,3}(?:楼层|楼|层|f))[-_/·.,:、]*")
_OF_BUILDING = re.compile(r"(?:教学楼|大楼|号楼|楼|栋|幢|座)$")


@dataclass(frozen=True, slots=True)
class Place:
    """A room as it may be looked for."""

    id: int
    number: str
    name: str | None = None
    building: str | None = None


class FoundRoom(NamedTuple):
    """A room, and whether it was written as it is filed."""

    place: Place
    is_exact: bool


class RoomFinder:
    """The rooms of one school."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._exact = {place.number: place for place in places}
        self._by_number = _by(self._exact, lambda place: place.number)
        self._by_name = _by(self._exact, lambda place: place.name)
        self._buildings: dict[str, list[Place]] = defaultdict(list)
        for place in self._exact.values():
            if place.building:
                for building in _spellings(folded(place.building)):
                    self._buildings[building].append(place)
        self._known: dict[str, FoundRoom | tuple[Place, ...]] = {}

    @property
    def numbers(self) -> list[str]:
        """Return the numbers of all rooms."""
        return list(self._exact)

    def find(self, text: str) -> FoundRoom | tuple[Place, ...]:
        """Return the room, or those among which the text does not decide; none where none fits."""
        exact = self._exact.get(text)
        if exact is not None:
            return FoundRoom(exact, is_exact=True)
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = self._look_for(text)
        return known

    def _look_for(self, text: str) -> FoundRoom | tuple[Place, ...]:
        wanted = folded(text)
        is_same = identifier(text) in self._exact
        candidates: tuple[Place, ...] = ()
        for places in (
            self._by_number.get(wanted, ()),
            self._by_name.get(wanted, ()),
            self._by_number.get(_SUFFIX.sub("", wanted), ()),
            self._in_building(wanted),
        ):
            ids = {place.id: place for place in places}
            if len(ids) == 1:
                return FoundRoom(next(iter(ids.values())), is_exact=is_same)
            candidates = candidates or tuple(ids.values())
        return candidates

    def _in_building(self, wanted: str) -> list[Place]:
        """Return the rooms that fit what follows the name of a building."""
        fitting: list[Place] = []
        for building, places in self._buildings.items():
            if not wanted.startswith(building) or wanted == building:
                continue
            rest = _BETWEEN.sub("", wanted[len(building) :])
            inside = {*_rests(rest)}
            fitting += [
                place
                for place in places
                if folded(place.number) in inside or (place.name and folded(place.name) in inside)
            ]
        return fitting


def _by(places: Mapping[str, Place], key: Any) -> dict[str, list[Place]]:
    by_key: dict[str, list[Place]] = defaultdict(list)
    for place in places.values():
        text = key(place)
        if text:
            by_key[folded(text)].append(place)
    return by_key


def _spellings(building: str) -> set[str]:
    """Return a building's name with and without the word for a building."""
    short = _OF_BUILDING.sub("", building)
    return {building, short} if len(short) > 1 or short.isalpha() else {building}


def _rests(rest: str) -> Iterable[str]:
    """Return what may be the number or the name of a room, after its building."""
    without_floor = _BETWEEN.sub("", _FLOOR.sub("", rest))
    for text in (rest, without_floor):
        yield text
        yield _SUFFIX.sub("", text)
    without_word = re.sub(r"^(?:教学楼|大楼|号楼|楼|栋|幢|座)[-_/·.,:、]*", "", rest)
    yield without_word
    yield _SUFFIX.sub("", without_word)
