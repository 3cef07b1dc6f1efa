"""Who there is: the schools of the city, sized so that the sums meet the figures of the plan.

The figures are the city baseline of 台州市教育信息化“十四五”发展计划, for 1,000 schools; a smaller
city has its share of them. Recording rooms and innovation labs are counted over all schools, pupils
per computer over all but kindergartens, which owe no computers to pupils.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from simulators.city.kinds import (
    DIVISIONS,
    KINDS,
    SIZE_OF_URBAN,
    STAGES,
    URBAN,
    URBAN_SHARES,
    SchoolKind,
    school_name,
)
from simulators.city.school_profiles import HABITS, Character, assign
from simulators.city.seeded_random import Ints, apportion, draws
from simulators.city.term import CityCalendar

T = TypeVar("T")

RECORDING_SHARE = 0.889
INNOVATION_SHARE = 0.646
PUPILS_PER_COMPUTER = 3.5
FUNCTION_ROOMS_PER_SCHOOL = 15.0
VALUE_PER_SCHOOL_YUAN = 2_200_000.0


@dataclass(frozen=True, slots=True)
class Stage:
    """How large a stage of a school is; `classes` in order of grade."""

    code: str
    classes: tuple[int, ...]
    pupils: int

    @property
    def total(self) -> int:
        """All classes of the stage."""
        return sum(self.classes)


@dataclass(frozen=True, slots=True)
class School:
    """A school of the city; `index` is its place in order of codes."""

    index: int
    code: str
    name: str
    division: str
    school_type: str
    urban_rural: str
    stages: tuple[Stage, ...]
    teachers: int
    character: Character
    keenness: float
    care: float
    connected: float
    share: float
    """How much of the school its character touches, 0 to 1."""
    starts: date
    """From which day on the character shows."""
    inspected: date
    """The day of the county's review, known to every school before."""
    closed: date | None
    """A day on which this school alone has no lessons."""
    displays: int = 0
    pupil_computers: int = 0
    has_recording_room: bool = False
    has_innovation_lab: bool = False
    more_rooms: int = 0
    """Function rooms beyond (or, negative, short of) what is usual for its size."""

    @property
    def classes(self) -> int:
        """All classes."""
        return sum(stage.total for stage in self.stages)

    @property
    def pupils(self) -> int:
        """All pupils."""
        return sum(stage.pupils for stage in self.stages)

    @property
    def is_kindergarten(self) -> bool:
        """Whether it is a kindergarten."""
        return self.school_type == "111"


def make_schools(number: int, seed: int, calendar: CityCalendar) -> list[School]:
    """Return the schools of a city, in order of their codes."""
    random = draws(seed, "city")
    kinds = _shuffled(list(KINDS), [kind.share for kind in KINDS], number, random)
    divisions = _shuffled(list(DIVISIONS), [d[1] for d in DIVISIONS.values()], number, random)
    characters = assign(number, random)
    inspected = inspections(calendar)
    names = random.permutation(max(number, 1300))[:number]
    serials = np.sort(random.choice(np.arange(100_001, 999_999), number, replace=False))
    order = sorted(range(number), key=lambda i: (kinds[i].category, i))
    schools = []
    for index, i in enumerate(order):
        schools.append(
            _school(
                draws(seed, "school", index),
                index=index,
                code=f"{kinds[i].category}33{serials[i]:06d}",
                kind=kinds[i],
                division=divisions[i],
                character=characters[i],
                name=school_name(int(names[i]), divisions[i], kinds[i].title),
                calendar=calendar,
                inspected=inspected[divisions[i]],
            )
        )
    return _meet_the_plan(schools, random)


