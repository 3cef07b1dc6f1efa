import pytest

from device_profiles.command_line.texts import Texts
from simulators.demo.steps import Step, Steps


def test_a_step_is_a_line_with_its_seconds_and_its_result(
    capsys: pytest.CaptureFixture[str],
) -> None:
    steps = Steps()
    with steps.step("cloud") as step:
        step.result = "http://127.0.0.1:8090"
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith(" s  cloud: http://127.0.0.1:8090")
    assert set(steps.seconds) == {"cloud"}


def test_a_step_that_fails_has_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    steps = Steps()
    with pytest.raises(ValueError, match="no disk"), steps.step("cloud"):
        raise ValueError("no disk")
    assert capsys.readouterr().out == ""
    assert not steps.seconds


def test_progress_goes_through_the_reporter_of_all_commands(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Steps(Texts("en")).step("both clouds compared") as step:
        for number in range(1, 5):
            step.progress("schools", number, 4)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" (")[0] for line in lines] == [
        "schools: 25 %",
        "schools: 50 %",
        "schools: 75 %",
        "schools: 100 %",
    ]


def test_news_of_a_command_are_a_line_every_few_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = 100.0
    step = Step(clock=lambda: now)
    for now, news in (  # noqa: B007  read by the clock
        (101.0, "too soon"),
        (106.0, "records: 25 %"),
        (107.0, "too soon again"),
        (112.0, ""),
    ):
        step.note(news)
    assert capsys.readouterr().out.splitlines() == [
        "      6 s  ... records: 25 %",
        "     12 s  ... at work",
    ]
