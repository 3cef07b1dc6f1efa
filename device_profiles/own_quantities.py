"""The file `quantities.yaml` of a folder of profiles: quantities that the table lacks. Pure.

Each key is a quantity's name. `units` gives for each unit how many of the first one it is (null
where no factor leads to it), so the first is 1.
"""

from pydantic import Field, model_validator

from device_profiles.model import Model, Titles
from device_profiles.quantities import Quantity, ValueType

FILE = "quantities.yaml"
NAME = r"[a-z][a-z0-9]*(_[a-z0-9]+)*"


class OwnQuantity(Model):
    """One quantity of a folder's own."""

    title: Titles = Field(description="What it is, in Chinese (zh) and English (en).")
    type: ValueType = Field(default="number", description="The type of every value.")
    units: dict[str, float | None] = Field(
        default={"": 1.0},
        min_length=1,
        description="Unit -> how many of the first unit it is; null where no factor leads to it.",
    )
    low: float | None = Field(default=None, description="The least possible value, first unit.")
    high: float | None = Field(default=None, description="The greatest possible value, first unit.")

    @model_validator(mode="after")
    def _is_consistent(self) -> "OwnQuantity":
        if set(self.title) != {"zh", "en"}:
            raise ValueError("title needs both zh and en")
        if self.type != "number" and (
            self.units != {"": 1.0} or self.low is not None or self.high is not None
        ):
            raise ValueError(f"a {self.type} has no units and no bounds; leave them out")
        if next(iter(self.units.values())) != 1:
            raise ValueError("the first unit is the one the others are measured in; give it 1")
        if any(factor is not None and factor <= 0 for factor in self.units.values()):
            raise ValueError("a unit's factor must be more than 0")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("low must not exceed high")
        return self

    def quantity(self) -> Quantity:
        """Return it as an entry of the table."""
        return Quantity(
            self.units, self.type, self.title["zh"], self.title["en"], self.low, self.high
        )
