"""The web app's files, as Vite built them; every other address is a page of the app."""

import mimetypes
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

_APART = ("api/", "health", "ping", "docs", "openapi.json", "write", "query")
_FOREVER = "public, max-age=31536000, immutable"

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("application/manifest+json", ".webmanifest")


class Pages:
    """An ASGI app for whatever no route answers."""

    def __init__(self, dist: Path) -> None:
        self._dist = dist.resolve()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a file, the app's page, or that nothing is there."""
        if scope["type"] != "http":
            raise HTTPException(404)
        request = Request(scope)
        path = request.url.path.lstrip("/")
        if path == "api" or path.startswith(_APART):
            raise HTTPException(404)
        if request.method not in {"GET", "HEAD"}:
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        await self._answer(path)(scope, receive, send)

    def _answer(self, path: str) -> Response:
        """Return a file by its name, else the app's page, which knows its own addresses."""
        index = self._dist / "index.html"
        if not index.is_file():
            return PlainTextResponse(
                "The web app is not built yet: run `make web` in the checkout, then reload.\n",
                503 if path else 200,
            )
        file = (self._dist / path).resolve()
        if file.is_relative_to(self._dist) and file.is_file() and file != index:
            hashed = path.startswith("assets/")
            return FileResponse(file, headers={"Cache-Control": _FOREVER if hashed else "no-cache"})
        if file.suffix and file != index:
            raise HTTPException(404)
        return FileResponse(index, headers={"Cache-Control": "no-cache"})
