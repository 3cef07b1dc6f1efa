import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cloud.bulk.offline import offline
from cloud.cli import main
from simulators.city.city import write_city
from simulators.city.term import last_friday
from tests._parts.loaded import held_in
from tests._parts.small_city import city_options

CAMPUS_CLOUD = str(Path(sys.executable).with_name("campus-cloud"))


@pytest.fixture(scope="module")
def recent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two schools and the two days up to last Friday: the command goes by today's clock."""
    folder = tmp_path_factory.mktemp("recent")
    end = last_friday(datetime.now(UTC).date())
    write_city(city_options(folder, schools=2, days=2, end=end))
    return folder


def test_a_load_says_what_it_did_and_twice_does_nothing(
    recent: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["load", str(recent), f"--data={tmp_path / 'data'}"]
    assert main(command) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"{recent}: ")
    assert " slots in 2, " in out
    assert "; 0 files were loaded before" in out
    whole = [line.partition(": 100 % ")[0] for line in err.splitlines() if ": 100 % (" in line]
    assert whole == ["records", "slots", "readings", "events", "roll-up"]
    before = held_in(tmp_path / "data")
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["slots"] == 0
    assert main(command) == 0
    out, _ = capsys.readouterr()
    assert ": 0 rows of records in 0 files, 0 slots in 0, 0 readings in 0, " in out
    assert " 0 events in 0 loaded in " in out
    assert held_in(tmp_path / "data")["slots"] == before["slots"]


def test_what_is_wrong_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    none = tmp_path / "none"
    assert main(["load", str(none), f"--data={tmp_path}"]) == 1
    assert capsys.readouterr().err == (
        f"campus-cloud: {none}: no such folder; give one that `campus-sim city` wrote\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.real
def test_a_running_cloud_keeps_its_folder_to_itself(recent: Path, tmp_path: Path) -> None:
    with offline(tmp_path, make=True):
        done = subprocess.run(
            [CAMPUS_CLOUD, "load", str(recent), f"--data={tmp_path}"],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == (
        f"campus-cloud: {tmp_path / 'telemetry.duckdb'}: another process has this telemetry file "
        "open; stop the other campus-cloud or choose another --data folder\n"
    )


@pytest.mark.real
@pytest.mark.parametrize("line", ["records: 50 %", "slots: 50 %", "readings: 50 %"])
def test_a_load_that_is_killed_goes_on(recent: Path, tmp_path: Path, line: str) -> None:
    command = [CAMPUS_CLOUD, "load", str(recent), f"--data={tmp_path / 'data'}"]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    assert process.stderr is not None
    for reported in process.stderr:
        if reported.startswith(line):
            process.send_signal(signal.SIGKILL)
            break
    process.stderr.close()
    assert process.wait() == -signal.SIGKILL
    assert main(command[1:]) == 0
    assert main(["load", str(recent), f"--data={tmp_path / 'whole'}"]) == 0
    loaded, expected = held_in(tmp_path / "data"), held_in(tmp_path / "whole")
    assert loaded["slots"] == expected["slots"]
    assert loaded["points"] == expected["points"]
    assert {row[:9] for row in loaded["usage_rollup"]} == {
        row[:9] for row in expected["usage_rollup"]
    }
