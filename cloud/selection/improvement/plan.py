"""A plan of improvements for a school, and its text. Pure."""

import math
from dataclasses import dataclass, replace

from cloud.messages import Message, message
from cloud.scoring.engine.rounding import published

IS_IN = message("improvement.is_in")
HUNDRED = 100
"""Yuan to which sums are rounded up."""
_NEAR = 1e-9


@dataclass(frozen=True, slots=True)
class Improvement:
    """One step: a clause, and what it comes to. `units` is None where cost goes by the point.

    It costs `yuan`, for what is bought, or `days` of work; the other is 0.
    """

    clause: str
    attained: float
    becomes: float
    points: float
    units: int | None
    yuan: float
    days: float


@dataclass(frozen=True, slots=True)
class Least:
    """The cheapest improvements that bring a school in.

    `is_possible` is None where it is unknown: before there is evidence, or for this standard;
    `value_then` is None where no improvements suffice.
    `unpriced` are clauses that could gain and have no cost, `unseen` those without any evidence;
    neither is counted on. `evidence` are the fewest clauses of which evidence has to be given
    first; `missing` are messages of what remains out of reach.
    """

    school: str
    is_possible: bool | None
    needs: float | None
    value: float | None
    value_then: float | None
    improvements: tuple[Improvement, ...]
    yuan: float | None
    days: float | None
    unpriced: tuple[str, ...]
    unseen: tuple[str, ...]
    evidence: tuple[str, ...]
    missing: tuple[Message, ...]
    text: Message


def with_text(plan: Least, *, is_hoped: bool = False) -> Least:
    """Return the answer with its text; one that is hoped holds if the evidence turns out well."""
    sentences = []
    if plan.evidence:
        sentences.append(message("improvement.evidence", titles=list(plan.evidence)))
    if plan.value_then is None:
        sentences.append(message("improvement.not_enough", missing=list(plan.missing)))
        if plan.unpriced:
            sentences.append(message("improvement.no_cost", titles=list(plan.unpriced)))
        if plan.unseen:
            sentences.append(message("improvement.no_evidence", titles=list(plan.unseen)))
    elif not plan.improvements:
        key = "improvement.nothing_else" if plan.evidence else "improvement.nothing_needed"
        sentences.append(message(key))
    else:
        sentences.append(_cheapest_text(plan, is_hoped=is_hoped))
    return replace(plan, text=message("improvement.text", sentences=sentences))


def shown_yuan(yuan: float) -> float:
    """Return a sum of money as it is shown: rounded up to hundreds, for prices are rough."""
    return math.ceil(yuan / HUNDRED - _NEAR) * HUNDRED


def shown_days(days: float) -> float:
    """Return days of work as they are shown: rounded up to half days."""
    return math.ceil(2 * days - _NEAR) / 2


def plan_cost(plan: Least) -> tuple[float, float]:
    """Return the money and the days of a plan as they are shown: its steps add up to them."""
    return (
        sum(shown_yuan(step.yuan) for step in plan.improvements),
        sum(shown_days(step.days) for step in plan.improvements),
    )


def cost_text(plan: Least) -> Message:
    """Return what a plan takes: money, work, or both."""
    yuan, days = plan_cost(plan)
    kind = "both" if yuan and days else "work" if days else "money"
    return message(f"improvement.effort.{kind}", yuan=yuan, days=days)


def _cheapest_text(plan: Least, *, is_hoped: bool) -> Message:
    kind = "hoped" if is_hoped else "cheapest"
    values = {
        "items": len(plan.improvements),
        "effort": cost_text(plan),
        "value": published(plan.value or 0.0),
        "value_then": published(plan.value_then or 0.0),
    }
    if plan.needs is None:
        return message(f"improvement.{kind}", **values)
    return message(f"improvement.{kind}_needs", **values, needs=published(plan.needs))
