"""A file as an answer, under a name that may be Chinese."""

from urllib.parse import quote

from starlette.responses import Response

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


def file_response(content: bytes, name: str, form: str) -> Response:
    """Return a file to be saved as `name.form`."""
    named = quote(f"{name}.{form}", safe="")
    return Response(
        content,
        media_type=TYPES[form],
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{named}"},
    )
