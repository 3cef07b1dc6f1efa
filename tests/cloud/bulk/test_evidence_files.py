"""An assessment from what a roll-up wrote as Parquet, without a telemetry file."""

import asyncio
import shutil
from pathlib import Path

import pytest

from cloud.cli import main
from cloud.registry.store import Registry
from simulators.city.city import read_city
from tests._parts.loaded import load


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAMPUS_CLOUD_DATABASE_URL", raising=False)


@pytest.fixture(scope="module")
def loaded(city: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud's folder after a load, with nothing assessed."""
    data = tmp_path_factory.mktemp("loaded") / "data"
    asyncio.run(load(city, data))
    return data


@pytest.fixture
def bare(loaded: Path, tmp_path: Path) -> Path:
    """The same registry, and no telemetry."""
    (tmp_path / "bare").mkdir()
    shutil.copy(loaded / "registry.sqlite", tmp_path / "bare")
    return tmp_path / "bare"


@pytest.fixture
def evidence(city: Path, bare: Path, tmp_path: Path) -> Path:
    out = tmp_path / "evidence"
    flags = ["--slots", str(city / "slots"), "--data", str(bare), "--out", str(out)]
    assert main(["rollup", *flags, "--until", read_city(city)["end"]]) == 0
    return out


def span(city: Path) -> list[str]:
    facts = read_city(city)
    return ["--start", facts["start"], "--end", facts["end"]]


def digests(data: Path) -> list[str]:
    registry = Registry.open(f"sqlite:///{data / 'registry.sqlite'}")
    try:
        return [row.digest for row in registry.assessment_log.assessments()]
    finally:
        registry.close()


def test_it_is_the_assessment_of_a_load(
    city: Path, loaded: Path, bare: Path, evidence: Path
) -> None:
    assert main(["assess", "--data", str(loaded), *span(city)]) == 0
    flags = ["--evidence", str(evidence), "--readings", str(city / "readings")]
    assert main(["assess", "--data", str(bare), *flags, *span(city)]) == 0
    assert digests(bare) == digests(loaded)
    assert len(digests(bare)) == 1
    assert sorted(path.name for path in bare.iterdir() if path.is_file()) == ["registry.sqlite"]


def test_readings_count(city: Path, bare: Path, evidence: Path) -> None:
    given = ["assess", "--data", str(bare), "--evidence", str(evidence), *span(city)]
    assert main(given) == 0
    assert main([*given, "--readings", str(city / "readings")]) == 0
    assert len(set(digests(bare))) == 2


def test_one_county_alone(
    city: Path, bare: Path, evidence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = Registry.open(f"sqlite:///{bare / 'registry.sqlite'}")
    divisions = [row.division for row in registry.schools()]
    registry.close()
    flags = ["assess", "--data", str(bare), "--evidence", str(evidence), *span(city)]
    capsys.readouterr()
    assert main([*flags, "--division", divisions[0]]) == 0
    assert f"  {divisions.count(divisions[0])} schools: " in capsys.readouterr().out
    assert main([*flags, "--division", "3310"]) == 0
    assert f"  {len(divisions)} schools: " in capsys.readouterr().out
    assert main([*flags, "--division", "44"]) == 1
    assert capsys.readouterr().err == "campus-cloud: division 44: no school of it is registered\n"


def test_files_that_are_no_roll_up_are_one_sentence(
    city: Path, bare: Path, evidence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["assess", "--data", str(bare), *span(city)]
    capsys.readouterr()
    assert main([*data, "--evidence", str(city)]) == 1
    assert "usage_rollup: not what `campus-cloud rollup` writes: " in capsys.readouterr().err
    shutil.rmtree(evidence / "usage_days")
    shutil.copytree(city / "slots", evidence / "usage_days")
    (day_file,) = sorted((evidence / "usage_days").glob("*/*.parquet"))[:1]
    shutil.copy(day_file, evidence / "usage_days" / "day.parquet")
    assert main([*data, "--evidence", str(evidence)]) == 1
    errors = capsys.readouterr().err
    assert "usage_days: not what `campus-cloud rollup` writes: " in errors
    assert errors.count("\n") == 1


def test_evidence_of_other_days_is_refused(
    bare: Path, evidence: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--evidence", str(evidence), "--standard", "taizhou-smart-management@2026-11-01"]
    capsys.readouterr()
    early = ["--start", "2020-09-01", "--end", "2020-09-30"]
    assert main(["assess", "--data", str(bare), *flags, *early]) == 1
    assert "holds no row of any of 3 schools up to 2020-09-30" in capsys.readouterr().err


def test_readings_need_evidence(city: Path, bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["assess", "--data", str(bare), *span(city), "--readings", str(city / "readings")])
    assert "--readings needs --evidence" in capsys.readouterr().err
