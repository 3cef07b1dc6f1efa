"""Texts as `/api/v1` gives them: in every language that has a catalogue."""

from collections.abc import Mapping
from typing import Any, Protocol

from cloud import localized_text as domain
from cloud.api.schemas.text import LocalizedText
from cloud.messages import Message, localized


class Bilingual(Protocol):
    """What has a Chinese and an English text: a code, the title of a clause."""

    @property
    def zh(self) -> str:
        """Return the Chinese text."""

    @property
    def en(self) -> str:
        """Return the English text."""


def localized_text(text: Message | Bilingual) -> LocalizedText:
    """Return a text or a message in every language; English where there is no translation."""
    if not isinstance(text, Message | domain.LocalizedText):
        text = domain.LocalizedText(text.zh, text.en)
    return LocalizedText(localized(text))


def with_localized_texts(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tree in which messages and localized texts are rendered, at any depth."""
    return {key: _localized(value) for key, value in tree.items()}


def _localized(value: Any) -> Any:
    if isinstance(value, Message | domain.LocalizedText):
        return localized_text(value)
    if isinstance(value, Mapping):
        return with_localized_texts(value)
    if isinstance(value, list | tuple):
        return [_localized(item) for item in value]
    return value
