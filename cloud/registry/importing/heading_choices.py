"""The columns that a person chose for headings, and what is remembered of them for the next file.

A choice belongs to a kind of import and to a scope: the school that the file was imported for, or
every school where the file named its schools itself. A heading may be chosen to mean nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from cloud.registry.importing.columns import Column, Layout, heading
from cloud.registry.tables import HeadingChoice

NOTHING = ""
"""In place of a column: the heading means nothing."""
CHOSEN_RANK = -1
"""Before every heading that is known: a person chose it."""
Requested = Mapping[str, Mapping[str, str | None]]
"""Kind of import -> heading -> the column's key, `NOTHING`, or None to forget what was chosen."""


@dataclass(frozen=True, slots=True)
class HeadingUse:
    """A heading of a file that is unknown, or whose column a person chose."""

    kind: str
    sheet: str
    heading: str
    column: str | None
    """The key of the column; `NOTHING`; None where it is not chosen yet."""
    is_remembered: bool
    """Whether it was chosen with an earlier file."""
    free: tuple[Column, ...]
    """Columns that the sheet has no heading for: what can be chosen."""


class HeadingChoices:
    """What is chosen for the headings of one file."""

    def __init__(self, remembered: Mapping[tuple[str, str], str], requested: Requested) -> None:
        self._remembered = dict(remembered)
        self._requested = {
            (kind, heading(title)[0]): column
            for kind, titles in requested.items()
            for title, column in titles.items()
        }
        self.uses: list[HeadingUse] = []
        """What the file has of unknown and chosen headings, in its order."""

    def column(self, kind: str, title: str) -> str | None:
        """Return the key of the column chosen for a heading, `NOTHING`, or None."""
        key = (kind, heading(title)[0])
        return self._requested[key] if key in self._requested else self._remembered.get(key)

    def is_remembered(self, kind: str, title: str) -> bool:
        """Whether a choice is that of an earlier file."""
        key = (kind, heading(title)[0])
        return key in self._remembered and key not in self._requested

    def headings(self, layout: Layout) -> dict[str, tuple[Column, int]]:
        """Return the known headings of a layout with those chosen."""
        known = layout.headings
        for kind, title in {**self._remembered, **self._requested}:
            key = self.column(kind, title)
            if kind != layout.kind or key is None:
                continue
            if key == NOTHING:
                known.pop(title, None)
            else:
                known[title] = (layout.column(key), CHOSEN_RANK)
        return known

    def remember(self, session: Session, scope: str) -> None:
        """Keep what was chosen with this file, in the session; forget what was taken back."""
        for (kind, title), column in self._requested.items():
            session.execute(
                delete(HeadingChoice).where(
                    HeadingChoice.scope == scope,
                    HeadingChoice.kind == kind,
                    HeadingChoice.heading == title,
                )
            )
            if column is not None:
                row = HeadingChoice(scope=scope, kind=kind, heading=title, column_key=column)
                session.add(row)


def choices_for(session: Session, scope: str, requested: Requested) -> HeadingChoices:
    """Return the choices of a request over those remembered: of every school, then of its own."""
    rows = session.scalars(
        select(HeadingChoice)
        .where(HeadingChoice.scope.in_({scope, ""}))
        .order_by(HeadingChoice.scope)
    )
    remembered = {(row.kind, row.heading): row.column_key for row in rows}
    return HeadingChoices(remembered, requested)
