"""A code list: its codes and their meaning, its source, and how reliable the source is."""

from dataclasses import dataclass
from difflib import get_close_matches

PUBLIC_DUMP = "教育部教育管理信息化基础代码 (JY/T 1001), from a public dump of the standard"
OWN = "this project"


@dataclass(frozen=True, slots=True)
class CodeItem:
    """One code and what it means."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class CodeList:
    """A code list, with its source and the confidence in that source."""

    id: str
    title_zh: str
    title_en: str
    source: str
    confidence: str
    items: tuple[CodeItem, ...]
    is_complete: bool = True

    def find(self, text: str) -> CodeItem | None:
        """Return the item with this code, or with this name in either language."""
        wanted = text.strip().casefold()
        return next(
            (
                item
                for item in self.items
                if wanted in {item.code.casefold(), item.zh.casefold(), item.en.casefold()}
            ),
            None,
        )

    def nearest(self, text: str) -> CodeItem | None:
        """Return the item whose code or name looks most like the text."""
        names = {name: item for item in self.items for name in (item.code, item.zh, item.en)}
        close = get_close_matches(text, names, n=1, cutoff=0.5)
        return names[close[0]] if close else None


def items_of(text: str) -> tuple[CodeItem, ...]:
    """Read lines of `code | Chinese | English`."""
    items = []
    for line in text.strip().splitlines():
        code, zh, en = (part.strip() for part in line.split("|"))
        items.append(CodeItem(code, zh, en))
    return tuple(items)
