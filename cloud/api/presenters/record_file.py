"""A table of a school's records as a file: the rows, columns and words of the page."""

from collections.abc import Sequence

from cloud.api.schemas.records import RecordColumn, RecordRow
from cloud.messages import message, render
from cloud.registry.codes.statistics import CODE_LISTS
from cloud.reports.table_file import Cell, Column

_WIDTH = 18
_CODES = {code_list.id: code_list for code_list in CODE_LISTS}
_DAY_KINDS = {"放假": "closed", "补课": "make_up"}
_WEEKDAYS = frozenset({"weekday", "follows"})


def columns(shown: Sequence[RecordColumn], language: str) -> list[Column]:
    """Return the columns with their titles in a language."""
    return [Column(column.title.root[language].replace("_", " "), _WIDTH) for column in shown]


def cells(
    table: str, row: RecordRow, shown: Sequence[RecordColumn], language: str
) -> Sequence[Cell]:
    """Return the cells of a row, codes and kinds as the words that the page has for them."""
    return [_cell(table, row, column, language) for column in shown]


def _cell(table: str, row: RecordRow, column: RecordColumn, language: str) -> Cell:
    value = row.cells[column.key]
    if table == "devices" and column.key == "asset_no" and row.asset_id is None:
        return _word("record_file.not_in_ledger", language)
    if value is None or value == "":
        return None
    if column.codes is not None:
        item = _CODES[column.codes].find(str(value))
        return str(value) if item is None else getattr(item, language, item.en)
    key = _word_key(table, column.key, value)
    return value if key is None else _word(key, language)


def _word_key(table: str, column: str, value: str | float) -> str | None:
    """Return the key of the word that the page shows in the place of a value, if it has one."""
    if isinstance(value, bool):
        return "record_file.yes" if value else "record_file.no"
    if column in _WEEKDAYS:
        return f"record_file.weekday.{value}"
    if (table, column) == ("air", "quantity"):
        return f"record_file.air.{value}"
    if (table, column) == ("holidays", "kind") and str(value) in _DAY_KINDS:
        return f"record_file.kind.{_DAY_KINDS[str(value)]}"
    return None


def _word(key: str, language: str) -> str:
    return render(message(key), language)
