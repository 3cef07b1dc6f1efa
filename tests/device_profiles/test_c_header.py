"""A profile as a C header: every fact that firmware needs, from the profile and nowhere else."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from device_profiles.c_header import c_header
from device_profiles.cli import main
from device_profiles.loader import load_catalogue
from device_profiles.schema import DeviceProfile

CATALOGUE = load_catalogue()


def macros(header: str) -> dict[str, str]:
    return dict(re.findall(r"^#define (\w+) (.+)$", header, re.MULTILINE))


def header_of(profile_id: str, prefix: str) -> dict[str, str]:
    return macros(c_header(CATALOGUE[profile_id], prefix))


def test_a_modbus_header_is_the_register_map() -> None:
    lab = header_of("campus-lab-instrument", "lab")
    place = {"FUNCTION": "4", "ADDRESS": "0x04", "REGISTERS": "1", "TYPE": '"int16"'}
    scaled = {"SCALE": "0.1", "OFFSET": "0.0", "INVALID": "32768"}
    expected = {f"LAB_TEMPERATURE_{name}": value for name, value in (place | scaled).items()}
    assert expected.items() <= lab.items()
    assert lab["LAB_RUN_STATE_WARMING_UP"] == "2"
    assert (lab["LAB_INPUT_COUNT"], lab["LAB_HOLDING_COUNT"]) == ("10", "1")
    assert (lab["LAB_SET_RUN_FUNCTION"], lab["LAB_SET_RUN_ADDRESS"]) == ("6", "0x00")


def test_an_mqtt_header_has_topics_members_and_payloads() -> None:
    display = header_of("campus-interactive-display", "display")
    assert display["DISPLAY_ACTIVE_POWER_TOPIC"] == '"campus/%s/state"'
    assert display["DISPLAY_ACTIVE_POWER_PATH"] == '"power_w"'
    assert display["DISPLAY_PRESENCE_OFFLINE"] == '"offline"'
    assert display["DISPLAY_DISPLAY_STATE_IN_USE"] == '"in_use"'
    assert display["DISPLAY_SET_POWER_PAYLOAD_TRUE"] == r'"{\"power_on\": true}"'


def test_a_ble_header_has_objects_and_identifiers_as_on_the_air() -> None:
    epaper = header_of("campus-epaper-terminal", "epaper")
    assert epaper["EPAPER_PAGE_TURNS_BTHOME"] == "0x3D"
    assert epaper["EPAPER_SET_FRONT_LIGHT_CHARACTERISTIC_UUID_BYTES"].startswith("{0x40, 0x9F, ")
    assert epaper["EPAPER_READING_SESSION_ACCESS"] == '"notify"'


@pytest.mark.parametrize("profile", CATALOGUE.values(), ids=lambda profile: str(profile.id))
def test_every_macro_of_every_model_is_defined_once(profile: DeviceProfile) -> None:
    header = c_header(profile)
    names = re.findall(r"^#define (\w+)", header, re.MULTILINE)
    assert len(names) == len(set(names))
    for name in profile.points:
        assert f"\n/* {name}: " in header


def test_a_compiler_reads_every_header(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler is installed")
    lines = []
    for number, profile in enumerate(CATALOGUE.values()):
        (tmp_path / f"profile{number}.h").write_text(c_header(profile), encoding="utf-8")
        lines.append(f'#include "profile{number}.h"')
    for profile in CATALOGUE.values():
        for name, value in macros(c_header(profile)).items():
            if value.startswith('"'):
                lines.append(f"const char *const {name.lower()} = {name};")
            elif value.startswith("{"):
                lines.append(f"const unsigned char {name.lower()}[] = {name};")
            else:
                lines.append(f"const double {name.lower()} = {name};")
    source = tmp_path / "all.c"
    source.write_text("\n".join([*lines, ""]), encoding="utf-8")
    strict = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    done = subprocess.run(
        [compiler, *strict, str(source)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_command_prints_the_header(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["headers", "campus-lab-instrument", "--prefix", "lab"]) == 0
    printed = capsys.readouterr().out
    assert printed == c_header(CATALOGUE["campus-lab-instrument"], "lab")
    assert main(["headers", "campus-lab-instrument", "--prefix", "1 lab"]) == 2
    assert "'1 lab' is no prefix of a macro" in capsys.readouterr().err
    assert main(["headers", "campus-lab-instrumen"]) == 1
    assert "did you mean campus-lab-instrument" in capsys.readouterr().err


def test_a_prefix_that_is_no_identifier_is_refused() -> None:
    with pytest.raises(ValueError, match="is no prefix of a macro"):
        c_header(CATALOGUE["campus-lab-instrument"], "lab-1")
