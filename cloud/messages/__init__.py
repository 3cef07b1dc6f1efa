"""Message catalogues: every sentence of the cloud that a person reads, one file per language.

A record or a finding holds a `Message`: a key and its values. A sentence is made of it when it is
read. So a correction of the wording changes no record, and a further language is one more file.

Templates are `str.format` templates. Beyond the standard format specifications:

- a value of None is shown as "—"; a number with decimals is cut to them, as on every page;
- a value that is itself a message or a localized text is rendered in the same language;
- a list of values is joined by the catalogue's `list_separator`; with the format `phrases`, `parts`
  or `sentences` by its `phrase_separator`, `part_separator` or `sentence_separator`.

In a record a number has at most six decimals: the last bits of a sum, which depend on the order of
its parts, change no digest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from string import Formatter
from types import MappingProxyType
from typing import Any

from cloud.localized_text import LocalizedText
from cloud.shown import cut, percent
from device_profiles.yaml_tree import parse

FOLDER = Path(__file__).parent
NO_VALUE = "—"
_NO_VALUES: Mapping[str, Any] = MappingProxyType({})

_DECIMALS = 6
_SEPARATORS = {
    "phrases": "phrase_separator",
    "parts": "part_separator",
    "sentences": "sentence_separator",
}


@dataclass(frozen=True, slots=True)
class Message:
    """A key of the catalogues and the values of its template."""

    key: str
    values: Mapping[str, Any] = field(default_factory=lambda: _NO_VALUES, hash=False)

    def as_json(self) -> dict[str, Any]:
        """Return the message as JSON values, as records hold it."""
        return {
            "key": self.key,
            "values": {name: _as_json(value) for name, value in self.values.items()},
        }


Text = Message | LocalizedText
"""What a person reads: a sentence by its key, or a name as data."""


def message(key: str, **values: Any) -> Message:
    """Return a message with the values of its template."""
    return Message(key, values)


def message_of(filed: Mapping[str, Any]) -> Message:
    """Return the message that `Message.as_json` wrote; days come back as text."""
    return Message(filed["key"], {name: _of_json(value) for name, value in filed["values"].items()})


def _as_json(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DECIMALS)
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Message):
        return value.as_json()
    if isinstance(value, LocalizedText):
        return {"zh": value.zh, "en": value.en, **value.others}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Sequence):
        return [_as_json(item) for item in value]
    raise TypeError(f"a message cannot hold {value!r}; use text, a number, a day or a message")


def _of_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        if "key" in value:
            return message_of(value)
        others = {name: text for name, text in value.items() if name not in {"zh", "en"}}
        return LocalizedText(value["zh"], value["en"], others)
    if isinstance(value, list):
        return [_of_json(item) for item in value]
    return value


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return the templates of a language by key ("finding.no_data"); raises ValueError."""
    path = FOLDER / f"{language}.yaml"
    return templates_of(path.read_text(encoding="utf-8"), path.name)


def templates_of(text: str, name: str) -> dict[str, str]:
    """Return the templates of a catalogue's text by key; raises ValueError with file and line."""
    tree = parse(text)
    for fault in tree.faults:
        raise ValueError(f"{name}:{fault.line}: {fault.problem}")
    return dict(_flat(tree.value, ""))


def _flat(tree: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
    flat: list[tuple[str, str]] = []
    for name, value in tree.items():
        if isinstance(value, Mapping):
            flat += _flat(value, f"{prefix}{name}.")
        else:
            flat.append((f"{prefix}{name}", str(value)))
    return flat


@cache
def languages() -> tuple[str, ...]:
    """Return the languages that have a catalogue, by their file names."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


class _Template(Formatter):
    """`str.format` that knows None, messages, localized texts and lists."""

    def __init__(self, language: str) -> None:
        self.language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        if value is None:
            return NO_VALUE
        if isinstance(value, Message | LocalizedText):
            return render(value, self.language)
        if isinstance(value, Sequence) and not isinstance(value, str):
            separator = _SEPARATORS.get(format_spec, "list_separator")
            spec = "" if format_spec in _SEPARATORS else format_spec
            parts = [self.format_field(item, spec) for item in value]
            return catalogue(self.language)[separator].join(parts)
        if format_spec.endswith("%"):
            return percent(float(value), int(format_spec.strip(".%") or 0))
        if format_spec.endswith("f"):
            value = cut(float(value), int(format_spec.partition(".")[2].strip("f") or 6))
        text: str = super().format_field(value, format_spec)
        return text


def render(text: Text, language: str) -> str:
    """Return a text in a language; raises KeyError for a message that no catalogue has."""
    if isinstance(text, LocalizedText):
        return text.text(language)
    return _Template(language).vformat(catalogue(language)[text.key], (), text.values)


def localized(text: Text) -> dict[str, str]:
    """Return a text in every language, as the API gives it."""
    return {language: render(text, language) for language in languages()}


def placeholders(template: str) -> set[str]:
    """Return the names of the values that a template shows."""
    return {name for _, name, _, _ in Formatter().parse(template) if name}
