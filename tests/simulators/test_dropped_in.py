"""A profile that is dropped into a folder is simulated at once, with no other file touched."""

from pathlib import Path

from pymodbus.client import AsyncModbusTcpClient

from device_profiles.loader import load_catalogue
from device_profiles.protocols.modbus import ModbusProfile
from edge.drivers.modbus import codec
from tests.simulators.conftest import RunningSchool

NEW = Path(__file__).parents[2] / "device_profiles" / "catalog" / "meter" / "eastron-sdm120.yaml"
DEVICE = "{id: em7-1, asset: A-0099, profile: acme-em7, modbus: {bus: tcp-1, unit_id: 9}}"


def dropped_in(folder: Path) -> Path:
    text = NEW.read_text(encoding="utf-8").replace("eastron-sdm120", "acme-em7")
    text = text.replace("vendor: Eastron\nmodel: SDM120-Modbus", "vendor: Acme\nmodel: EM7")
    lines = [line for line in text.splitlines() if "{vendor: Eastron" not in line]
    path = folder / "catalog" / "meter" / "acme-em7.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(lines).replace("aliases:\n", ""), encoding="utf-8")
    return folder / "catalog"


async def test_a_new_profile_gets_its_simulator(school: RunningSchool) -> None:
    folder = dropped_in(school.folder)
    school.write(DEVICE, more="profiles: [catalog]\n")
    profile = load_catalogue(folder)["acme-em7"]
    assert isinstance(profile, ModbusProfile)
    async with school.running():
        client = AsyncModbusTcpClient("127.0.0.1", port=school.modbus_port)
        await client.connect()
        answer = await client.read_input_registers(0, count=14, device_id=9)
        words = dict(enumerate(answer.registers))
        decoded = codec.decode("em7-1", profile.points, {"input": words})
        await school.until(lambda: bool(school.truth("reported")))
        client.close()
    (report,) = school.truth("reported")
    assert report["asset"] == "A-0099"
    assert report["values"] == decoded.values
    assert set(report["values"]) == {"voltage", "current", "active_power"}
