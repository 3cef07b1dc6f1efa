"""The web app's files, as Vite built them, and the app's page at the addresses that it knows.

The app's router and this module share one list of addresses: the build writes `pages.json` of
`cloud/web/src/pages.json`. Every other address is answered with 404.
"""

import json
import mimetypes
import re
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

_LIST = "pages.json"
_API_DOCS = "api-docs.html"
_FOREVER = "public, max-age=31536000, immutable"
_NOT_BUILT = "The web app is not built yet: run `make web` in the checkout, then reload.\n"
_PARAMETER = re.compile(r":\w+(\([^)]*\))?")

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("application/manifest+json", ".webmanifest")


def pattern(path: str) -> re.Pattern[str]:
    r"""Return what matches the addresses of a path of Vue Router ("/assets/:id(\d+)")."""
    parts: list[str] = []
    end = 0
    for parameter in _PARAMETER.finditer(path):
        parts += [re.escape(path[end : parameter.start()]), parameter[1] or "([^/]+)"]
        end = parameter.end()
    return re.compile("".join([*parts, re.escape(path[end:])]), re.ASCII)


class Pages:
    """An ASGI app for whatever no route answers."""

    def __init__(self, dist: Path) -> None:
        self._dist = dist.resolve()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a file, the app's page, or that nothing is there."""
        if scope["type"] != "http":
            raise HTTPException(404)
        request = Request(scope)
        response = self._answer(request.url.path)
        if request.method not in {"GET", "HEAD"}:
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        await response(scope, receive, send)

    async def api_docs(self) -> Response:
        """Answer the page that shows the API, from files of the build only."""
        return self._page(_API_DOCS)

    def _answer(self, path: str) -> Response:
        """Return a file by its name, or the app's page; raises HTTPException (404)."""
        file = (self._dist / path.lstrip("/")).resolve()
        hidden = {self._dist / name for name in (_LIST, _API_DOCS)}
        if file.is_relative_to(self._dist) and file.is_file() and file not in hidden:
            hashed = path.startswith("/assets/")
            return FileResponse(file, headers={"Cache-Control": _FOREVER if hashed else "no-cache"})
        if not self._is_page(path):
            raise HTTPException(404)
        return self._page("index.html")

    def _is_page(self, path: str) -> bool:
        """Whether the app has a page at an address."""
        file = self._dist / _LIST
        if not file.is_file():
            return path == "/"
        pages: list[dict[str, str]] = json.loads(file.read_text(encoding="utf-8"))
        return any(pattern(page["path"]).fullmatch(path) for page in pages)

    def _page(self, name: str) -> Response:
        if not (self._dist / name).is_file():
            return PlainTextResponse(_NOT_BUILT)
        return FileResponse(self._dist / name, headers={"Cache-Control": "no-cache"})
