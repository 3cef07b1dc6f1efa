"""Every command line has help with examples, and refuses wrong use in the same way."""

import importlib
import json
import re
import shlex
import tomllib
from pathlib import Path
from string import Formatter

import pytest

from device_profiles.command_line.parser import SHELLS, Parser
from device_profiles.command_line.program import Program
from device_profiles.command_line.texts import catalogue, languages
from device_profiles.version import version
from tests._parts.extras_only import Environment
from tests._parts.tree import PACKAGES, ROOT, committed, text_of

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SCRIPTS: dict[str, str] = {
    name: entry.partition(":")[0] for name, entry in PROJECT["scripts"].items()
}

NO_JSON = {
    "campus-cloud openapi",  # prints JSON
    "campus-cloud serve",  # runs until it is stopped
    "campus-cloud standard schema",  # prints JSON
    "campus-edge run",  # runs until it is stopped
    "campus-profiles docs",  # writes pages
    "campus-profiles headers",  # prints C
    "campus-profiles schema",  # prints JSON
    "campus-sim audit",  # prints JSON
    "campus-sim broker",  # runs until it is stopped
    "campus-sim city-demo",  # runs until it is stopped; --report writes JSON
    "campus-sim demo",  # runs until it is stopped; --report writes JSON
    "campus-sim device",  # runs until it is stopped
    "campus-sim school",  # runs until it is stopped
}
"""Commands without `--json`, and why."""


def program(name: str) -> Program:
    made: Program = importlib.import_module(SCRIPTS[name]).PROGRAM
    return made


def parsers(name: str, language: str = "en") -> list[Parser]:
    command = program(name)
    return list(command.parser(command.texts(language)).walk())


def words_of(parser: Parser) -> list[str]:
    return parser.prog.split()[1:]


COMMANDS = [pytest.param(p, id=p.prog) for name in SCRIPTS for p in parsers(name)]
LEAVES = [
    pytest.param(p, id=p.prog) for name in SCRIPTS for p in parsers(name) if not p.subcommands
]


