"""The schema of use."""

from cloud.api.schemas.base import Shape
from cloud.domain import UseSummary


class UtilizationRow(Shape):
    """Use of one asset, room, category or school, over one period, day, week or the whole span."""

    key: str
    title: str
    span: str | None
    """The day (2026-11-24), ISO week (2026-W48) or period number; None for the whole span."""
    assets: int
    use: UseSummary
