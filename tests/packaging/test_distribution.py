"""What leaves the checkout: an sdist, a wheel made from it, and each extra installed alone.

Every environment is empty before and lies outside the checkout. uv takes the packages from its
cache, and from the index where the cache lacks one; their versions are those of requirements/.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path

import httpx
import pytest

from tests._parts.patience import PATIENCE_S
from tests._parts.ports import free_port
from tests._parts.tree import PACKAGES, ROOT, committed

pytestmark = [pytest.mark.real, pytest.mark.slow]
DIST = Path("cloud/web/dist")
BUILD = ("--require-hashes", "--build-constraint", str(ROOT / "requirements/build.txt"))
CONSTRAINTS = ("--constraint", str(ROOT / "requirements/dev.txt"))
BACK_ENDS = ("--build-constraint", str(ROOT / "requirements/build.txt"))
COMMANDS: dict[str, list[list[str]]] = {
    "": [["campus-profiles", "check"], ["campus-profiles", "list"]],
    "edge": [["campus-edge", "check", "gateway.yaml"]],
    "edge,edge-hci": [["campus-edge", "check", "gateway.yaml"]],
    "cloud": [["campus-cloud", "standard", "list"], ["campus-cloud", "openapi"]],
    "cloud,postgresql": [["campus-cloud", "openapi"], ["python", "-c", "import psycopg"]],
    "cloud,spark": [
        ["campus-cloud", "rollup", "--help"],
        ["python", "-c", "import cloud.bulk.on_spark"],
    ],
    "simulators": [
        ["campus-sim", "plan", "school"],
        ["campus-sim", "city", "--schools=24", "--days=1", "--out", "city"],
    ],
    "demo": [["campus-sim", "demo", "--help"], ["campus-edge", "--help"]],
}
GATEWAY = """
gateway: gw-001
school: "2133100001"
data_dir: data
uplink: {url: "http://127.0.0.1:8090", token_file: token}
mqtt: {host: 127.0.0.1, port: 1883}
devices:
  - id: display-101
    profile: campus-interactive-display
    asset: A-0001
    mqtt: {device: display-101}
