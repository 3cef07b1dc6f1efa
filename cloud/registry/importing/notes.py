"""What a person should know of an import, and what stops nothing: skipped, hidden, assumed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cloud.messages import Message, message, render

SHOWN_ROWS = 20
SHOWN_NOTES = 200


@dataclass(slots=True)
class Note:
    """One thing to know, with the rows it is about."""

    sheet: str
    column: str | None
    text: Message
    rows: list[int] = field(default_factory=list)
    """The first of the rows; empty where it is about the sheet."""
    count: int = 0
    """How many rows it is about."""

    @property
    def note(self) -> str:
        """The note in English."""
        return render(self.text, "en")


class Notes:
    """The notes of an import; what is alike becomes one note with several rows."""

    def __init__(self) -> None:
        self._notes: dict[tuple[Any, ...], Note] = {}

    def add(
        self, key: str, sheet: str, row: int | None = None, column: str | None = None, **values: Any
    ) -> None:
        """Note something under `import.note.<key>`, of a row or of a sheet."""
        same = (key, sheet, column, *sorted((name, str(value)) for name, value in values.items()))
        note = self._notes.get(same)
        if note is None:
            note = self._notes[same] = Note(sheet, column, message(f"import.note.{key}", **values))
        if row is not None:
            note.count += 1
            if len(note.rows) < SHOWN_ROWS:
                note.rows.append(row)

    def add_rows(self, key: str, sheet: str, rows: Iterable[int], **values: Any) -> None:
        """Note the same of several rows."""
        for row in rows:
            self.add(key, sheet, row, **values)

    @property
    def all(self) -> list[Note]:
        """Return the notes, in the order in which they came up, the first of them."""
        return list(self._notes.values())[:SHOWN_NOTES]
