from datetime import date
from pathlib import Path

import pytest
import yaml
from openpyxl import load_workbook

from device_profiles.loader import load_catalogue
from edge.config import load_config
from simulators.errors import SimulatorError
from simulators.school.campus import make_campus
from simulators.school.plan import Reach, write_plan, write_single
from simulators.school.scenario import load_school
from simulators.school.timetable import make_calendar

TODAY = date(2026, 11, 24)


def cells(path: Path) -> dict[str, list[tuple[object, ...]]]:
    book = load_workbook(path)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def test_the_same_seed_and_day_give_the_same_plan(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        write_plan(tmp_path, make_campus(7, 44, TODAY), Reach())
        yamls = [(tmp_path / name).read_bytes() for name in ("school.yaml", "gateway.yaml")]
        seen.append((yamls, cells(tmp_path / "workbook.xlsx")))
    assert seen[0] == seen[1]


def test_another_seed_gives_another_school(tmp_path: Path) -> None:
    for seed in (1, 2):
        write_plan(tmp_path / str(seed), make_campus(seed, 44, TODAY), Reach())
    first, other = ((tmp_path / str(seed) / "school.yaml").read_bytes() for seed in (1, 2))
    assert first != other


@pytest.mark.parametrize("number", [4, 5, 44, 120])
def test_gateway_and_simulators_take_the_plan(tmp_path: Path, number: int) -> None:
    token = tmp_path / "token"
    token.write_text("secret")
    write_plan(tmp_path, make_campus(3, number, TODAY), Reach(token_file=token))
    config = load_config(tmp_path / "gateway.yaml")
    school = load_school(tmp_path)
    assert len(config.devices) == len(school.devices) == number
    protocols = [
        entry for device in school.plan.devices for entry in _protocol(device.model_dump())
    ]
    assert set(protocols) == {"mqtt", "modbus", "ble"}
    for device in school.devices:
        assert config.devices[device.plan.id].usage == device.usage


def _protocol(device: dict[str, object]) -> list[str]:
    return [name for name in ("mqtt", "modbus", "ble") if device[name]]


def test_a_school_of_44_shows_most_of_the_catalogue() -> None:
    profiles = {device.profile for device in make_campus(7, 44, TODAY).devices}
    assert len(profiles) >= 16
    assert profiles <= set(load_catalogue())


def test_one_device_is_unknown_to_the_ledger() -> None:
    unknown = [d for d in make_campus(7, 44, TODAY).devices if not d.is_in_ledger]
    assert len(unknown) == 1


@pytest.mark.parametrize("number", [0, 3, 901])
def test_a_number_of_devices_that_cannot_be_is_refused(number: int) -> None:
    with pytest.raises(SimulatorError, match="expected 4 to 900"):
        make_campus(7, number, TODAY)


@pytest.mark.parametrize("day", [date(2026, 11, 24), date(2027, 1, 1), date(2026, 7, 12)])
def test_twenty_school_days_lie_behind_any_day(day: date) -> None:
    calendar = make_calendar(day)
    days = calendar.school_days(day, 20)
    assert len(days) == 20
    assert any(school_day.isoweekday() > 5 for school_day in days), "a make-up day is among them"
    assert calendar.starts <= day <= calendar.ends


def test_one_device_can_be_taken_out_of_a_plan(tmp_path: Path) -> None:
    write_plan(tmp_path, make_campus(7, 44, TODAY), Reach())
    name = next(d.id for d in make_campus(7, 44, TODAY).devices if d.transport == "modbus_rtu")
    folder = write_single(tmp_path, name)
    school = load_school(folder)
    assert [device.plan.id for device in school.devices] == [name]
    tree = yaml.safe_load((folder / "school.yaml").read_text())
    assert tree["modbus_tcp"] == []
    with pytest.raises(SimulatorError, match="no device 'absent'"):
        write_single(tmp_path, "absent")
