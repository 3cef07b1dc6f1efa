import io
from pathlib import Path

import pytest

from device_profiles.command_line.progress import Progress, span
from device_profiles.command_line.texts import Texts


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that moves when it is read."""

    def __init__(self, step_s: float) -> None:
        self._now = 100.0
        self._step_s = step_s

    def __call__(self) -> float:
        self._now += self._step_s
        return self._now


def test_without_a_terminal_a_quarter_is_a_line_with_rate_and_time_left() -> None:
    stream = io.StringIO()
    with Progress(Texts("en"), stream, Clock(0.5)) as progress:
        for done in range(9):
            progress("slots", done, 8)
        progress("books", 0, 0)
    assert stream.getvalue().splitlines() == [
        "slots: 25 % (2 of 8, 2.0/s, 3 s left)",
        "slots: 50 % (4 of 8, 2.0/s, 2 s left)",
        "slots: 75 % (6 of 8, 2.0/s, 1 s left)",
        "slots: 100 % (8 of 8, 2.0/s)",
    ]


def test_without_a_terminal_long_work_leaves_a_line_every_few_seconds() -> None:
    stream = io.StringIO()
    with Progress(Texts("en"), stream, Clock(3.0)) as progress:
        for done in range(8):
            progress("slots", done, 100)
    assert stream.getvalue().splitlines() == [
        "slots: 2 % (2 of 100, 0.3/s, 5 min left)",
        "slots: 4 % (4 of 100, 0.3/s, 5 min left)",
        "slots: 6 % (6 of 100, 0.3/s, 5 min left)",
    ]


def test_work_of_unknown_length_leaves_a_line_now_and_then() -> None:
    stream = io.StringIO()
    with Progress(Texts("en"), stream, Clock(2.0)) as progress:
        for done in range(1000, 8000, 1000):
            progress("lines", done, None)
    assert stream.getvalue().splitlines() == [
        "lines: 1,000",
        "lines: 4,000, 666.7/s",
        "lines: 7,000, 583.3/s",
    ]


def test_a_step_has_its_name_in_the_language(tmp_path: Path) -> None:
    (tmp_path / "zh.yaml").write_text("step: {slots: 时段}\n", encoding="utf-8")
    stream = io.StringIO()
    with Progress(Texts("zh", tmp_path), stream, Clock(0)) as progress:
        progress("slots", 1, 1)
        progress("other", 1, 1)
    assert stream.getvalue() == "时段：100 %（1 / 1）\nother：100 %（1 / 1）\n"


def test_a_terminal_sees_a_bar_with_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with Progress(Texts("en"), stream) as progress:
        for done in range(1, 5):
            progress("slots", done, 4)
        progress("books", 1, 2)
    last = stream.getvalue()
    assert "slots" in last
    assert "4/4" in last
    assert "100%" in last
    assert "/s" in last
    assert "1/2" in last
    assert last.count("\x1b[?25l") == last.count("\x1b[?25h") == 1, "the cursor is shown again"


def test_an_error_leaves_the_terminal_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    progress = Progress(Texts("en"), stream)

    def work() -> None:
        with progress:
            progress("slots", 1, 4)
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        work()
    assert stream.getvalue().count("\x1b[?25h") == 1


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0, "0 s", "0 秒"),
        (119, "119 s", "119 秒"),
        (120, "2 min", "2 分钟"),
        (7200, "2 h", "2 小时"),
        (200_000, "2 d", "2 天"),
    ],
)
def test_a_span_is_in_its_largest_fitting_unit(seconds: int, english: str, chinese: str) -> None:
    assert (span(seconds, Texts("en")), span(seconds, Texts("zh"))) == (english, chinese)
