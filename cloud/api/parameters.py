"""Query parameters that several routes take."""

from datetime import date
from typing import Annotated

from fastapi import Query

Start = Annotated[
    date | None, Query(description="First day, school-local; default 20 school days back.")
]
End = Annotated[date | None, Query(description="Last day, included; default today.")]
