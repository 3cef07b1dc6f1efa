"""The schemas of code lists."""

from cloud.api.schemas.base import Shape
from cloud.api.schemas.text import LocalizedText


class CodeItem(Shape):
    """One entry of a code list."""

    code: str
    name: LocalizedText


class CodeList(Shape):
    """A code list with its source and how sure we are of it."""

    id: str
    title: LocalizedText
    source: str
    confidence: str
    is_complete: bool = True
    """False where only some codes of the list are known."""
    items: list[CodeItem]
