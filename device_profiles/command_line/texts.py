"""The texts of a command in one language, from a file per language: `key: template`."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from device_profiles.yaml_tree import parse

SHARED = Path(__file__).parent / "messages"
FALLBACK = "en"
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


class Texts:
    """Templates by key ("serve.help"), filled in with `str.format`."""

    def __init__(self, language: str, *folders: Path) -> None:
        self.language = language
        self._templates: dict[str, str] = {}
        for folder in (SHARED, *folders):
            self._templates |= catalogue(folder, language)

    def __call__(self, key: str, /, **values: Any) -> str:
        """Return a text with its values; raises KeyError where no catalogue has the key."""
        return self._templates[key].format(**values)

    def __contains__(self, key: str) -> bool:
        """Whether there is a text of this key."""
        return key in self._templates

    def count(self, key: str, number: int) -> str:
        """Return a number with its noun: `<key>.one` for 1, else `<key>.other`."""
        return self(f"{key}.one" if number == 1 else f"{key}.other", number=number)

    def under(self, prefix: str) -> dict[str, str]:
        """Return the templates whose keys begin with a prefix, by the rest of the key."""
        return {
            key.removeprefix(prefix): template
            for key, template in self._templates.items()
            if key.startswith(prefix)
        }


@cache
def catalogue(folder: Path, language: str) -> Mapping[str, str]:
    """Return the templates of a folder's file for a language; raises ValueError."""
    path = folder / f"{language}.yaml"
    tree = parse(path.read_text(encoding="utf-8"))
    for fault in tree.faults:
        raise ValueError(f"{path}:{fault.line}: {fault.problem}")
    return dict(_flat(tree.value, ""))


def _flat(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value)


@cache
def languages() -> tuple[str, ...]:
    """Return the languages that the commands know, by the names of the shared files."""
    return tuple(sorted(path.stem for path in SHARED.glob("*.yaml")))


def language_of(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return the language of a run: `--lang`, else LC_ALL, LC_MESSAGES or LANG, else English."""
    wanted = _option(arguments)
    if wanted is None:
        locale = next((environ[name] for name in _VARIABLES if environ.get(name)), "")
        wanted = locale.split(".")[0].split("_")[0].lower()
    return wanted if wanted in languages() else FALLBACK


def _option(arguments: Sequence[str]) -> str | None:
    """Return the last value of `--lang`: the texts are needed before arguments can be parsed."""
    value = None
    for number, argument in enumerate(arguments, 1):
        if argument == "--":
            break
        if argument == "--lang":
            value = next(iter(arguments[number:]), None)
        elif argument.startswith("--lang="):
            value = argument.removeprefix("--lang=")
    return value
