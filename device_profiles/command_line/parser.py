"""An argparse parser in a chosen language, with examples in its help and shell completion."""

import argparse
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from device_profiles.command_line.table import columns
from device_profiles.command_line.texts import FALLBACK, Texts, languages
from device_profiles.version import version

SHELLS = ("bash", "zsh", "tcsh")
_FOLDER_METAVARS = {"DIR", "FOLDER"}
_NOT_FIRST = "，。、；：）"
"""Marks that do not begin a line."""


class Parser(argparse.ArgumentParser):
    """The parser of a command or of one of its subcommands.

    `examples` are argument lists as a person types them after the name of the command. `notes`
    returns a further part of the help; it is called only when help is shown.
    """

    def __init__(
        self,
        *,
        text: Texts,
        examples: Sequence[str] = (),
        notes: Callable[[], str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            add_help=False,
            formatter_class=partial(_Formatter, text=text),
            **options,
        )
        self.text = text
        self.examples = tuple(examples)
        self.subcommands: dict[str, Parser] = {}
        self._notes = notes
        self._positionals.title = text("positional")
        self._optionals.title = text("options")
        self.add_argument("-h", "--help", action="help", help=text("option.help"))
        self.add_argument(
            "--lang",
            choices=languages(),
            default=argparse.SUPPRESS,
            help=text("option.lang"),
        )

    def format_help(self) -> str:
        """Return the help with its examples and notes."""
        parts = []
        if self.examples:
            program = self.prog.split()[0]
            lines = [f"  {program} {example}" for example in self.examples]
            parts.append("\n".join([self.text("examples"), *lines]))
        if self._notes is not None:
            parts.append(self._notes())
        self.epilog = "\n\n".join(parts) or None
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        """Print the usage and what is wrong, and exit with 2."""
        self.print_usage(sys.stderr)
        problem = translated(message, self.text)
        self.exit(2, f"{self.prog}: {self.text('error')}: {problem}\n")

    def walk(self) -> Iterator["Parser"]:
        """Yield this parser and all below it."""
        yield self
        for parser in self.subcommands.values():
            yield from parser.walk()

    def mark_files(self, file: Any, folder: Any) -> None:
        """Give every argument that names a file or a folder its completion."""
        for action in self._actions:
            if action.type is Path:
                is_folder = action.metavar in _FOLDER_METAVARS
                action.complete = folder if is_folder else file  # type: ignore[attr-defined]  # shtab's own


class Commands:
    """The subcommands of a parser; what they are called in a language comes from the catalogue.

    Of a subcommand `load` these texts are used: `load.help`, one line in the list of commands, and
    `load.about`, the description in its own help (where absent, the same line).
    """

    def __init__(self, parser: Parser, scope: str = "") -> None:
        self.text = parser.text
        self._parser = parser
        self._scope = scope
        self._commands: argparse._SubParsersAction[Parser] = parser.add_subparsers(
            required=True, metavar=parser.text("command"), parser_class=Parser
        )

    def add(
        self,
        name: str,
        run: Callable[[argparse.Namespace], int] | None = None,
        *,
        examples: Sequence[str] = (),
        notes: Callable[[], str] | None = None,
    ) -> Parser:
        """Add a subcommand and return its parser; `run` returns the exit code."""
        key = f"{self._scope}{name}"
        summary = self.text(f"{key}.help")
        about = f"{key}.about"
        parser = self._commands.add_parser(
            name,
            help=summary,
            description=self.text(about) if about in self.text else summary,
            text=self.text,
            examples=examples,
            notes=notes,
        )
        if run is not None:
            parser.set_defaults(run=run, text=self.text, refuse=parser.error)
        self._parser.subcommands[name] = parser
        return parser

    def group(self, name: str) -> "Commands":
        """Add a subcommand that has subcommands of its own, and return these."""
        return Commands(self.add(name), f"{self._scope}{name}.")


def add_json(parser: Parser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help=parser.text("option.json"))


def add_version(parser: Parser) -> None:
    """Add `--version` and `--print-completion`."""
    text = parser.text
    parser.add_argument("--version", action=_Version, nargs=0, help=text("option.version"))
    parser.add_argument(
        "--print-completion", action=_Completion, choices=SHELLS, help=text("option.completion")
    )


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any, **__: Any) -> NoReturn:
        print(parser.prog, version())
        parser.exit()


class _Completion(argparse.Action):
    def __call__(
        self, parser: argparse.ArgumentParser, _: Any, values: Any, __: Any = None
    ) -> NoReturn:
        import shtab  # noqa: PLC0415  only completion needs it

        assert isinstance(parser, Parser)  # noqa: S101  the parsers of this module alone have it
        for command in parser.walk():
            command.mark_files(shtab.FILE, shtab.DIRECTORY)
        print(shtab.complete(parser, shell=values))
        parser.exit()


class _Formatter(argparse.HelpFormatter):
    """Help whose headings are of a language and whose lines fit, wide characters counted twice."""

    def __init__(self, *arguments: Any, text: Texts, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._text = text

    def add_usage(
        self, usage: str | None, actions: Any, groups: Any, prefix: str | None = None
    ) -> None:
        super().add_usage(usage, actions, groups, self._text("usage") if prefix is None else prefix)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrapped(" ".join(text.split()), width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines: list[str] = []
        for line in text.splitlines():
            # What is indented (an example, a table) keeps its form.
            lines += [line] if line.startswith(" ") else wrapped(line, width) or [""]
        return "\n".join(f"{indent}{line}" for line in lines)


def wrapped(text: str, width: int) -> list[str]:
    """Return a text as lines of at most `width` columns; a Chinese character takes two."""
    if text.isascii():
        return textwrap.wrap(text, width)
    lines = [""]
    for part in re.findall(r"[!-~]+|.", text):
        if columns(lines[-1] + part) <= width or part in _NOT_FIRST:
            lines[-1] += part
        else:
            lines.append(part.lstrip())
    return [line.rstrip() for line in lines if line.strip()]


def translated(message: str, text: Texts) -> str:
    """Return one of argparse's own sentences in another language.

    argparse has no catalogue of its own; its sentences are recognized by their English form. One
    that is not recognized stays as it is.
    """
    if text.language == FALLBACK:
        return message
    for key, template in Texts(FALLBACK).under("wrong.").items():
        match = re.fullmatch(_pattern(template), message, re.DOTALL)
        if match:
            values = match.groupdict()
            if "problem" in values:
                values["problem"] = translated(values["problem"], text)
            return text(f"wrong.{key}", **values)
    return message


def _pattern(template: str) -> str:
    return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.*?)", re.escape(template))
