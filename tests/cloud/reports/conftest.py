"""A PDF as text and as fonts, by poppler."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def text_in(tmp_path: Path) -> Callable[[bytes], str]:
    if shutil.which("pdftotext") is None:
        pytest.skip("poppler-utils is not installed: no PDF is read")

    def read(content: bytes) -> str:
        path = tmp_path / "report.pdf"
        path.write_bytes(content)
        command = ["pdftotext", "-raw", str(path), "-"]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout

    return read


@pytest.fixture
def fonts_in(tmp_path: Path) -> Callable[[bytes], list[list[str]]]:
    if shutil.which("pdffonts") is None:
        pytest.skip("poppler-utils is not installed: no PDF is read")

    def read(content: bytes) -> list[list[str]]:
        path = tmp_path / "report.pdf"
        path.write_bytes(content)
        command = ["pdffonts", str(path)]
        listing = subprocess.run(command, capture_output=True, check=True, text=True).stdout
        return [line.split() for line in listing.splitlines()[2:]]

    return read
