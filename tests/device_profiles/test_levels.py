"""Levels of power, on traces made from levels that a person saw on real devices.

The ranges and shares of `SEEN` are those that people read from traces of the tracebase data set
(http://www.tracebase.org, Open Database License); the traces here are synthetic.
"""

import gzip
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from device_profiles.cli import main
from device_profiles.learn import learn_traces
from device_profiles.levels import Learned, LevelLearner, rule_fit
from device_profiles.schema import UsageRule

START = datetime(2026, 9, 1)  # noqa: DTZ001  a trace has no zone
RULE = UsageRule(point="power", active_above=60, standby_above=2)
Part = tuple[str, float, float, float]
"""State, lowest and highest W, share of the day."""
SEEN: dict[str, list[Part]] = {
    "projector": [("off", 0, 2, 0.93), ("active", 166, 168, 0.07)],
    "video-projector": [("off", 0, 2, 0.84), ("standby", 4, 6, 0.06), ("active", 226, 230, 0.1)],
    "monitor-a": [("off", 0, 2, 0.66), ("active", 38, 43, 0.34)],
    "monitor-b": [("off", 0, 2, 0.73), ("active", 19, 23, 0.27)],
    "tv-lcd": [("off", 0, 2, 0.82), ("standby", 15, 17, 0.03), ("active", 128, 141, 0.15)],
    "desktop-b": [("off", 0, 2, 0.73), ("active", 43, 47, 0.27)],
    "laptop": [("off", 0, 2, 0.52), ("standby", 15, 21, 0.31), ("active", 26, 34, 0.17)],
    # Made for the kind.
    "desktop that draws when off": [("off", 4, 6, 0.7), ("active", 60, 75, 0.3)],
    "desktop that sleeps": [("off", 7, 9, 0.5), ("standby", 12, 14, 0.2), ("active", 95, 130, 0.3)],
    "two lamps": [("off", 0, 1, 0.8), ("active", 180, 190, 0.1), ("active", 240, 250, 0.1)],
    "never off": [("standby", 40, 44, 0.6), ("active", 110, 140, 0.4)],
    "big display": [("off", 0.3, 0.5, 0.6), ("standby", 18, 24, 0.1), ("active", 320, 410, 0.3)],
    "printer": [("off", 0, 0, 0.6), ("active", 11, 14, 0.4)],
}  # fmt: skip


def day(
    parts: Sequence[Part], random: Random, step_s: float, resolution_w: float = 2.0
) -> Iterator[tuple[datetime, float]]:
    """Yield a day in which a device is in each part two or three times, with steps between."""
    spans = []
    for part in parts:
        cuts = [random.uniform(0.7, 1.3) for _ in range(random.choice((2, 3)))]
        spans += [(part, part[3] * 86_400 * cut / sum(cuts)) for cut in cuts]
    random.shuffle(spans)
    seconds = random.uniform(0, step_s)
    end = 0.0
    for (_, low, high, _), length in spans:
        end += length
        while seconds < end:
            watts = random.triangular(low, high, (low + high) / 2)
            if resolution_w == 2.0 and high <= 2:
                watts = random.choice((0.0, 0.0, 2.0)) if high else 0.0
            if random.random() < 0.002:
                watts *= random.uniform(1, 3)  # a burst
            yield START + timedelta(seconds=seconds), round(watts / resolution_w) * resolution_w
            seconds += step_s


def learned_of(readings: Iterator[tuple[datetime, float]]) -> Learned:
    learner = LevelLearner(600)
    for at, watts in readings:
        learner.observe(at, watts)
    return learner.learned()


@pytest.mark.parametrize("device", SEEN)
@pytest.mark.parametrize("step_s", [10, 60, 300])
@pytest.mark.parametrize("resolution_w", [2.0, 0.1])
def test_u2a_levels_are_learned_within_a_fifth(
    device: str, step_s: float, resolution_w: float
) -> None:
    for seed in range(3):
        learned = learned_of(day(SEEN[device], Random(seed), step_s, resolution_w))
        assert [level.state for level in learned.levels] == [part[0] for part in SEEN[device]]
        for level, (_, low, high, share) in zip(learned.levels, SEEN[device], strict=True):
            middle = (low + high) / 2
            assert level.median == pytest.approx(middle, rel=0.2, abs=2), (device, seed)
            assert level.share == pytest.approx(share, abs=0.03)
        assert learned.active_above is not None
        assert learned.standby_above is not None
        fitted = UsageRule(
            point="power", active_above=learned.active_above, standby_above=learned.standby_above
        )
        assert rule_fit(fitted, learned) == "fits"
        for state, low, high, _ in SEEN[device]:
            for watts in (low, high):
                assert (watts > learned.active_above) == (state == "active")


@pytest.mark.parametrize(
    ("device", "fit"),
    [("monitor-a", "does_not_fit"), ("laptop", "does_not_fit"), ("printer", "does_not_fit"),
     ("desktop-b", "does_not_fit"), ("projector", "fits"), ("tv-lcd", "fits")],
)  # fmt: skip
def test_u2a_a_constant_threshold_does_not_fit_small_devices(device: str, fit: str) -> None:
    assert rule_fit(RULE, learned_of(day(SEEN[device], Random(1), 60))) == fit


