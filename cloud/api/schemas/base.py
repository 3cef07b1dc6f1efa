"""What every schema has in common.

Moments are ISO 8601 in UTC with `Z`; days are school-local dates; durations are seconds (`_s`),
energy kilowatt-hours (`_kwh`), shares 0 to 1. None means "not known", never zero.
"""

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """A frozen shape on the wire."""

    model_config = ConfigDict(frozen=True)
