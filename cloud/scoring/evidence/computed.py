"""What was computed from evidence, kept for as long as the evidence stays the same.

The key is the content of the evidence. So nothing reports a change, and nothing that has changed is
ever answered from here: other evidence is another key. Evidence is collected for each request.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import fields
from typing import Any, TypeVar, cast

import polars as pl

from cloud.scoring.evidence.evidence import Evidence

T = TypeVar("T")
_MOST = 64


class ComputedFromEvidence:
    """Results by the evidence they were computed from: those asked for last. For many threads."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._results: OrderedDict[Hashable, Any] = OrderedDict()

    def result(self, what: Hashable, evidence: bytes, compute: Callable[[], T]) -> T:
        """Return what `compute` gives for evidence of a digest; `what` distinguishes results.

        `compute` may read nothing but the evidence and what `what` names.
        """
        key = (what, evidence)
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
                return cast("T", self._results[key])
        made = compute()
        with self._lock:
            self._results[key] = made
            while len(self._results) > self._most:
                self._results.popitem(last=False)
        return made


def evidence_digest(evidence: Evidence) -> bytes:
    """Return a digest of every cell of some evidence, in the order of its rows.

    It holds for this process only: another version of Polars may give another one.
    """
    digest = hashlib.sha256(f"{evidence.start} {evidence.end}".encode())
    for item in fields(evidence):
        table = getattr(evidence, item.name)
        if isinstance(table, pl.DataFrame):
            digest.update(f"\n{item.name} {table.height}\n".encode())
            digest.update(table.hash_rows().to_numpy().tobytes())
    return digest.digest()
