"""An environment that holds the libraries of some extras and no others, without a download."""

import re
import subprocess
import sys
import tomllib
import venv
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from tests._parts.tree import ROOT

DISTRIBUTION = "smart-campus"


class Environment:
    """A virtual environment into which the libraries of this one are linked."""

    def __init__(self, folder: Path, *extras: str) -> None:
        venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
        self.python = folder / "bin" / "python"
        (site,) = folder.glob("lib/python*/site-packages")
        for name in closure(DISTRIBUTION, frozenset(extras)):
            _link(metadata.distribution(name), site)
        (site / "smart_campus.pth").write_text(f"{ROOT}\n", encoding="utf-8")
        self._folder = folder

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the interpreter, outside the checkout; what was loaded may not come from it."""
        return subprocess.run(
            [str(self.python), *arguments],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def command(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command by the module of its `main`."""
        return self.run("-m", module, *arguments)


def closure(name: str, extras: frozenset[str]) -> set[str]:
    """Return the names of a distribution and of all that it requires with some extras."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(name, extras)]
    while waiting:
        entry = waiting.pop()
        if entry in seen:
            continue
        seen.add(entry)
        for line in _requirements(entry[0]):
            required = Requirement(line)
            marker = required.marker
            if marker is None or any(
                marker.evaluate({"extra": extra}) for extra in entry[1] or {""}
            ):
                waiting.append((_normal(required.name), frozenset(required.extras)))
    return {_normal(distribution) for distribution, _ in seen}


def _requirements(name: str) -> list[str]:
    if name != DISTRIBUTION:
        return metadata.requires(name) or []
    # The metadata of an editable installation may be older than the file.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [
        *project["dependencies"],
        *(
            f"{line}; extra == '{extra}'"
            for extra, lines in project["optional-dependencies"].items()
            for line in lines
        ),
    ]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _link(distribution: metadata.Distribution, site: Path) -> None:
    here = Path(str(distribution.locate_file("")))
    tops = {Path(str(file)).parts[0] for file in distribution.files or ()}
    for top in tops - {"..", "__pycache__"}:
        target = site / top
        # Our own .pth or finder would lead to the checkout; the environment has one of its own.
        is_ours = distribution.name == DISTRIBUTION and not top.endswith(".dist-info")
        if not is_ours and not target.exists() and (here / top).exists():
            target.symlink_to(here / top)


if __name__ == "__main__":
    Environment(Path(sys.argv[1]), *sys.argv[2:])
