"""What the codes in a message are called. Pure.

The messages of a selection hold codes, and so do its records. A value of a message is a code by its
name: `title` and `titles` are clauses, dimensions, rules or columns, `school` is a school, `group`
a quota's group ("division:331002"). When a message is read, `Names.resolved` puts names in their
place: those of the assessment's standard and of its schools.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloud.localized_text import LocalizedText
from cloud.messages import Message, Text, message
from cloud.registry.codes import own, statistics
from cloud.scoring.standard.clause import Titles as StandardTitle
from cloud.scoring.standard.standard import TOTAL, Standard

Titles = Mapping[str, Text]
"""What clauses, dimensions, rules and columns are called."""

_COLUMNS = (TOTAL, "coverage", "pupils", "classes", "teachers")
_PLACES = ("1", "11", "12", "2")
"""Codes of urban and rural that the code list has longer ones of only."""
_LISTS = {
    "division": statistics.DIVISIONS,
    "stage": own.STAGE_CODES,
    "urban_rural": statistics.URBAN_RURAL,
}


@dataclass(frozen=True, slots=True)
class Names:
    """What clauses, dimensions, rules and columns are called, and schools by their codes."""

    titles: Titles
    schools: Mapping[str, str]

    def resolved(self, text: Text) -> Text:
        """Return a text with names in the place of codes, at any depth."""
        if not isinstance(text, Message):
            return text
        return Message(
            text.key, {name: self._value(name, value) for name, value in text.values.items()}
        )

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, Message):
            return self.resolved(value)
        if isinstance(value, Sequence) and not isinstance(value, str):
            kind = "title" if name == "titles" else name
            return [self._value(kind, item) for item in value]
        return self._called(name, value) if isinstance(value, str) else value

    def _called(self, kind: str, code: str) -> Text | str:
        if kind == "title":
            return called(self.titles, code)
        if kind == "school":
            return self.schools.get(code) or code
        if kind == "group":
            group, _, code = code.partition(":")
            return group_title(group, code)
        return code


def titles_of(standard: Standard) -> Titles:
    """Return what a standard calls its clauses, dimensions and rules."""
    return {
        **{dimension.id: _name(dimension.title) for dimension in standard.dimensions},
        **{rule.id: _name(rule.title) for rule in standard.rules},
        **{
            clause.id: message("selection.clause", clause=clause.id, name=_name(clause.title))
            for clause in standard.clauses
        },
    }


def _name(title: StandardTitle) -> LocalizedText:
    return LocalizedText(title.zh, title.en)


def called(names: Titles, code: str) -> Text:
    """Return what a clause, dimension, rule or column is called; its code where it has no name."""
    if code in names:
        return names[code]
    if code in _COLUMNS:
        return message(f"selection.column.{code}")
    return message("selection.code", code=code)


def group_title(group: str, code: str) -> Text:
    """Return what the group of a quota is called."""
    item = _LISTS[group].find(code)
    if item is not None:
        return LocalizedText(item.zh, item.en)
    if group == "urban_rural" and code in _PLACES:
        return message(f"selection.place.{code}")
    return message(f"selection.group.{group}", code=code)
