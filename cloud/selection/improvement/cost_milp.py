"""The cheapest units of clauses that meet their requirements, exactly. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from cloud.selection.improvement.clause_gains import Gain
from cloud.selection.milp import INFINITE, Row, maximised

_LARGE = 10_000
"""So many units need not be whole while it is solved; they are rounded up after."""


class Programme:
    """The units of each clause, in pieces along which a unit gains the same."""

    def __init__(self, gains: Sequence[Gain]) -> None:
        self.pieces: dict[str, list[tuple[int, float]]] = {}
        """Of each clause its pieces: the number of the variable, and what a unit gains."""
        self.least: list[float] = []
        self.most: list[float] = []
        self.price: list[float] = []
        self.whole: list[bool] = []
        self.rows: list[Row] = []
        self.length: list[float] = []
        for gain in gains:
            self._add(gain)

    def require_points(self, clauses: Iterable[str], points: float) -> None:
        """Require that some clauses gain at least so many points together."""
        terms = [piece for name in clauses for piece in self.pieces[name] if piece[1] > 0]
        self._row(terms, points, INFINITE)

    def allow_points(self, clauses: Iterable[str], points: float) -> None:
        """Limit the points that some clauses gain together."""
        terms = [piece for name in clauses for piece in self.pieces[name] if piece[1] > 0]
        self._row(terms, -INFINITE, points)

    def require_units(self, clause: str, units: int) -> None:
        """Require so many units of a clause."""
        self._row([(at, 1.0) for at, _ in self.pieces[clause]], units, INFINITE)

    def require_some(self, choice: Mapping[str, int], many: int) -> None:
        """Require that so many of the clauses have so many units each."""
        flags = []
        for clause, units in choice.items():
            flag = self._variable(1.0, 0.0, whole=True)
            flags.append((flag, 1.0))
            terms = [(at, 1.0) for at, _ in self.pieces[clause]]
            self._row([*terms, (flag, -float(units))], 0.0, INFINITE)
        self._row(flags, many, INFINITE)

    def solved(self) -> dict[str, int] | None:
        """Return the cheapest units of each clause, None where none suffice."""
        solution = maximised(
            -np.array(self.price),
            self.rows,
            least=np.array(self.least),
            most=np.array(self.most),
            whole=np.array(self.whole, np.bool_),
        )
        if solution is None:
            return None
        units = {
            clause: int(np.ceil(sum(solution.values[at] for at, _ in pieces) - 1e-6))
            for clause, pieces in self.pieces.items()
        }
        return {clause: many for clause, many in units.items() if many > 0}

    def _add(self, gain: Gain) -> None:
        before: tuple[int, float] | None = None
        pieces: list[tuple[int, float]] = []
        spans = zip(pairwise(gain.units), pairwise(gain.points), strict=True)
        for (start, end), (low, high) in spans:
            each = (high - low) / (end - start)
            at = self._variable(end - start, gain.price, whole=gain.units[-1] <= _LARGE)
            if before is not None and each > before[1] + 1e-12:
                # It gains more than the piece before, which therefore has to be full first.
                flag = self._variable(1.0, 0.0, whole=True)
                for earlier, _ in pieces:
                    self._row([(earlier, 1.0), (flag, -self.length[earlier])], 0.0, INFINITE)
                self._row([(at, 1.0), (flag, -self.length[at])], -INFINITE, 0.0)
            before = at, each
            pieces.append(before)
        self.pieces[gain.clause.id] = pieces

    def _variable(self, most: float, price: float, *, whole: bool) -> int:
        self.least.append(0.0)
        self.most.append(float(most))
        self.length.append(float(most))
        self.price.append(price)
        self.whole.append(whole)
        return len(self.most) - 1

    def _row(self, terms: Sequence[tuple[int, float]], least: float, most: float) -> None:
        at = np.array([variable for variable, _ in terms], np.int64)
        self.rows.append(
            Row(at, np.array([factor for _, factor in terms]), float(least), float(most))
        )