def exit_of(
    parser: Parser, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """Run the whole command line with the words of a parser and further arguments."""
    with pytest.raises(SystemExit) as ended:
        program(parser.prog.split()[0]).main([*words_of(parser), *arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.mark.parametrize("parser", COMMANDS)
def test_help_is_printed_in_every_language(
    parser: Parser, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = exit_of(parser, ["--help"], capsys)
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: {parser.prog} ")
    assert out.isascii()
    code, out, err = exit_of(parser, ["--help", "--lang", "zh"], capsys)
    assert (code, err) == (0, "")
    assert out.startswith(f"用法：{parser.prog} ")
    for heading in ("usage:", "options:", "positional arguments:", "examples:"):
        assert heading not in out


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_text_of_the_help_is_translated(name: str) -> None:
    for english, chinese in zip(parsers(name), parsers(name, "zh"), strict=True):
        assert english.description
        assert chinese.description
        assert not chinese.description.isascii(), chinese.prog
        for action in chinese._actions:
            if action.dest != "command" and not isinstance(action.choices, dict):
                assert action.help, f"{chinese.prog} {action.dest}"
                assert not action.help.isascii(), f"{chinese.prog} {action.dest}"


@pytest.mark.parametrize("parser", LEAVES)
def test_every_command_shows_examples_that_are_right(
    parser: Parser, capsys: pytest.CaptureFixture[str]
) -> None:
    assert parser.examples
    whole = parsers(parser.prog.split()[0])[0]
    for example in parser.examples:
        words = shlex.split(example.partition(" > ")[0])
        assert words[: len(words_of(parser))] == words_of(parser)
        assert whole.parse_args(words).run
    _, out, _ = exit_of(parser, ["--help"], capsys)
    for example in parser.examples:
        assert f"  {parser.prog.split()[0]} {example}\n" in out


@pytest.mark.parametrize("parser", LEAVES)
def test_what_is_listed_or_reported_is_there_as_json(parser: Parser) -> None:
    has_json = "--json" in parser._option_string_actions
    assert has_json is (parser.prog not in NO_JSON)


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_version_is_printed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = exit_of(parsers(name)[0], ["--version"], capsys)
    assert (code, out, err) == (0, f"{name} {PROJECT['version']}\n", "")
    assert version() == PROJECT["version"]


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_can_complete(name: str, shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = exit_of(parsers(name)[0], ["--print-completion", shell], capsys)
    assert (code, err) == (0, "")
    for parser in parsers(name)[1:]:
        assert words_of(parser)[-1] in out


@pytest.mark.parametrize("parser", COMMANDS)
@pytest.mark.parametrize("arguments", [["--nonsense"], ["--lang", "fr"]], ids=str)
def test_wrong_use_is_2_and_on_stderr(
    parser: Parser, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = exit_of(parser, arguments, capsys)
    assert (code, out) == (2, "")
    assert re.match(rf"{parser.prog.split()[0]}\b.*: error: ", err.splitlines()[-1])


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("arguments", [[], ["nonsense"]], ids=str)
def test_no_command_and_an_unknown_one_are_wrong_use(
    name: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    whole = parsers(name)[0]
    code, out, err = exit_of(whole, arguments, capsys)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith(f"{name}: error: ")
    code, out, err = exit_of(whole, [*arguments, "--lang", "zh"], capsys)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith(f"{name}: 错误: ")


# -- extras that are not installed ------------------------------------------------------------

WALK = """
import contextlib, importlib, io, json, sys
results = {}
for name, module in json.loads(sys.argv[1]).items():
    program = importlib.import_module(module).PROGRAM
    parser = program.parser(program.texts("en"))
    for words in [*(p.prog.split()[1:] + ["--help"] for p in parser.walk()), ["--version"],
                  ["--nonsense"], ["--print-completion", "bash"]]:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                code = program.main(words)
            except SystemExit as ended:
                code = ended.code
        results[" ".join([name, *words])] = code or 0
print(json.dumps(results))
"""

GATEWAY = "gateway: gw-1\nschool: '2133100001'\nuplink: {url: 'http://127.0.0.1:1', token: t}\n"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("bare"))


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("edge"), "edge")


@pytest.fixture(scope="module")
def simulators(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("simulators"), "simulators")


def test_without_any_extra_every_command_explains_itself(bare: Environment) -> None:
    done = bare.run("-c", WALK, json.dumps(SCRIPTS))
    assert done.returncode == 0, done.stderr
    codes = json.loads(done.stdout)
    assert len(codes) == sum(len(parsers(name)) + 3 for name in SCRIPTS)
    assert {words for words, code in codes.items() if code} == {
        f"{name} --nonsense" for name in SCRIPTS
    }


def needs(command: str, extra: str, err: str) -> bool:
    sentence = f"{command} needs the extra '{extra}': install smart-campus[{extra}] ("
    return (
        err.startswith(sentence) and err.endswith(" is not installed)\n") and err.count("\n") == 1
    )


def test_a_profile_needs_no_extra(bare: Environment) -> None:
    done = bare.command("device_profiles.cli", "check")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "extra", "arguments"),
    [
        ("campus-edge", "edge", ["run", "gateway.yaml"]),
        ("campus-cloud", "cloud", ["serve"]),
        ("campus-cloud", "cloud", ["standard", "list"]),
        ("campus-cloud", "cloud", ["load", "city"]),
        ("campus-sim", "simulators", ["plan", "school"]),
        ("campus-sim", "simulators", ["demo"]),
    ],
    ids=str,
)
def test_a_missing_extra_is_one_sentence(
    name: str, extra: str, arguments: list[str], bare: Environment, tmp_path: Path
) -> None:
    (tmp_path / "gateway.yaml").write_text(GATEWAY, encoding="utf-8")
    words = [str(tmp_path / word) if word == "gateway.yaml" else word for word in arguments]
    done = bare.command(SCRIPTS[name], *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert needs(name, extra, done.stderr), done.stderr
    done = bare.command(SCRIPTS[name], *words, "--lang", "zh")
    assert f"需要扩展 '{extra}'" in done.stderr


def test_a_gateway_s_installation_has_no_cloud_and_says_so(edge: Environment) -> None:
    done = edge.command("cloud.cli", "serve")
    assert done.returncode == 1
    assert needs("campus-cloud", "cloud", done.stderr), done.stderr
    done = edge.command("cloud.cli", "serve", "--help")
    assert done.returncode == 0
    assert "campus-cloud needs the extra 'cloud'" in done.stdout


def test_a_gateway_s_installation_loads_no_arrays(edge: Environment) -> None:
    """influxdb-client loads numpy where it is installed: a gateway's installation has none."""
    done = edge.run("-c", "import sys, edge.uplink.influx; print(*sys.modules)")
    assert done.returncode == 0, done.stderr
    assert "influxdb_client" in done.stdout.split()
    assert not {"numpy", "pandas"} & set(done.stdout.split())


def test_a_demo_names_the_first_extra_that_it_would_miss(simulators: Environment) -> None:
    done = simulators.command("simulators.cli", "demo")
    assert done.returncode == 1
    assert needs("campus-sim", "edge", done.stderr) or needs("campus-sim", "cloud", done.stderr)


# -- texts ------------------------------------------------------------------------------------

FOLDERS = {
    "campus-profiles": ("device_profiles/messages", "device_profiles"),
    "campus-edge": ("edge/messages", "edge"),
    "campus-cloud": ("cloud/commands/messages", "cloud"),
    "campus-sim": ("simulators/messages", "simulators"),
}


def test_every_command_has_its_texts_in_every_language() -> None:
    assert FOLDERS.keys() == SCRIPTS.keys()
    assert {package for _, package in FOLDERS.values()} == set(PACKAGES)
    for folder, _ in FOLDERS.values():
        assert {path.stem for path in (ROOT / folder).glob("*.yaml")} == set(languages())


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_text_is_without_a_use(name: str) -> None:
    """The key, or its last word where keys of a kind are put together, is in the code."""
    folder, package = FOLDERS[name]
    code = "\n".join(
        text_of(path) for path in committed() if path.suffix == ".py" and path.parts[0] == package
    )
    commands = {".".join(words_of(parser)) for parser in parsers(name)}
    idle = []
    for key in catalogue(ROOT / folder, "en"):
        stem = re.sub(r"\.(one|other)$", "", key)
        head, _, last = key.rpartition(".")
        is_of_command = last in {"help", "about"} and head in commands
        if is_of_command or head in {"setting", "step"} or key == "about":
            continue
        if not {f'"{stem}"', f'"{last}"'} & _quoted(code):
            idle.append(key)
    assert not idle


def _quoted(code: str) -> set[str]:
    return set(re.findall(r'"[\w.-]+"', code))


@pytest.mark.parametrize("language", languages())
def test_texts_are_templates_of_named_values(language: str) -> None:
    for folder, _ in FOLDERS.values():
        for key, template in catalogue(ROOT / folder, language).items():
            names = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
            assert all(names), f"{folder} {key}"


# -- make -------------------------------------------------------------------------------------


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of(Path("Makefile")), re.MULTILINE))
    assert {"demo", "test", "check"} <= targets
    named = [
        (path, target)
        for path in committed()
        if path.suffix == ".md" or path.parts[0] == ".ci"
        for target in re.findall(r"`make ([a-z-]+)", text_of(path))
        + re.findall(r"^\s*make (?:--\S+ )*([a-z-]+)", text_of(path), re.MULTILINE)
    ]
    assert named
    assert not [f"{path}: make {target}" for path, target in named if target not in targets]


def test_every_target_is_declared_phony_or_a_file() -> None:
    makefile = text_of(Path("Makefile"))
    phony = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())
    assert phony == set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
