import argparse
import shlex
from pathlib import Path

import pytest

from device_profiles.command_line.parser import Commands, Parser, add_version, translated, wrapped
from device_profiles.command_line.table import columns, table
from device_profiles.command_line.texts import Texts

MESSAGES = """
about: A tool.
make:
  help: make it
  about: Make it, whatever it is.
  file: a file
list: {help: list things}
"list.all": {help: list all of them}
"""


def text_of(tmp_path: Path, language: str = "en") -> Texts:
    (tmp_path / f"{language}.yaml").write_text(MESSAGES, encoding="utf-8")
    return Texts(language, tmp_path)


def parser_of(text: Texts) -> Parser:
    parser = Parser(prog="tool", description=text("about"), text=text)
    add_version(parser)
    commands = Commands(parser)
    make = commands.add(
        "make",
        lambda _: 0,
        examples=("make a.txt", "make a.txt --into b"),
        notes=lambda: "Notes, made when they are read.",
    )
    make.add_argument("file", type=Path, help=text("make.file"))
    make.add_argument("--into", type=Path, metavar="DIR")
    listing = commands.group("list")
    listing.add("all", lambda _: 0)
    return parser


def exit_of(
    parser: Parser, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(arguments)
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_help_ends_with_examples_and_notes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = parser_of(text_of(tmp_path))
    code, out, _ = exit_of(parser, ["make", "--help"], capsys)
    assert code == 0
    assert "\nMake it, whatever it is.\n" in out
    assert out.endswith(
        "examples:\n  tool make a.txt\n  tool make a.txt --into b\n\n"
        "Notes, made when they are read.\n"
    )
    assert [p.prog for p in parser.walk()] == ["tool", "tool make", "tool list", "tool list all"]


def test_headings_and_errors_are_of_the_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = parser_of(text_of(tmp_path, "zh"))
    _, out, _ = exit_of(parser, ["make", "--help"], capsys)
    assert out.startswith("用法：tool make ")
    assert "\n选项:\n" in out
    code, out, err = exit_of(parser, ["make"], capsys)
    assert (code, out) == (2, "")
    assert err.endswith("tool make: 错误: 缺少必需的参数：file\n")


WRONG = [
    "",
    "fly",
    "make",
    "make a b",
    "make a --into",
    "make a --nonsense 3",
    "make a --lang fr",
    "list",
    "list all --json",
    "--print-completion fish",
]


@pytest.mark.parametrize("words", WRONG)
def test_every_sentence_of_argparse_is_translated(
    words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    english = exit_of(parser_of(text_of(tmp_path)), shlex.split(words), capsys)
    chinese = exit_of(parser_of(text_of(tmp_path, "zh")), shlex.split(words), capsys)
    assert english[0] == chinese[0] == 2
    problem = chinese[2].splitlines()[-1].partition(": 错误: ")[2]
    assert not problem.isascii()
    for word in ("argument", "required", "invalid", "choose", "expected", "unrecognized"):
        assert word not in problem


def test_one_sentence_within_another_is_translated(tmp_path: Path) -> None:
    text = text_of(tmp_path, "zh")
    outer = translated("argument --port: invalid int value: 'x'", text)
    assert outer == "参数 --port：无效的 int 值：'x'"
    assert translated("something new", text) == "something new"


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_a_completion_script_names_commands_and_options(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = parser_of(text_of(tmp_path))
    code, out, err = exit_of(parser, ["--print-completion", shell], capsys)
    assert (code, err) == (0, "")
    assert "make" in out
    assert "--into" in out or "-into" in out


def test_files_and_folders_are_completed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = exit_of(parser_of(text_of(tmp_path)), ["--print-completion", "bash"], capsys)
    assert "_shtab_tool_make_pos_0_COMPGEN=_shtab_compgen_files" in out
    assert "_shtab_tool_make___into_COMPGEN=_shtab_compgen_dirs" in out


def test_the_version_is_that_of_the_distribution(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_of(parser_of(text_of(tmp_path)), ["--version"], capsys)[:2] == (0, "tool 0.1.0\n")


def test_chinese_lines_are_as_wide_as_they_look() -> None:
    lines = wrapped("检查设备配置文件；不指定时检查整个目录（含 gateway.yaml）。" * 3, 40)
    assert all(columns(line) <= 42 for line in lines)
    assert all(line[0] not in "，。、；：）" for line in lines)
    assert "gateway.yaml" in "".join(lines)
    assert wrapped("one two three", 7) == ["one two", "three"]


def test_columns_of_a_table_are_aligned_by_width() -> None:
    assert table([("型号", "B"), ("x", "y")]) == ["型号  B", "x     y"]


def test_what_runs_is_given_with_its_texts(tmp_path: Path) -> None:
    text = text_of(tmp_path)
    arguments: argparse.Namespace = parser_of(text).parse_args(["list", "all"])
    assert arguments.run(arguments) == 0
    assert arguments.text is text
