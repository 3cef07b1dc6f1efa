"""Measure the set-up of a fresh clone with empty caches, and print it as a table.

    make setup-report ARGS="--keep-cache"

Clones what is committed into a temporary folder, gives uv, pip and npm empty caches there, runs
`make demo` until its page answers, stops it, runs it again, and removes all of it. Nothing but
Python's standard library is used: there is no environment yet.
"""

import argparse
import contextlib
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
WAIT_S = 1800
STEP = re.compile(r"^ *(\d+\.\d) s  (.+)$")


@dataclass
class Start:
    """One `make demo`, from the command to its page."""

    seconds: float = 0.0
    steps: list[tuple[float, str]] = field(default_factory=list)


def main() -> int:
    """Measure, print the table, clean up; 1 where the demo did not start."""
    parser = argparse.ArgumentParser(description="Measure the set-up of a fresh clone.")
    parser.add_argument("--keep-cache", action="store_true", help="use this user's caches")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="smart-campus-setup-"))
    try:
        return _measure(folder, is_cached=arguments.keep_cache)
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(folder: Path, *, is_cached: bool) -> int:
    clone = folder / "clone"
    environment = dict(os.environ)
    if not is_cached:
        environment |= {
            "CAMPUS_CACHE": str(folder / "tools"),
            "UV_CACHE_DIR": str(folder / "uv"),
            "PIP_CACHE_DIR": str(folder / "pip"),
            "npm_config_cache": str(folder / "npm"),
        }
    before = os.getloadavg()[0]
    began = time.monotonic()
    subprocess.run(["git", "clone", "--quiet", "--no-local", str(ROOT), str(clone)], check=True)
    cloned = time.monotonic() - began
    first = _until_page(clone, environment)
    second = _until_page(clone, environment) if first else None
    if first is None or second is None:
        return 1
    sizes = {name: _megabytes(clone / name) for name in (".venv", "cloud/web/node_modules")}
    print(f"\n{_conditions(before, is_cached=is_cached)}\n")
    print("| Step | Seconds |\n| --- | ---: |")
    print(f"| git clone | {cloned:.1f} |")
    for seconds, text in first.steps:
        print(f"| {text} | {seconds:.1f} |")
    print(f"| **from clone to the demo's page** | **{cloned + first.seconds:.0f}** |")
    print(f"| second start | {second.seconds:.1f} |")
    print("\n| Folder | MB |\n| --- | ---: |")
    for name, size in sizes.items():
        print(f"| `{name}` | {size} |")
    print(f"| **together** | **{sum(sizes.values())}** |")
    return 0


def _until_page(clone: Path, environment: dict[str, str]) -> Start | None:
    """Run `make demo` until its page answers, then stop it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = Start()
    began = time.monotonic()
    process = subprocess.Popen(
        ["make", "--no-print-directory", "demo", f"ARGS=--port {port}"],
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if step := STEP.match(line):
                start.steps.append((float(step[1]), step[2].partition(": ")[0].strip()))
            if "Ctrl-C stops it" in line:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=WAIT_S) as page:
                    page.read()
                start.seconds = time.monotonic() - began
                return start
        print(f"setup-report: the demo did not start ({process.wait()})", file=sys.stderr)
        return None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        if process.stdout is not None:
            process.stdout.read()
        process.wait()


def _megabytes(folder: Path) -> int:
    """Return what a folder takes on the disk, in units of 2**20 bytes, as `du -sm` has it."""
    done = subprocess.run(["du", "-sm", str(folder)], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[0])


def _conditions(load: float, *, is_cached: bool) -> str:
    caches = "with this user's caches" if is_cached else "with empty caches"
    return (
        f"{caches.capitalize()}, {os.cpu_count()} processors ({platform.machine()}), "
        f"load {load:.1f} before, Python {platform.python_version()}."
    )


if __name__ == "__main__":
    sys.exit(main())
