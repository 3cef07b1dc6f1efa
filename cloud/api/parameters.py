"""Query parameters that several routes take."""

from datetime import date
from typing import Annotated, Literal

from fastapi import Path, Query

from cloud.errors import Unprocessable
from cloud.messages import languages, message

Start = Annotated[
    date | None, Query(description="First day, school-local; default 20 school days back.")
]
End = Annotated[date | None, Query(description="Last day, included; default today.")]
Form = Annotated[Literal["xlsx", "csv"], Path(description="Excel, or CSV in UTF-8.")]
Language = Annotated[str, Query(description="Of the titles and the states: zh, en.")]


def check_language(language: str) -> None:
    """Raise Unprocessable unless there are messages in a language."""
    if language not in languages():
        known = list(languages())
        raise Unprocessable(message("api.not_one_of", name="language", got=language, known=known))