"""


def uv() -> str:
    """Return the uv of the environment or of the machine; skip where there is none."""
    installed_uv = Path(sys.executable).with_name("uv")
    program = str(installed_uv) if installed_uv.exists() else shutil.which("uv")
    if program is None:
        pytest.skip("uv is not installed")
    return program


def ran(command: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of an environment of its own, away from the checkout."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )


def with_uv(*arguments: str | Path, folder: Path) -> None:
    """Run uv on its cache alone; where the cache lacks something, with the index."""
    done = ran([uv(), *arguments, "--offline"], folder)
    if done.returncode:
        done = ran([uv(), *arguments], folder)
    assert done.returncode == 0, done.stderr


def names_in(archive: Path) -> set[str]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return set(wheel.namelist())
    with tarfile.open(archive) as sdist:
        return {member.name.partition("/")[2] for member in sdist if member.isfile()}


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (ROOT / DIST / "index.html").exists():
        pytest.skip("the web app is not built")
    folder = tmp_path_factory.mktemp("sdist")
    with_uv("build", "--sdist", *BUILD, "--out-dir", folder, ROOT, folder=folder)
    (archive,) = folder.glob("*.tar.gz")
    return archive


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel that is made from the sdist, as an installer does it."""
    folder = tmp_path_factory.mktemp("wheel")
    with_uv("build", "--wheel", *BUILD, "--out-dir", folder, sdist, folder=folder)
    (archive,) = folder.glob("*.whl")
    return archive


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment with the wheel and some of its extras, and nothing else."""

    folder: Path

    def program(self, name: str) -> Path:
        return self.folder / "env" / "bin" / name

    def run(self, name: str, *arguments: str) -> str:
        done = ran([self.program(name), *arguments], self.folder)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def installed(wheel: Path, extras: str, folder: Path) -> Environment:
    environment = Environment(folder)
    with_uv("venv", "--no-project", "--python", sys.executable, "env", folder=folder)
    target = f"{wheel}[{extras}]" if extras else str(wheel)
    with_uv(
        *("pip", "install", "--python", environment.program("python")),
        *(*CONSTRAINTS, *BACK_ENDS, target),
        folder=folder,
    )
    return environment


def test_the_sdist_holds_every_file_of_the_checkout_and_the_web_app(sdist: Path) -> None:
    app = {file.relative_to(ROOT).as_posix() for file in (ROOT / DIST).rglob("*") if file.is_file()}
    assert len(app) > 10
    names = names_in(sdist)
    assert app <= names
    assert not {path.as_posix() for path in committed()} - names
    assert not [name for name in names if "node_modules" in name]


def test_a_wheel_is_the_same_from_the_sdist_and_from_the_checkout(
    sdist: Path, wheel: Path, tmp_path: Path
) -> None:
    with_uv("build", "--wheel", *BUILD, "--out-dir", tmp_path, ROOT, folder=tmp_path)
    (direct,) = tmp_path.glob("*.whl")
    names = names_in(wheel)
    assert names == names_in(direct)
    assert {name for name in names_in(sdist) if name.startswith(f"{DIST}/")} <= names
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == set(PACKAGES)
    assert not [
        name for name in names if name.startswith("cloud/web/") and not name.startswith(str(DIST))
    ]


def test_the_wheel_has_its_license_and_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        fields = Parser().parsestr(archive.read(metadata).decode())
        license_text = archive.read(metadata.replace("METADATA", "licenses/LICENSE")).decode()
    assert license_text == (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert fields["License-Expression"] == "Apache-2.0"
    assert fields["Author"] == "Smart Campus maintainers"
    assert fields["Keywords"]
    assert "Operating System :: POSIX :: Linux" in fields.get_all("Classifier", [])


def test_without_the_web_app_nothing_is_built(tmp_path: Path) -> None:
    checkout, out = tmp_path / "checkout", tmp_path / "out"
    for path in committed():
        copy = checkout / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, copy)
    for kind in ("--sdist", "--wheel"):
        done = ran([uv(), "build", kind, *BUILD, "--out-dir", out, checkout], tmp_path)
        assert done.returncode != 0
        assert "cloud/web/dist/index.html is missing" in done.stderr
        assert "run `make web` first" in done.stderr
        assert "Traceback" not in done.stderr
    assert not list(out.glob("smart_campus*"))


def test_every_extra_is_tried() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    assert {extra for tried in COMMANDS for extra in tried.split(",") if extra} == (
        extras.keys() - {"dev"}
    )


@pytest.mark.parametrize("extras", COMMANDS, ids=lambda extras: extras or "none")
def test_an_extra_alone_starts_its_commands(wheel: Path, tmp_path: Path, extras: str) -> None:
    environment = installed(wheel, extras, tmp_path)
    (tmp_path / "gateway.yaml").write_text(GATEWAY, encoding="utf-8")
    (tmp_path / "token").write_text("a-token", encoding="utf-8")
    for command in COMMANDS[extras]:
        environment.run(*command)
    code = "import device_profiles; print(device_profiles.__path__)"
    where = environment.run("python", "-c", code)
    assert str(tmp_path) in where


@contextmanager
def serving(environment: Environment) -> Iterator[str]:
    """Run the installed cloud; yield its address."""
    port = str(free_port())
    process = subprocess.Popen(
        [environment.program("campus-cloud"), "serve", "--data", "data", "--port", port],
        cwd=environment.folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        printed: list[str] = []
        for line in process.stdout:
            printed.append(line)
            if line.startswith("Smart Campus is at"):
                break
        else:
            pytest.fail(f"the cloud did not start: {printed}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0


def test_an_installed_cloud_serves_the_web_app(wheel: Path, tmp_path: Path) -> None:
    environment = installed(wheel, "cloud", tmp_path)
    with serving(environment) as address, httpx.Client(base_url=address) as client:
        page = client.get("/")
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert page.text == (ROOT / DIST / "index.html").read_text(encoding="utf-8")
        files = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
        assert any(file.endswith(".js") for file in files)
        for file in files:
            assert client.get(file).status_code == 200, file
        assert client.get("/api/v1/schools").json() == []
