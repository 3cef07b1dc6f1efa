from pathlib import Path

import pytest

from device_profiles.errors import ProfileError, ProfileErrors
from device_profiles.loader import CATALOG, Catalogue, check_catalogue, load_catalogue, load_profile
from device_profiles.protocols.modbus import ModbusProfile
from device_profiles.yaml_tree import parse

WRONG = Path(__file__).parent / "wrong"

METER = """\
id: acme-em1
vendor: Acme
model: EM1
title: {zh: 电表, en: meter}
category: meter
protocol: modbus
source: "made up for a test"
defaults: {register: input, type: float32, poll_s: 7}
points:
  active_power: {address: 0x000C, quantity: power, unit: W}
  state: {address: 32, type: uint16, register: holding, quantity: state, values: {0: idle, 1: busy}}
examples:
  - {source: "made up for a test", registers: {0x000C: [0x42AA, 0]}, readings: {active_power: 85}}
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def sentences(*paths: Path) -> list[str]:
    return [str(fault) for fault in check_catalogue(*paths)[1]]


@pytest.mark.parametrize("path", sorted(WRONG.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_fault_of_a_wrong_file_is_one_sentence(path: Path) -> None:
    """The goldens are read by people: a changed sentence is a change on purpose."""
    with pytest.raises(ProfileErrors) as caught:
        load_profile(path, base=WRONG)
    golden = path.with_suffix(".txt")
    assert str(caught.value) + "\n" == golden.read_text(encoding="utf-8")


def test_defaults_are_merged_into_each_point(tmp_path: Path) -> None:
    profile = load_profile(written(tmp_path, "acme-em1.yaml", METER))
    assert isinstance(profile, ModbusProfile)
    power, state = profile.points["active_power"], profile.points["state"]
    assert (power.register_, power.type, power.poll_s) == ("input", "float32", 7)
    assert (state.register_, state.type, state.poll_s) == ("holding", "uint16", 7)
    assert state.values == {"0": "idle", "1": "busy"}


def test_a_fault_carries_its_place_for_code(tmp_path: Path) -> None:
    path = written(tmp_path, "acme-em1.yaml", METER.replace("0x000C, q", "0x1000C, q"))
    with pytest.raises(ProfileErrors) as caught:
        load_profile(path)
    (fault,) = caught.value.faults
    assert (fault.path, fault.line, fault.key) == (str(path), 10, "points.active_power.address")
    assert (caught.value.path, caught.value.line, caught.value.key) == (fault.path, 10, fault.key)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = written(tmp_path, "huge-file.yaml", "#" * 300_000)
    assert sentences(path) == [f"{path}:1: larger than 256 kB; a profile is one page"]


def test_a_huge_text_is_not_parsed() -> None:
    (fault,) = parse("#" * 300_000).faults
    assert fault.problem == "the file is larger than 256 kB; a profile is one page"


def test_a_deep_file_is_not_followed(tmp_path: Path) -> None:
    path = written(tmp_path, "deep-file.yaml", "a: " + "[" * 100_000)
    assert sentences(path) == [f"{path}:1: a.0.0.0: nested more than 20 levels deep"]


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "not-text.yaml"
    path.write_bytes(b"id: a\nvendor: \xff\xfe")
    assert sentences(path) == [f"{path}:2: not UTF-8 text; save it as UTF-8"]


def test_control_characters_are_not_yaml(tmp_path: Path) -> None:
    path = written(tmp_path, "bell-file.yaml", "id: a\nvendor: \x07")
    (sentence,) = sentences(path)
    assert sentence.startswith(f"{path}:")
    assert "not YAML: " in sentence


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "gone.yaml"
    with pytest.raises(ProfileError, match="cannot be read: No such file"):
        load_profile(path)
    assert sentences(path) == [f"{path}: no such file or folder; check the name"]


def test_the_folder_says_the_category(tmp_path: Path) -> None:
    path = written(tmp_path, "display/acme-em1.yaml", METER)
    assert sentences(tmp_path) == [
        (
            f"{path}:5: category: meter differs from the folder display; "
            "move the file to meter/, or write category: display"
        )
    ]


def test_two_files_must_not_contradict_one_another(tmp_path: Path) -> None:
    first = written(tmp_path, "a/meter/acme-em1.yaml", METER)
    second = written(tmp_path, "b/meter/acme-em1.yaml", METER)
    third = written(
        tmp_path,
        "b/meter/acme-em2.yaml",
        METER.replace("acme-em1", "acme-em2")
        .replace("quantity: state, values: {0: idle, 1: busy}", "quantity: count")
        .replace("model: EM1", "model: em1"),
    )
    assert sentences(tmp_path / "a", tmp_path / "b") == [
        f"{second}: id: acme-em1 is already the id of {first}; choose another",
        f"{third}: aliases: Acme em1 is already described by {first}; keep one",
        (
            f"{third}: points.state: holds a number here and a string in acme-em1.yaml; "
            "one name has one value type in the whole catalogue, choose another name"
        ),
    ]


def test_a_school_adds_a_folder_of_its_own(tmp_path: Path) -> None:
    written(tmp_path, "acme-em1.yaml", METER)
    catalogue = load_catalogue(tmp_path)
    assert catalogue.file("acme-em1") == tmp_path / "acme-em1.yaml"
    assert len(catalogue) == len(load_catalogue()) + 1


def test_a_wrong_folder_of_a_school_does_not_load(tmp_path: Path) -> None:
    written(tmp_path, "acme-em1.yaml", METER.replace("unit: W", "unit: kWh"))
    with pytest.raises(ProfileErrors, match="'kWh' is not a unit of power; use 'W' or 'kW'"):
        load_catalogue(tmp_path)


def test_variants_are_found_by_the_name_on_the_box() -> None:
    catalogue = load_catalogue()
    assert catalogue.find("eastron", "sdm120m") is catalogue["eastron-sdm120"]
    assert catalogue.find("Eastron", "SDM120-Modbus") is catalogue["eastron-sdm120"]
    assert catalogue.find("Eastron", "SDM72") is None
    assert catalogue.nearest("eastron-sdm12")[0] == "eastron-sdm120"


def test_a_catalogue_cannot_be_changed() -> None:
    catalogue = load_catalogue()
    assert isinstance(catalogue, Catalogue)
    assert not hasattr(catalogue, "__setitem__")
    assert list(catalogue) == sorted(catalogue)
    assert catalogue.file("eastron-sdm120").is_relative_to(CATALOG)
