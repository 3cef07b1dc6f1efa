"""A county's ledger through the ordinary importer: rows a second, new and again."""

import datetime as dt
import io
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from cloud.registry.importing.importer import import_file
from cloud.registry.store import Registry

SCHOOLS, ASSETS = 100, 450
HEADER = (
    "school,asset_no,name,category,classification_code,classification_list,model,brand,tag,device,"
    "unit,quantity,original_value_yuan,acquisition,acquired,booked,condition,location,department,"
    "custodian,supplier,warranty_until,life_years,funding,assessed\n"
)


def assets() -> Iterator[str]:
    yield HEADER
    for school in range(SCHOOLS):
        for n in range(ASSETS):
            yield (
                f"21331{school:05d},A-{n:04d},交互智能平板,display,A02020800,GB/T 14885-2022,"
                f"86MR7A,海信,TAG{school}{n},,台,1,{9000 + n},购置,2024-0{n % 9 + 1}-11,2024-10-09,"
                f"{n % 3 + 1},{n % 40},信息中心,陈老师,供货商,2027-09-11,6,1,\n"
            )


@pytest.mark.benchmark
def test_a_countys_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    registry = Registry.open("sqlite://")
    names = "".join(f"21331{n:05d},小学{n},331002,211\n" for n in range(SCHOOLS))
    rooms = "".join(f"21331{n:05d},{room}\n" for n in range(SCHOOLS) for room in range(40))
    for kind, text in (
        ("schools", f"school,name,division,school_type\n{names}"),
        ("rooms", f"school,room\n{rooms}"),
    ):
        assert import_file(registry, kind, text.encode(), "a.csv").applied
    content = "".join(assets()).encode()
    took = []
    for _ in range(2):
        start = time.perf_counter()
        report = import_file(registry, "assets", content, "assets.csv")
        took.append(time.perf_counter() - start)
        assert report.applied
    registry.close()
    with capsys.disabled():
        print(  # noqa: T201  the figure is what a benchmark is for
            f"\nimport of {report.rows:,} assets: {report.rows / took[0]:,.0f} rows/s, "
            f"again {report.rows / took[1]:,.0f} rows/s"
        )


def workbook(rows: int) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("资产")
    sheet.append(HEADER.strip().split(","))
    for line in list(assets())[1 : rows + 1]:
        cells: list[str | int | float | dt.date] = [*line.strip().split(",")]
        cells[12] = float(line.split(",")[12])
        cells[14] = dt.date(2024, 9, 11)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.benchmark
def test_a_workbook_of_10_000_rows(capsys: pytest.CaptureFixture[str]) -> None:
    """Processor time of a whole import, next to that of openpyxl for reading the cells alone."""
    registry = Registry.open("sqlite://")
    schools = "".join(f"21331{n:05d},小学{n},331002,211\n" for n in range(SCHOOLS))
    rooms = "".join(f"21331{n:05d},{room}\n" for n in range(SCHOOLS) for room in range(40))
    for kind, text in (
        ("schools", f"school,name,division,school_type\n{schools}"),
        ("rooms", f"school,room\n{rooms}"),
    ):
        assert import_file(registry, kind, text.encode(), "a.csv").applied
    content = workbook(10_000)
    start = time.process_time()
    report = import_file(registry, "assets", content, "assets.xlsx")
    ours = time.process_time() - start
    assert (report.applied, report.rows) == (True, 10_000)
    start = time.process_time()
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    cells = sum(len(row) for sheet in book.worksheets for row in sheet.iter_rows(values_only=True))
    reading = time.process_time() - start
    assert cells > report.rows
    registry.close()
    with capsys.disabled():
        print(  # noqa: T201  the figure is what a benchmark is for
            f"\nimport of a workbook of {report.rows:,} rows: {ours:.2f} s of processor time; "
            f"openpyxl reads its cells in {reading:.2f} s"
        )


_READERS = {
    "this reader": "sum(len(sheet.rows) for sheet in read(content, 'a.xlsx'))",
    "openpyxl, read_only": "cells(load_workbook(io.BytesIO(content), read_only=True))",
    "openpyxl, whole workbook": "cells(load_workbook(io.BytesIO(content)))",
}
_READ = """
import io, sys, time
from openpyxl import load_workbook
from cloud.registry.importing.spreadsheet import read
def cells(book): return sum(1 for sheet in book.worksheets for _ in sheet.iter_rows())
content = open(sys.argv[1], "rb").read()
start = time.process_time()
rows = {expression}
took = time.process_time() - start
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
peak_mb = int(peak.split()[1]) // 1024
print(f"{{rows:,}} rows, {{took:.2f}} s of processor time, {{peak_mb}} MB at most")
"""


@pytest.mark.benchmark
def test_readers_of_a_workbook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Processor time and memory of reading 10,000 rows, in a process each."""
    path = tmp_path / "assets.xlsx"
    path.write_bytes(workbook(10_000))
    for name, expression in _READERS.items():
        script = _READ.format(expression=expression)
        done = subprocess.run(
            [sys.executable, "-c", script, path], capture_output=True, text=True, check=True
        )
        assert done.stdout.startswith("10,001 rows")
        with capsys.disabled():
            print(f"\n{name}: {done.stdout.strip()}")  # noqa: T201  as above
