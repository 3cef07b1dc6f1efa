import asyncio
import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulators.devices.mqtt_broker import Broker, find_mosquitto
from simulators.errors import SimulatorError
from simulators.school.run import main, run_school
from tests._parts.patience import PATIENCE_S
from tests.simulators.conftest import DISPLAY, EPAPER, LAB, METER, RunningSchool


async def test_a_school_of_every_protocol_starts_and_ends_by_signals(
    school: RunningSchool, tmp_path: Path
) -> None:
    if find_mosquitto() is None:
        pytest.skip("mosquitto is not installed")
    school.write(DISPLAY, METER, LAB, EPAPER)
    async with Broker(school.broker_port, kind="mosquitto", folder=tmp_path / "broker"):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "simulators.school.run",
            str(school.folder),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            assert (await process.stdout.readline()).startswith(b"listening")
            assert (await process.stdout.readline()).startswith(b"ready")
            await school.until(lambda: bool(school.truth("reported", "display-101")))
            process.send_signal(signal.SIGUSR1)
            reader, writer = await asyncio.open_connection("127.0.0.1", school.modbus_port)
            writer.write(bytes.fromhex("0001 0000 0006 04 04 0000 0001"))
            assert len(await reader.readexactly(11)) == 11  # servers go on answering
            writer.close()
            process.send_signal(signal.SIGTERM)
            _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    states = school.truth("state")
    assert {line["asset"] for line in states} >= {"A-0001", "A-0002", "A-0003", "A-0004"}
    assert school.truth("reported", "lab-1")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_held_mqtt_devices_report_nothing_before_they_are_switched_on(
    school: RunningSchool,
) -> None:
    school.write(DISPLAY, METER)
    stop, release, listening = asyncio.Event(), asyncio.Event(), asyncio.Event()
    async with Broker(school.broker_port), asyncio.timeout(PATIENCE_S):
        task = asyncio.create_task(
            run_school(
                school.folder,
                stop,
                school.ready.set,
                release=release,
                listening=listening.set,
            )
        )
        await listening.wait()
        await school.until(lambda: bool(school.truth("state")))  # of the meter
        assert {line["device"] for line in school.truth()} == {"meter-1"}
        assert not school.ready.is_set()
        switched_on = datetime.now(UTC)
        release.set()
        await school.until(lambda: bool(school.truth("reported", "display-101")))
        assert school.ready.is_set()
        stop.set()
        await task
    first = min(datetime.fromisoformat(line["at"]) for line in school.truth(device="display-101"))
    assert first >= switched_on


async def test_the_first_line_of_a_device_is_its_state(school: RunningSchool) -> None:
    school.write(METER, LAB)
    async with school.running():
        pass
    assert [(line["kind"], line["asset"]) for line in school.truth()] == [
        ("state", "A-0002"),
        ("state", "A-0003"),
    ]


async def test_a_school_without_devices_is_ready_too(school: RunningSchool) -> None:
    (school.folder / "school.yaml").write_text('school: "2133100001"\n')
    async with school.running():
        assert school.ready.is_set()


async def test_a_port_that_is_taken_is_one_sentence(school: RunningSchool) -> None:
    school.write(LAB)
    with (
        socket.create_server(("127.0.0.1", school.modbus_port)),
        pytest.raises(SimulatorError, match=r"^bus tcp-1 cannot be opened: "),
    ):
        await run_school(school.folder, asyncio.Event(), lambda: None)


async def test_a_school_whose_broker_never_comes_can_be_ended(school: RunningSchool) -> None:
    school.write(DISPLAY)
    stop = asyncio.Event()
    async with asyncio.timeout(PATIENCE_S):
        task = asyncio.create_task(run_school(school.folder, stop, school.ready.set))
        await school.until((school.folder / "truth.jsonl").exists)
        stop.set()
        await task
    assert not school.ready.is_set()


def test_a_wrong_plan_is_named_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 1
    problem = "cannot be read: No such file or directory"
    assert capsys.readouterr().err == f"{tmp_path / 'school.yaml'}: {problem}\n"
    assert not list(tmp_path.iterdir())
