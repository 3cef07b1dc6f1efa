"""Reads an InfluxDB by InfluxQL over `/query`, which InfluxDB 1.8, 2 and 3 answer."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from cloud.errors import LoadError

_TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Influx:
    """Where an InfluxDB answers, and how it is asked."""

    url: str
    database: str
    """The bucket, or database."""
    token: str

    def schools(self) -> list[str]:
        """Return the schools of which there is anything, sorted."""
        schools = {
            str(row["value"])
            for _, row in self._rows(
                'show tag values from usage, reading, event with key = "school"'
            )
        }
        return sorted(schools)

    def points(
        self, measurement: str, school: str, first: datetime, after: datetime
    ) -> Iterator[tuple[Mapping[str, str], Mapping[str, Any]]]:
        """Yield the tags and fields of a school's points in [first, after), `time` in µs."""
        quoted = school.replace("\\", "\\\\").replace("'", "\\'")
        yield from self._rows(
            f"select * from {measurement} where school = '{quoted}' "  # noqa: S608  quoted
            f"and time >= {to_us(first)}u and time < {to_us(after)}u group by *"
        )

    def _rows(self, query: str) -> Iterator[tuple[Mapping[str, str], Mapping[str, Any]]]:
        for series in self._ask(query):
            tags = series.get("tags", {})
            for values in series.get("values", ()):
                yield tags, dict(zip(series["columns"], values, strict=True))

    def _ask(self, query: str) -> list[dict[str, Any]]:
        parameters = urllib.parse.urlencode({"db": self.database, "epoch": "u", "q": query})
        request = urllib.request.Request(  # noqa: S310  http or https, checked by the command
            f"{self.url.rstrip('/')}/query?{parameters}",
            headers={"Authorization": f"Token {self.token}"} if self.token else {},
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310  as above
                (result,) = json.load(answer)["results"]
        except urllib.error.HTTPError as error:
            raise LoadError(f"{self.url}: {error.code}: {_reason(error)}") from None
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise LoadError(f"{self.url}: no answer: {reason}; is the InfluxDB running?") from None
        except (ValueError, KeyError) as error:
            raise LoadError(f"{self.url}: does not answer as an InfluxDB does: {error}") from None
        if "error" in result:
            raise LoadError(f"{self.url}: {result['error']}")
        series: list[dict[str, Any]] = result.get("series", [])
        return series


def to_us(moment: datetime) -> int:
    """Return microseconds since 1970."""
    return (moment - datetime.combine(date(1970, 1, 1), time(), UTC)) // timedelta(microseconds=1)


def _reason(error: urllib.error.HTTPError) -> str:
    """Return the reason an InfluxDB gives for an error, in one line."""
    text = error.read(1000).decode(errors="replace")
    try:
        tree = json.loads(text)
        reason = tree.get("message") or tree.get("error") or text
    except (ValueError, AttributeError):
        reason = text
    return " ".join(str(reason).split()) or error.reason
