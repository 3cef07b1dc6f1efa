"""The schema of an error."""

from cloud.api.schemas.base import Shape
from cloud.api.schemas.text import LocalizedText


class Fault(Shape):
    """One part of a request that was refused."""

    where: str
    """The part: query.limit, body.start."""
    problem: str
    """In English."""
    code: str | None = None
    """What is wrong, as a key that stays the same when the wording changes."""
    message: LocalizedText | None = None
    """The problem in every language."""


class Problem(Shape):
    """Why a request was refused, or failed (RFC 9457, `application/problem+json`)."""

    type: str
    title: str
    status: int
    detail: str
    """In English."""
    instance: str
    """The path that was requested."""
    code: str | None = None
    """What is wrong, as a key that stays the same when the wording changes."""
    message: LocalizedText | None = None
    """The detail in every language, where people read it on a page."""
    problems: list[Fault] | None = None
    """Each part of the request that is wrong."""


class InfluxProblem(Shape):
    """An error as InfluxDB answers it."""

    code: str
    message: str
