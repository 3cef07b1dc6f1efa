"""The build refuses a package without the web app: its cloud would have no pages."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_PAGE = Path("cloud/web/dist/index.html")


class WebAppHook(BuildHookInterface[Any]):
    """Check that the web app is built before an sdist or a wheel is."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fail in one sentence where the app is missing; an editable install reads the checkout."""
        del build_data
        if version == "editable" or (Path(self.root) / _PAGE).is_file():
            return
        raise SystemExit(
            f"smart-campus: {_PAGE} is missing, so the package would have no web app; "
            "run `make web` first"
        )