def inspections(calendar: CityCalendar) -> dict[str, date]:
    """Return the day on which each division is reviewed: about four fifths into the span."""
    days = calendar.days
    middle = max(1, round(0.8 * (len(days) - 1)))
    spread = max(1, len(days) // 20)
    return {
        division: days[min(len(days) - 1, middle + turn % (2 * spread + 1) - spread)]
        if len(days) > 2
        else days[-1]
        for turn, division in enumerate(DIVISIONS)
    }


def _shuffled(
    things: Sequence[T], shares: Sequence[float], number: int, random: np.random.Generator
) -> list[T]:
    """Return so many of the things, in these shares, in random order."""
    counts = apportion(number, np.array(shares))
    if number >= 2 * len(things):
        most = int(counts.argmax())
        counts[most] -= int((counts == 0).sum())
        counts[counts == 0] = 1
    repeated = [thing for thing, count in zip(things, counts, strict=True) for _ in range(count)]
    return [repeated[i] for i in random.permutation(number)]


def _school(
    random: np.random.Generator,
    *,
    index: int,
    code: str,
    kind: SchoolKind,
    division: str,
    character: Character,
    name: str,
    calendar: CityCalendar,
    inspected: date,
) -> School:
    urban = URBAN[int(random.choice(len(URBAN), p=URBAN_SHARES[division]))]
    stages = tuple(
        _stage(random, stage, *sizes, scale=SIZE_OF_URBAN[urban])
        for stage, sizes in kind.parallel.items()
    )
    habit = HABITS[character]
    days = calendar.days
    closed = days[int(random.integers(len(days)))] if random.random() < 0.12 else None
    return School(
        index=index,
        code=code,
        name=name,
        division=division,
        school_type=kind.school_type,
        urban_rural=urban,
        stages=stages,
        teachers=round(
            sum(stage.total * STAGES[stage.code].teachers_per_class for stage in stages)
            * random.uniform(0.92, 1.1)
        )
        + 2,
        character=character,
        keenness=float(random.uniform(*habit.keenness)),
        care=float(random.uniform(*habit.care)),
        connected=float(random.uniform(*habit.connected)),
        share=float(random.uniform(*habit.share)),
        starts=days[int(random.uniform(0.0, 0.35) * len(days))],
        inspected=inspected,
        closed=None if closed is None or abs(closed - inspected) < timedelta(days=4) else closed,
    )


def _stage(
    random: np.random.Generator, code: str, mean: float, least: int, most: int, *, scale: float
) -> Stage:
    kind = STAGES[code]
    parallel = int(np.clip(round(mean * scale * random.lognormal(-0.04, 0.3)), least, most))
    classes = tuple(
        int(np.clip(parallel + random.choice((-1, 0, 0, 0, 1)), 1, most)) for _ in kind.grades
    )
    size = kind.class_size * (0.82 + 0.18 * min(scale, 1.1)) * random.normal(1.0, 0.07)
    size = float(np.clip(size, 14.0, kind.most_pupils))
    return Stage(code, classes, round(size * sum(classes)))


def _meet_the_plan(schools: list[School], random: np.random.Generator) -> list[School]:
    """Give every school its displays, computers and special rooms, so that the sums are right."""
    number = len(schools)
    classes = np.array([school.classes for school in schools], np.float64)
    care = np.array([school.care for school in schools])
    kindergarten = np.array([school.is_kindergarten for school in schools])
    pupils = np.where(kindergarten, 0.0, [school.pupils for school in schools])
    luck = random.random((4, number))

    displays = np.round(classes * (0.9 + 0.12 * care + 0.12 * (luck[0] - 0.5))).astype(np.int64)
    displays = _adjusted(np.maximum(displays, 1), int(classes.sum()), random)
    wanted = pupils / np.exp(0.22 * (luck[1] - 0.5) + 0.18 * (0.6 - care))
    computers = apportion(round(pupils.sum() / PUPILS_PER_COMPUTER), wanted)
    score = luck[2] + 0.35 * np.log(classes) - 0.9 * kindergarten
    recording = _best(score, round(RECORDING_SHARE * number))
    score = np.where(kindergarten, -9.0, luck[3] + 0.25 * np.log(classes) + 0.4 * care)
    innovation = _best(score, min(round(INNOVATION_SHARE * number), int((~kindergarten).sum())))
    return [
        replace(
            school,
            displays=int(displays[i]),
            pupil_computers=int(computers[i]),
            has_recording_room=bool(recording[i]),
            has_innovation_lab=bool(innovation[i]),
        )
        for i, school in enumerate(schools)
    ]


def with_more_rooms(schools: Sequence[School], usual: Sequence[int]) -> list[School]:
    """Return the schools with as many function rooms as the plan has; `usual` is theirs so far."""
    target = round(FUNCTION_ROOMS_PER_SCHOOL * len(schools))
    missing = target - sum(usual)
    weights = np.array([0.0 if s.is_kindergarten else float(s.classes) for s in schools])
    if not weights.any():
        return list(schools)
    more = apportion(abs(missing), weights) * (1 if missing > 0 else -1)
    return [
        replace(school, more_rooms=int(extra)) for school, extra in zip(schools, more, strict=True)
    ]


def _adjusted(counts: Ints, total: int, random: np.random.Generator) -> Ints:
    """Return the counts moved by ones until they add up to `total`."""
    counts = counts.copy()
    while (missing := total - int(counts.sum())) != 0:
        turn = random.permutation(len(counts))
        able = turn[counts[turn] > 1] if missing < 0 else turn
        counts[able[: abs(missing)]] += 1 if missing > 0 else -1
    return counts


def _best(score: NDArray[np.float64], number: int) -> NDArray[np.bool_]:
    chosen = np.zeros(len(score), np.bool_)
    chosen[np.argsort(-score, kind="stable")[:number]] = True
    return chosen
