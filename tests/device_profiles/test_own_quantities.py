"""`quantities.yaml` of a folder: used by the loader, the check and the pages; faults with lines."""

from pathlib import Path

import pytest

from device_profiles.check import check
from device_profiles.cli import main
from device_profiles.errors import ProfileErrors
from device_profiles.loader import check_catalogue, load_catalogue, load_profile
from device_profiles.quantities import QUANTITIES

OWN = """\
ultraviolet_index:
  title: {zh: 紫外线指数, en: ultraviolet index}
  units: {"": 1}
  low: 0
soil_conductivity:
  title: {zh: 土壤电导率, en: soil conductivity}
  units: {"µS/cm": 1, "mS/cm": 1000}
"""
PROFILE = """\
id: acme-uv1
vendor: Acme
model: UV1
title: {zh: 紫外线传感器, en: UV sensor}
category: environment
protocol: modbus
source: "made up for a test"
points:
  ultraviolet: {address: 0, quantity: ultraviolet_index}
simulation: {behaviour: ambient, points: {ultraviolet: 3}}
examples:
  - {source: "made up for a test", registers: {0: [3]}, readings: {ultraviolet: 3}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "environment").mkdir()
    (tmp_path / "quantities.yaml").write_text(OWN, encoding="utf-8")
    (tmp_path / "environment" / "acme-uv1.yaml").write_text(PROFILE, encoding="utf-8")
    return tmp_path


def test_a_point_measures_a_quantity_of_the_folder(folder: Path) -> None:
    catalogue = load_catalogue(folder)
    point = catalogue["acme-uv1"].points["ultraviolet"]
    assert point.value_type == "number"
    assert point.definition.zh == "紫外线指数"
    assert set(catalogue.quantities) - set(QUANTITIES) == {"soil_conductivity", "ultraviolet_index"}
    assert catalogue.quantities["soil_conductivity"].converted(2, "mS/cm", "µS/cm") == 2000


def test_a_single_file_is_read_with_the_quantities_of_its_folder(folder: Path) -> None:
    path = folder / "environment" / "acme-uv1.yaml"
    assert load_profile(path).points["ultraviolet"].quantity == "ultraviolet_index"
    assert main(["check", "--play", str(path)]) == 0


def test_its_bounds_count_in_the_check(folder: Path) -> None:
    path = folder / "environment" / "acme-uv1.yaml"
    path.write_text(PROFILE.replace("readings: {ultraviolet: 3}", "readings: {ultraviolet: -3}"))
    (fault,) = check(folder)[2]
    assert fault.problem == "-3  is no ultraviolet_index; it is at least 0"


def test_its_quantities_are_on_the_page(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "pages" / "profiles"
    assert main(["docs", "--profiles", str(folder), "--out", str(out)]) == 0
    page = (out.parent / "quantities.md").read_text(encoding="utf-8")
    assert (
        "| `soil_conductivity` | 土壤电导率 | soil conductivity | µS/cm, mS/cm = 1000 µS/cm |"
        in page
    )


def test_without_the_file_the_quantity_is_unknown(folder: Path) -> None:
    (folder / "quantities.yaml").unlink()
    with pytest.raises(ProfileErrors, match="'ultraviolet_index' is not a quantity"):
        load_catalogue(folder)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("ultraviolet_index:", "UV:", "1: UV: use lower_case_words as its name, such as"),
        (
            "soil_conductivity:",
            "humidity:",
            "5: humidity: is already a quantity of the built-in table; choose another name",
        ),
        (", en: soil", ", fr: soil", "6: soil_conductivity.title.fr: "),
        ("1000}", "0}", "5: soil_conductivity: a unit's factor must be more than 0"),
        ('"µS/cm": 1,', '"µS/cm": 2,', "5: soil_conductivity: the first unit is the one"),
        ("  low: 0", "  low: zero", "4: ultraviolet_index.low: got 'zero', expected a number"),
        ("  low: 0", "  low: 2\n  high: 1", "1: ultraviolet_index: low must not exceed high"),
        ("  low: 0", "  type: bool\n  low: 0", "1: ultraviolet_index: a bool has no units and no"),
        ("  low: 0", "  lower: 0", "4: ultraviolet_index.lower: unknown key; did you mean low?"),
    ],
)
def test_a_wrong_file_is_one_sentence_with_its_line(
    folder: Path, old: str, new: str, problem: str
) -> None:
    assert old in OWN
    path = folder / "quantities.yaml"
    path.write_text(OWN.replace(old, new), encoding="utf-8")
    faults = [str(fault) for fault in check_catalogue(folder)[1] if fault.path == str(path)]
    assert len(faults) == 1
    assert faults[0].startswith(f"{path}:{problem}")


def test_two_folders_must_not_define_one_name(folder: Path, tmp_path: Path) -> None:
    other = tmp_path.parent / f"{tmp_path.name}-other"
    other.mkdir()
    (other / "quantities.yaml").write_text(OWN, encoding="utf-8")
    faults = [str(fault) for fault in check_catalogue(folder, other)[1]]
    assert faults == [
        f"{other}/quantities.yaml:{line}: {name}: is already a quantity of "
        f"{folder}/quantities.yaml:{line}; keep one"
        for line, name in ((1, "ultraviolet_index"), (5, "soil_conductivity"))
    ]
