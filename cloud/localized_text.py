"""Text in several languages.

Names and titles (of a clause, a dimension, a code) are localized texts: they are data of a standard
or of a code list. Sentences are not: they are messages, rendered when they are read (see
`cloud.messages`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_NO_OTHERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class LocalizedText:
    """The same text in Chinese and English, and in `others` where a translation exists."""

    zh: str
    en: str
    others: Mapping[str, str] = field(default_factory=lambda: _NO_OTHERS, hash=False)

    def text(self, language: str) -> str:
        """Return the text in a language; English where there is no translation."""
        if language == "zh":
            return self.zh
        return self.others.get(language, self.en)
