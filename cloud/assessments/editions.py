"""Which edition of a standard an assessment uses, with the text of its file."""

from datetime import date
from functools import cache
from pathlib import Path

from cloud.errors import NotFound
from cloud.messages import message
from cloud.scoring.standard.standard import (
    Standard,
    editions,
    in_force,
    load_standard,
    standard_file,
)


@cache
def shipped() -> tuple[Standard, ...]:
    """Return every edition shipped."""
    return tuple(editions())


def edition(name: str) -> Standard:
    """Return the edition shipped under `id@date`, of an id the newest; raises NotFound."""
    named = [edition for edition in shipped() if name in {edition.edition, edition.id}]
    if not named:
        raise NotFound(message("api.unknown_standard", standard=name, known=_known()))
    return max(named, key=lambda standard: standard.effective)


def text_in_force(name: str, day: date) -> str:
    """Return the file of the edition in force on a day; `id@date` is that edition whenever.

    A past date has the edition of then. Raises NotFound where there is none.
    """
    if "@" in name:
        chosen = edition(name)
    else:
        current = in_force(shipped(), name, day)
        if current is None:
            raise NotFound(message("api.not_in_force", standard=name, day=day, known=_known()))
        chosen = current
    path = standard_file(chosen.edition)
    assert path is not None  # noqa: S101  it was read from there
    return path.read_text(encoding="utf-8")


def text_of(path: Path) -> str:
    """Return a standard's file, when it is right; raises StandardError."""
    load_standard(path)
    return path.read_text(encoding="utf-8")


def _known() -> list[str]:
    return sorted({edition.edition for edition in shipped()})
