"""Rules of a selection as a file: its keys, and the message for each fault."""

from pathlib import Path

import pytest

from cloud.errors import SettingsError
from cloud.selection.rules import load_rules, parse_rules, quotas, rules_of

WHOLE = """
places: 3
hard: [gates]
min_coverage: 0.85
decimals: 1
tie_break: [use, -pupils]
quotas:
  division: {331002: {least: 1, most: 2}}
  stage: {KG: {most: 1}}
  urban_rural: {"2": {least: 1}}
overrides:
  - {school: "2133100001", decision: out, reason: 现场核查不符, by: 王老师}
"""


def test_a_file_holds_every_key_of_the_rules() -> None:
    whole = parse_rules(WHOLE, "rules.yaml")
    assert [(group, code) for group, code, _ in quotas(whole)] == [
        ("division", "331002"),
        ("stage", "KG"),
        ("urban_rural", "2"),
    ]
    assert rules_of(whole.model_dump()) == whole
    assert parse_rules("", "empty.yaml").places == 50


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("place: 3", "r.yaml:1: place: unknown key; did you mean places?"),
        ("places: x", "r.yaml:1: places: got 'x', expected a whole number, such as 12 or 0x000C"),
        (
            "quotas:\n  division:\n    331002: {least: 3, most: 2}",
            "r.yaml:3: quotas.division.331002: least 3 is more than most 2",
        ),
        (
            "quotas:\n  stage: {XX: {most: 1}}",
            "r.yaml:2: quotas.stage.XX: 'XX' is not known; use KG, PRI, JUN, SEN or VOC",
        ),
        ("quotas:\n  division: 3", "r.yaml:2: quotas.division: got 3, expected keys and values"),
        ("quotas: 3", "r.yaml:1: quotas: got 3, expected keys and values"),
        ("tie_break: [use,\n use]", "r.yaml:1: tie_break: use is there twice"),
        (
            "overrides:\n - {school: a, decision: out, by: b}",
            "r.yaml:2: overrides.0.reason: missing; needed: a value",
        ),
        ("- 3", "r.yaml:1: got a list, expected keys and values"),
        (
            "hard: [gate]",
            (
                "r.yaml:1: hard.0: 'gate' is not known; did you mean gates? "
                "Known: gates, marks or rules"
            ),
        ),
        ("places: 1\nplaces: 2", "r.yaml:2: given twice, first in line 1; keep one"),
    ],
)
def test_a_wrong_file_names_the_line_and_the_fault(text: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_rules(text, "r.yaml")
    assert str(caught.value) == expected


def test_wrong_rules_from_elsewhere_name_the_key() -> None:
    with pytest.raises(SettingsError, match=r"quotas\.division\.3: least 9 is more than most 1"):
        rules_of({"quotas": {"division": {"3": {"least": 9, "most": 1}}}})
    with pytest.raises(SettingsError, match=r"overrides\.0\.by: missing"):
        rules_of({"overrides": [{"school": "A", "decision": "in", "reason": "xx"}]})


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    with pytest.raises(SettingsError, match="cannot be read"):
        load_rules(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not UTF-8"):
        load_rules(path)
    path.write_text(WHOLE, encoding="utf-8")
    assert load_rules(path).places == 3
