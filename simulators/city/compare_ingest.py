"""Compare two clouds: one loaded the files of some schools, the other received their lines.

Both are asked over the public API: use by asset and day, which is what the roll-up keeps, and every
finding against the standard, which is what the evidence comes to. What cannot agree is left out:
how soon slots arrived. The cloud stamps that itself, and lines that are sent afterwards are late.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simulators.cloud_client import CloudClient
from simulators.progress import Progress, no_progress

OF_ARRIVAL = frozenset({"E02"})
"""The clause on data in time."""
_COMPARED = (
    "clause", "outcome", "attainment", "measured", "unit", "target", "weight", "points",
    "reason", "evidence_total",
)  # fmt: skip
_LAST_DIGITS = 1e-12
_ANSWER_S = 600.0
_Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How much was compared, and where the two differ."""

    schools: int
    use: int
    """Rows of use of an asset on a day."""
    findings: int
    differences: tuple[str, ...]

    def summary(self) -> str:
        """Return it in a line."""
        verdict = "the same evidence" if not self.differences else "NOT the same evidence"
        return (
            f"{verdict}: {self.schools} schools, {self.use:,} rows of use by asset and day, "
            f"{self.findings:,} findings; left out: when slots arrived"
        )


def compare(
    loaded: str,
    sent: str,
    schools: Sequence[str],
    start: str,
    end: str,
    progress: Progress = no_progress,
) -> Agreement:
    """Compare what two clouds answer about schools over a span; `progress` counts schools."""
    use = findings = 0
    differences: list[str] = []
    with (
        CloudClient(loaded, timeout_s=_ANSWER_S) as first,
        CloudClient(sent, timeout_s=_ANSWER_S) as second,
    ):
        for number, school in enumerate(schools, 1):
            # Findings first: a cloud answers them once all that it was sent is rolled up.
            for read in (_findings, _use):
                of_files, of_lines = (
                    read(client, school, start, end) for client in (first, second)
                )
                differences += (f"{school}: {text}" for text in _differing(of_files, of_lines))
                findings += len(of_files) if read is _findings else 0
                use += len(of_files) if read is _use else 0
            progress(number, len(schools))
    return Agreement(len(schools), use, findings, tuple(differences))


def is_same(first: Any, second: Any) -> bool:
    """Whether two answers agree; sums that were added in another order differ in a last digit."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(
            is_same(first[key], second[key]) for key in first
        )
    if isinstance(first, float) and isinstance(second, float):
        return math.isclose(first, second, rel_tol=_LAST_DIGITS)
    return bool(first == second)


def _use(client: CloudClient, school: str, start: str, end: str) -> _Figures:
    rows = client.get(
        f"/schools/{school}/utilization", start=start, end=end, by="asset", span="day"
    )
    return {f"{row['title']} on {row['span']}": row["use"] for row in rows}


def _findings(client: CloudClient, school: str, start: str, end: str) -> _Figures:
    rows = client.get(f"/schools/{school}/score", start=start, end=end)["findings"]
    return {
        f"clause {row['clause']}": {name: row[name] for name in _COMPARED}
        for row in rows
        if row["clause"] not in OF_ARRIVAL
    }


def _differing(of_files: _Figures, of_lines: _Figures) -> Iterator[str]:
    for key in sorted(of_files.keys() | of_lines.keys()):
        if not is_same(of_files.get(key), of_lines.get(key)):
            yield f"{key}: {of_files.get(key)} of files, {of_lines.get(key)} of lines"
