"""The READMEs promise nothing that is not so: the device file decodes, commands and links exist."""

import re
from pathlib import Path

import pytest

from device_profiles.loader import check_catalogue
from device_profiles.protocols.modbus import ModbusExample, ModbusProfile
from edge.drivers.modbus.codec import decode

ROOT = Path(__file__).parents[2]
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
PROFILE = re.compile(r"^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(((?!http)[^)#]+)\)")


def test_the_device_file_is_short_and_has_no_fault(tmp_path: Path) -> None:
    (text,) = PROFILE.findall(READMES[0].read_text())
    assert len(text.splitlines()) <= 12
    (tmp_path / "meter").mkdir()
    (tmp_path / "meter" / "eastron-sdm120.yaml").write_text(text)
    catalogue, faults = check_catalogue(tmp_path)
    assert not faults
    profile = catalogue["eastron-sdm120"]
    assert isinstance(profile, ModbusProfile)
    (example,) = profile.examples
    assert isinstance(example, ModbusExample)
    words = {
        start + offset: word
        for start, block in example.registers.items()
        for offset, word in enumerate(block)
    }
    assert decode("meter-1", profile.points, {"input": words}).values == example.readings


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(readme: Path) -> None:
    targets = {target for target in LINK.findall(readme.read_text()) if "/images/" not in target}
    assert targets
    assert not [target for target in targets if not (ROOT / target).exists()]
