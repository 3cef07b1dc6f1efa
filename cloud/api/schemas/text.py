"""The schema of a text that a person reads."""

from pydantic import ConfigDict, RootModel


class LocalizedText(RootModel[dict[str, str]]):
    """The same text by language: "zh", "en", and every other language with a catalogue."""

    model_config = ConfigDict(frozen=True)
