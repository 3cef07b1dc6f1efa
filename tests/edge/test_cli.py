"""The command line: exit codes, one sentence for each fault, a status a person can read."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from device_profiles.levels import LevelLearner
from edge.cli import main
from edge.config import Config
from edge.forget import ForgetRequests
from edge.levels import DeviceFit
from tests._parts.patience import PATIENCE_S
from tests._parts.uplink_server import uplink_server

Configured = Callable[[str], Config]


def test_check_says_what_it_found(
    configured: Configured, capsys: pytest.CaptureFixture[str]
) -> None:
    path = configured("http://127.0.0.1:1").path
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: 2 devices over mqtt, nothing wrong\n"
    assert main(["check", str(path), "--lang", "zh"]) == 0
    assert capsys.readouterr().out == f"{path}：2 台设备（mqtt），没有错误\n"
    assert main(["check", str(path), "--json"]) == 0
    checked = json.loads(capsys.readouterr().out)
    assert (checked["devices"], checked["protocols"]) == (2, ["mqtt"])


def test_faults_go_to_stderr_one_line_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text("gateway: gw 1\nschool: '1'\nuplink: {url: 'http://a', token: t}\n")
    assert main(["check", str(path)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(": ")[1] for line in err.splitlines()] == ["gateway", "school"]


@pytest.mark.parametrize("argv", [[], ["fly"], ["run"], ["run", "--log-level", "loud", "x"]])
def test_wrong_use_is_two(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("campus-edge ")


def test_status_before_the_first_run_says_what_to_do(
    configured: Configured, capsys: pytest.CaptureFixture[str]
) -> None:
    path = configured("http://127.0.0.1:1").path
    assert main(["status", str(path)]) == 1
    assert "has not run yet" in capsys.readouterr().err


def test_levels_shows_what_fits_and_what_to_agree_to(
    configured: Configured, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configured("http://127.0.0.1:1")
    assert main(["levels", str(config.path)]) == 1
    assert "has not run yet" in capsys.readouterr().err
    learner = LevelLearner(600)
    start = datetime(2026, 9, 1, tzinfo=UTC)
    for minute in range(1500):
        learner.observe(start + timedelta(minutes=minute), 40.0 if minute > 1000 else 0.5)
    usages = {
        "d1": DeviceFit("does_not_fit", learner.learned()).tree(),
        "d2": DeviceFit("learning").tree(),
        "d3": None,
    }
    status = {"devices": {id_: {"usage": usage} for id_, usage in usages.items()}}
    config.data_dir.mkdir()
    (config.data_dir / "status.json").write_text(json.dumps(status), encoding="utf-8")
    assert main(["levels", str(config.path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split(None, 1)[0] == "d1"
    assert "rule does not fit" in lines[1]
    assert "off 0.5-0.5 W, active 40.4-40.4 W" in lines[1]
    assert "usage: {active_above: " in lines[1]
    assert lines[2].split() == ["d2", "being", "learned"]
    assert str(config.path) in lines[-1]
    assert main(["levels", "--json", str(config.path)]) == 0
    assert json.loads(capsys.readouterr().out)["d1"] == usages["d1"]
    assert main(["levels", "--lang", "zh", str(config.path)]) == 0
    assert "规则不适合" in capsys.readouterr().out


@pytest.mark.real
def test_run_says_when_it_is_ready_and_ends_with_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with uplink_server() as end:
        path = tmp_path / "gateway.yaml"
        path.write_text(
            f"gateway: gw-1\nschool: '2133100001'\nuplink: {{url: '{end.url}', token: t}}\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "edge.cli", "run", str(path)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline().startswith("gateway gw-1 of school 2133100001: 0 devices")
        assert end.until(lambda: any("version=" in line for line in end.stored))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
        process.stdout.close()
    assert main(["status", str(path)]) == 0
    page = capsys.readouterr().out
    assert page.startswith("gateway gw-1 of school 2133100001")
    assert "uplink    up" in page
    assert "held" not in page
    status_file = tmp_path / "gateway-data" / "status.json"
    status = json.loads(status_file.read_text())
    status_file.write_text(json.dumps(status | {"held": 3}))
    assert main(["status", str(path)]) == 0
    assert "held      3 deliveries, until the server states" in capsys.readouterr().out
    assert main(["status", "--json", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)["gateway"] == "gw-1"
    assert main(["status", "--lang", "zh", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("学校 2133100001 的网关 gw-1，版本 ")
    assert "  上行      正常" in lines
    assert lines[-1].split() == ["设备", "协议", "读数", "最近上报", "错误数", "最近错误"]


def test_forget_leaves_a_request_for_the_gateway(
    configured: Configured, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configured("http://127.0.0.1:1")
    device = next(iter(config.devices))
    assert main(["forget", device, str(config.path)]) == 0
    assert capsys.readouterr().out == f"{device}: will be forgotten when the gateway runs\n"
    assert ForgetRequests(config.data_dir).pending() == [device]
    assert main(["forget", device, str(config.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"device": device, "forgotten": False}


def test_forget_names_a_device_that_is_not_there(
    configured: Configured, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configured("http://127.0.0.1:1")
    device = next(iter(config.devices))
    assert main(["forget", f"{device}x", str(config.path)]) == 1
    error = capsys.readouterr().err
    assert error == f"{config.path}: no device '{device}x'; did you mean {device}?\n"
    assert ForgetRequests(config.data_dir).pending() == ()
