"""A linear or mixed-integer programme, solved to the optimum by HiGHS, the same every time."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Positions = NDArray[np.int64]

__all__ = ["INFINITE", "Numbers", "Positions", "Row", "Solution", "maximised"]

INFINITE = float(highspy.kHighsInf)
_NO_VARIABLES: Positions = np.zeros(0, np.int64)
_NO_FACTORS: Numbers = np.zeros(0)
_OPTIONS: dict[str, bool | int | float] = {
    "output_flag": False,
    "threads": 1,
    "random_seed": 0,
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 1e-6,
    "mip_feasibility_tolerance": 1e-9,
    "primal_feasibility_tolerance": 1e-9,
}


@dataclass(frozen=True, slots=True)
class Row:
    """`least` <= the sum of factors times variables <= `most`."""

    variables: Positions
    factors: Numbers
    least: float = -INFINITE
    most: float = INFINITE


@dataclass(frozen=True, slots=True)
class Solution:
    """An optimum: of each variable its value and its reduced cost, of each row its dual.

    Duals are those of a linear programme; a mixed-integer one has none.
    """

    objective: float
    values: Numbers
    reduced: Numbers
    duals: Numbers


def maximised(
    objective: Numbers,
    rows: Sequence[Row],
    *,
    least: Numbers,
    most: Numbers,
    whole: NDArray[np.bool_] | None = None,
) -> Solution | None:
    """Return the variables between `least` and `most` that make the objective largest.

    `whole` marks those that have to be whole numbers. None: no values keep all the rows.
    """
    if not objective.size:
        fits = all(row.least <= 0 <= row.most for row in rows)
        none = np.zeros(0)
        return Solution(0.0, none, none, np.zeros(len(rows))) if fits else None
    programme = highspy.HighsLp()
    programme.num_col_ = objective.size
    programme.num_row_ = len(rows)
    programme.sense_ = highspy.ObjSense.kMaximize
    programme.col_cost_ = objective
    programme.col_lower_ = least
    programme.col_upper_ = most
    programme.row_lower_ = np.array([row.least for row in rows])
    programme.row_upper_ = np.array([row.most for row in rows])
    programme.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    programme.a_matrix_.start_ = np.cumsum([0, *(row.variables.size for row in rows)])
    programme.a_matrix_.index_ = np.concatenate([_NO_VARIABLES, *(row.variables for row in rows)])
    programme.a_matrix_.value_ = np.concatenate([_NO_FACTORS, *(row.factors for row in rows)])
    if whole is not None:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        programme.integrality_ = [kinds[is_whole] for is_whole in whole.tolist()]
    solver = _solver()
    for name, value in _OPTIONS.items():
        solver.setOptionValue(name, value)
    solver.passModel(programme)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    solution = solver.getSolution()
    values = np.array(solution.col_value)
    if whole is not None:
        values = np.where(whole, np.rint(values), values)
    return Solution(
        objective=float(objective @ values),
        values=values,
        reduced=np.array(solution.col_dual),
        duals=np.array(solution.row_dual),
    )


def _solver() -> highspy.Highs:
    """Return a solver; the first one of a process prints a notice, which no option turns off."""
    global _noticed  # noqa: PLW0603  once per process
    if _noticed:
        return _new()
    _noticed = True
    try:
        kept = os.dup(1)
    except OSError:  # there is no standard output
        return _new()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        return _new()
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _new() -> highspy.Highs:
    return highspy.Highs()  # type: ignore[no-untyped-call]  # the library leaves it untyped


_noticed = False
