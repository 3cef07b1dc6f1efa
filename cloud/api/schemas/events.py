"""The schema of what gateways report."""

from datetime import datetime

from cloud.api.schemas.base import Shape
from cloud.api.schemas.text import LocalizedText


class AssetEvent(Shape):
    """Something that a gateway reported, of a device or of itself."""

    at: datetime
    type: str
    title: LocalizedText
    of_gateway: bool
    text: str
    """As the gateway reported it."""
    value: float | None
    """Seconds where `unit` is "s"; else the code of a fault, the number of a version."""
    unit: str
