"""A county's ledger through the ordinary importer: rows a second, new and again."""

import time
from collections.abc import Iterator

import pytest

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
