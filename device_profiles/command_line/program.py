"""A command from its arguments to its exit code."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from device_profiles.command_line.extras import MissingExtra, missing_extra
from device_profiles.command_line.parser import Commands, Parser, add_version
from device_profiles.command_line.texts import Texts, language_of

DONE, FAILED, WRONG_USE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Program:
    """One of the four commands.

    - `messages`: the folder of its texts; `add` adds its subcommands;
    - `errors`: exceptions that are a sentence for people, which `sentence` gives in a language and
      which follows `prefix`;
    - `extra`: the extra with the libraries of the command; `extras`: that of single modules.
    """

    name: str
    messages: Path
    add: Callable[[Commands], None]
    errors: tuple[type[Exception], ...]
    prefix: str = ""
    extra: str | None = None
    extras: Mapping[str, str] = field(default_factory=dict)
    sentence: Callable[[Exception, str], str] = lambda error, _language: str(error)

    def parser(self, text: Texts) -> Parser:
        """Return the parser of the command line, in a language."""
        parser = Parser(prog=self.name, description=text("about"), text=text)
        add_version(parser)
        self.add(Commands(parser))
        return parser

    def texts(self, language: str) -> Texts:
        """Return the texts of the command in a language."""
        return Texts(language, self.messages)

    def main(self, arguments: Sequence[str] | None = None) -> int:
        """Run a command line; return 0 done, 1 failed. Wrong use exits with 2."""
        words = sys.argv[1:] if arguments is None else list(arguments)
        text = self.texts(language_of(words, os.environ))
        try:
            return self._run(self.parser(text).parse_args(words))
        except BrokenPipeError:  # `| head` has read enough
            _silence_stdout()
            return DONE
        except self._expected() as error:
            problem = self._problem(error, text)
            if problem is None:
                raise
            print(problem, file=sys.stderr)
            return FAILED

    def _expected(self) -> tuple[type[BaseException], ...]:
        ours = (MissingExtra, ModuleNotFoundError, OSError, KeyboardInterrupt)
        return (*ours, *self.errors)

    @staticmethod
    def _run(arguments: argparse.Namespace) -> int:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code

    def _problem(self, error: BaseException, text: Texts) -> str | None:
        """Return the sentence for an error; None where it is a fault of the program."""
        if isinstance(error, ModuleNotFoundError):
            return self._problem_of(missing_extra(error, self.extra, self.extras), text)
        if isinstance(error, MissingExtra):
            return self._problem_of(error, text)
        if isinstance(error, KeyboardInterrupt):
            return text("stopped")
        if isinstance(error, self.errors):
            return f"{self.prefix}{self.sentence(error, text.language)}"
        if isinstance(error, OSError) and error.filename is not None:
            reason = error.strerror
            return f"{self.prefix}{text('file_error', path=error.filename, reason=reason)}"
        return None

    def _problem_of(self, missing: MissingExtra | None, text: Texts) -> str | None:
        if missing is None:
            return None
        return text("missing_extra", command=self.name, extra=missing.extra, module=missing.module)


def _silence_stdout() -> None:
    """Let the interpreter's last flush meet no closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
