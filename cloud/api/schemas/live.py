"""The schemas of the stream of changes."""

from datetime import datetime

from cloud.api.schemas.base import Shape
from cloud.domain import CurrentState, Presence


class LiveAsset(Shape):
    """The newest knowledge of one asset."""

    asset: str
    asset_id: int | None
    state: CurrentState
    presence: Presence
    last_seen: datetime | None
    values: dict[str, float | bool | str]


class LiveStates(Shape):
    """One server-sent event `state`: assets whose state or last reading changed."""

    at: datetime
    assets: list[LiveAsset]