@pytest.mark.parametrize(("low", "high"), [(85, 92), (38, 44), (300, 340)])
def test_a_device_with_one_level_has_no_threshold(low: float, high: float) -> None:
    learned = learned_of(day([("on", low, high, 1.0)], Random(2), 10))
    assert (learned.outcome, learned.active_above) == ("one_level", None)
    assert [level.state for level in learned.levels] == ["on"]
    assert rule_fit(RULE, learned) == "indistinct"


def test_what_was_only_off_keeps_its_rule() -> None:
    for parts in ([("off", 0, 2, 1.0)], [("off", 0, 2, 0.9), ("standby", 5, 7, 0.1)]):
        learned = learned_of(day(parts, Random(3), 60))
        assert (learned.outcome, learned.active_above) == ("low_only", None)
        assert rule_fit(RULE, learned) == "fits"


def test_a_rule_that_cuts_through_a_level_does_not_fit() -> None:
    learned = learned_of(day(SEEN["big display"], Random(4), 60))
    assert rule_fit(RULE, learned) == "fits"
    through = UsageRule(point="power", active_above=360, standby_above=2)
    assert rule_fit(through, learned) == "does_not_fit"
    by_values = UsageRule(point="s", active_values=(True,))
    assert rule_fit(by_values, learned) == "learning"


def test_half_a_day_is_too_little_for_a_gateway() -> None:
    half = [point for point in day(SEEN["monitor-a"], Random(5), 60) if point[0].hour < 12]
    assert learned_of(iter(half)).outcome == "learning"


def test_silence_a_departure_and_what_is_late_count_for_nothing() -> None:
    learner = LevelLearner(600)
    for minute in (0, 5, 4, 60, 65):
        learner.observe(START + timedelta(minutes=minute), 100)
    learner.leave()
    learner.observe(START + timedelta(minutes=70), 100)
    learner.observe(START + timedelta(minutes=71), float("nan"))
    assert learner.all.total_s == 600
    assert learner.all.quantile(0.5, 0, 1000) == pytest.approx(100, rel=0.02)


def test_evidence_is_kept_and_taken_up_again() -> None:
    points = list(day(SEEN["tv-lcd"], Random(6), 60))
    whole, second = LevelLearner(600), LevelLearner(600)
    for at, watts in points:
        whole.observe(at, watts)
    for at, watts in points[:700]:
        second.observe(at, watts)
    third = LevelLearner(600)
    third.recall(json.loads(json.dumps(second.evidence())))
    for at, watts in points[699:]:
        third.observe(at, watts)
    kept = [(level.state, level.median) for level in third.learned().levels]
    assert kept == [(level.state, level.median) for level in whole.learned().levels]


def test_what_was_seen_weeks_ago_weighs_less() -> None:
    learner = LevelLearner(600)
    for hour in range(24 * 40):
        learner.observe(START + timedelta(minutes=10 * 6 * hour), 5)
        for ten in range(1, 6):
            learner.observe(START + timedelta(minutes=60 * hour + 10 * ten), 5)
    assert learner.all.total_s < 28 * 86_400 + 3600


# -- traces and the command -------------------------------------------------------------------


def trace(path: Path, head: str, form: str, delimiter: str = ",") -> Path:
    rows = [head] if head else []
    for at, watts in day(SEEN["monitor-a"], Random(7), 60):
        time = str(at.timestamp()) if form == "unix" else at.strftime(form)
        rows.append(delimiter.join((time, f"{watts:g}", "0")))
    rows.insert(5, "not a row")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8-sig")
    return path


@pytest.mark.parametrize(
    ("head", "form", "delimiter"),
    [
        ("time,watts,x", "%Y-%m-%dT%H:%M:%S", ","),
        ("", "%d/%m/%Y %H:%M:%S", ";"),
        ("t;功率;x", "%Y-%m-%d %H:%M:%S", ";"),
        ("unix\tmean\tx", "unix", "\t"),
    ],
)
def test_traces_are_read_as_loggers_write_them(
    tmp_path: Path, head: str, form: str, delimiter: str
) -> None:
    learned = learn_traces([trace(tmp_path / "t.csv", head, form, delimiter)], 600)
    assert [level.state for level in learned.levels] == ["off", "active"]
    assert learned.levels[1].median == pytest.approx(40.5, rel=0.1)


def test_learn_proposes_thresholds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = trace(tmp_path / "t.csv", "time,watts,x", "%Y-%m-%dT%H:%M:%S")
    packed = tmp_path / "t.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert main(["learn", str(packed), "--profile", "tasmota-plug"]) == 0
    shown = capsys.readouterr().out
    assert "proposed: usage: {active_above: " in shown
    assert "tasmota-plug: its usage rule does not fit this device" in shown
    assert main(["learn", str(path), "--profile", "tasmota-plug", "--json"]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert tree["rule_fit"] == "does_not_fit"
    assert 2 < tree["proposal"]["standby_above"] <= tree["proposal"]["active_above"] < 38
    assert [level["state"] for level in tree["levels"]] == ["off", "active"]
    assert main(["learn", str(path), "--lang", "zh", "--profile", "tasmota-plug"]) == 0
    assert "使用规则不适合这台设备" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("time\n1\n", "t.csv:1: expected two columns, time and watts"),
        ("time,watts\nx,y\n", "t.csv:2: no row holds a time and a power"),
        ("time,watts\n1,2\n", "t.csv:1: no column 'p'; the first line has time, watts"),
    ],
)
def test_a_trace_that_is_none_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, problem: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    column = ["--column", "p"] if "'p'" in problem else []
    assert main(["learn", str(path), *column]) == 1
    assert problem in capsys.readouterr().err
