"""Whether two clouds know the same of some schools: one was given files, the other was sent lines.

Asked of the public API, as anybody could: use by asset and day, which is what the roll-up keeps,
and every finding against the standard, which is what the evidence comes to. What cannot agree is
left out: how soon slots arrived. The cloud stamps that itself, and lines that are sent afterwards
are all late.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from simulators.errors import SimulatorError

OF_ARRIVAL = frozenset({"E02"})
"""The clause on data in time."""
_COMPARED = (
    "clause", "outcome", "attainment", "measured", "unit", "target", "weight", "points",
    "reason", "evidence_total",
)  # fmt: skip
_LAST_DIGITS = 1e-12
_Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How much was compared, and where the two differ."""

    schools: int
    use: int
    """Rows of use of an asset on a day."""
    findings: int
    differences: tuple[str, ...]

    def told(self) -> str:
        """Return it in a line."""
        verdict = "the same evidence" if not self.differences else "NOT the same evidence"
        return (
            f"{verdict}: {self.schools} schools, {self.use:,} rows of use by asset and day, "
            f"{self.findings:,} findings; left out: when slots arrived"
        )


def compare(loaded: str, sent: str, schools: Sequence[str], start: str, end: str) -> Agreement:
    """Compare what two clouds tell of schools over a span."""
    use = findings = 0
    differences: list[str] = []
    with _client(loaded) as one, _client(sent) as other:
        for school in schools:
            # Findings first: a cloud tells of them once all that it was sent is rolled up.
            for ask in (_findings, _use):
                mine, yours = (ask(client, school, start, end) for client in (one, other))
                differences += (f"{school}: {text}" for text in _differing(mine, yours))
                findings += len(mine) if ask is _findings else 0
                use += len(mine) if ask is _use else 0
    return Agreement(len(schools), use, findings, tuple(differences))


def is_same(one: Any, other: Any) -> bool:
    """Whether two answers agree; sums that were added in another order differ in a last digit."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[key], other[key]) for key in one)
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_LAST_DIGITS)
    return bool(one == other)


def _client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=600, trust_env=False)


def _use(client: httpx.Client, school: str, start: str, end: str) -> _Figures:
    rows = _ask(
        client, f"/schools/{school}/utilization", start=start, end=end, by="asset", span="day"
    )
    return {f"{row['title']} on {row['span']}": row["use"] for row in rows}


def _findings(client: httpx.Client, school: str, start: str, end: str) -> _Figures:
    rows = _ask(client, f"/schools/{school}/score", start=start, end=end)["findings"]
    return {
        f"clause {row['clause']}": {name: row[name] for name in _COMPARED}
        for row in rows
        if row["clause"] not in OF_ARRIVAL
    }


def _differing(mine: _Figures, yours: _Figures) -> Iterator[str]:
    for key in sorted(mine.keys() | yours.keys()):
        if not is_same(mine.get(key), yours.get(key)):
            yield f"{key}: {mine.get(key)} of files, {yours.get(key)} of lines"


def _ask(client: httpx.Client, path: str, **asked: str) -> Any:
    try:
        answer = client.get(f"/api/v1{path}", params=asked)
    except httpx.HTTPError as error:
        raise SimulatorError(f"{client.base_url}: no answer: {error}") from error
    if not answer.is_success:
        raise SimulatorError(f"{answer.url}: refused: {answer.text[:300]}")
    return answer.json()
