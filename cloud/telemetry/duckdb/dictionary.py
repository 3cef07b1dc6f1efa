"""Series and fields by number, and the type each field keeps."""

import json
from collections.abc import Iterable

import duckdb

from cloud.telemetry.line_protocol import FieldType, SeriesKey


class Names:
    """Series and fields by number; new ones are stored with the transaction that needs them.

    Used by the writer thread; readers look up what is there.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self.series: dict[SeriesKey, int] = {}
        self._of_school: dict[tuple[str, str], dict[SeriesKey, int]] = {}
        """Series by measurement and school: a city has tens of thousands."""
        self.fields: dict[tuple[str, str], tuple[int, FieldType]] = {}
        self._new_series: list[tuple[int, str, str]] = []
        self._new_fields: list[tuple[int, str, str, str]] = []
        self.load(cursor)

    def load(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Forget what is not stored: at start, and after a transaction that failed."""
        rows = cursor.execute("SELECT id, measurement, tags FROM series").fetchall()
        self.series = {
            SeriesKey(measurement, tuple((k, v) for k, v in json.loads(tags))): number
            for number, measurement, tags in rows
        }
        of_school: dict[tuple[str, str], dict[SeriesKey, int]] = {}
        for key, number in self.series.items():
            of_school.setdefault((key.measurement, key.tag("school")), {})[key] = number
        self._of_school = of_school
        rows = cursor.execute("SELECT id, measurement, name, type FROM fields").fetchall()
        self.fields = {
            (measurement, name): (number, FieldType(kind))
            for number, measurement, name, kind in rows
        }
        self._new_series.clear()
        self._new_fields.clear()

    def series_number(self, key: SeriesKey) -> int:
        """Return the number of a series, a new one if it was never met."""
        number = self.series.get(key)
        if number is None:
            number = self.series[key] = len(self.series) + 1
            self._of_school.setdefault((key.measurement, key.tag("school")), {})[key] = number
            tags = json.dumps(key.tags, ensure_ascii=False)
            self._new_series.append((number, key.measurement, tags))
        return number

    def field(self, measurement: str, name: str, kind: FieldType) -> tuple[int, FieldType]:
        """Return the number of a field and the type it keeps; `kind` if it was never met."""
        known = self.fields.get((measurement, name))
        if known is None:
            known = self.fields[measurement, name] = (len(self.fields) + 1, kind)
            self._new_fields.append((known[0], measurement, name, kind.value))
        return known

    def store_new(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Write what is new, inside the caller's transaction."""
        for table, rows in (("series", self._new_series), ("fields", self._new_fields)):
            if rows:
                columns = [list(column) for column in zip(*rows, strict=True)]
                values = ", ".join("unnest(?)" for _ in columns)
                cursor.execute(f"INSERT INTO {table} SELECT {values}", columns)

    def stored(self) -> None:
        """Note that the transaction with the new ones is committed."""
        self._new_series.clear()
        self._new_fields.clear()

    def matching(self, measurement: str, **tags: str) -> dict[int, SeriesKey]:
        """Return the series of a measurement that carry all of these tags."""
        wanted = set(tags.items())
        return {
            number: key
            for key, number in self._snapshot(measurement, tags.get("school"))
            if key.measurement == measurement and wanted <= set(key.tags)
        }

    def field_names(self, measurement: str) -> dict[int, tuple[str, FieldType]]:
        """Return the fields of a measurement by number."""
        return {
            number: (name, kind)
            for (owner, name), (number, kind) in list(self.fields.items())
            if owner == measurement
        }

    def _snapshot(self, measurement: str, school: str | None) -> Iterable[tuple[SeriesKey, int]]:
        if school is None:
            return list(self.series.items())
        return list(self._of_school.get((measurement, school), {}).items())
