import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from influxdb_client import InfluxDBClient  # type: ignore[attr-defined]  # not in __all__
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from openpyxl import load_workbook

from cloud.cli import main
from tests._parts.cloud_app import SCHOOL
from tests._parts.patience import PATIENCE_S
from tests._parts.ports import free_port

CAMPUS_CLOUD = str(Path(sys.executable).with_name("campus-cloud"))


class Cloud:
    """A `campus-cloud serve` of its own."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [CAMPUS_CLOUD, "serve", f"--data={self.data}", f"--port={self.port}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"CAMPUS_CLOUD_DUCKDB_MEMORY_MB": "128"},
        )
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line == f"Smart Campus is at {self.url}\n":
                return
        raise AssertionError(f"it did not start: {lines} {self.process.stderr}")

    @property
    def token(self) -> str:
        return (self.data / "token").read_text().strip()

    def end(self, how: signal.Signals) -> tuple[int, str]:
        self.process.send_signal(how)
        _, complaints = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, complaints

    def values(self) -> list[float]:
        answer = httpx.get(f"{self.url}/api/v1/export/readings", params={"school": SCHOOL})
        return [json.loads(line)["value"] for line in answer.text.splitlines()]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    cloud = Cloud(tmp_path)
    cloud.start()
    yield cloud
    if cloud.process.poll() is None:
        cloud.end(signal.SIGKILL)


@pytest.mark.real
def test_what_was_acknowledged_survives_a_kill(cloud: Cloud) -> None:
    acknowledged: list[float] = []
    enough = threading.Event()

    def write() -> None:
        headers = {"Authorization": f"Token {cloud.token}"}
        with httpx.Client(base_url=cloud.url, headers=headers) as client:
            for number in range(1, 100_000):
                line = f"reading,asset=A,school={SCHOOL} v={number} {number}"
                try:
                    answer = client.post("/api/v2/write?org=school&bucket=campus", content=line)
                except httpx.TransportError:
                    break
                assert answer.status_code == 204
                acknowledged.append(float(number))
                if number == 100:
                    enough.set()
        enough.set()

    writer = threading.Thread(target=write)
    writer.start()
    enough.wait()
    cloud.end(signal.SIGKILL)
    writer.join()
    cloud.start()
    stored = cloud.values()
    assert stored[: len(acknowledged)] == acknowledged
    assert len(stored) - len(acknowledged) <= 1
    assert cloud.end(signal.SIGTERM)[0] == 0


@pytest.mark.real
def test_a_stop_is_clean_while_someone_listens(cloud: Cloud) -> None:
    url = f"{cloud.url}/api/v1/schools/{SCHOOL}/live"
    httpx.post(
        f"{cloud.url}/api/v2/write?org=school&bucket=campus",
        content=f"reading,asset=A,school={SCHOOL} v=1",
        headers={"Authorization": f"Token {cloud.token}"},
    ).raise_for_status()
    with httpx.stream("GET", url, timeout=PATIENCE_S) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in stream.headers
        events = stream.iter_lines()
        assert next(events) == "event: state"
        assert json.loads(next(events).removeprefix("data: "))["assets"][0]["asset"] == "A"
        cloud.process.send_signal(signal.SIGTERM)
        assert list(events) == [""]
    _, complaints = cloud.process.communicate(timeout=PATIENCE_S)
    assert cloud.process.returncode == 0
    assert "Traceback" not in complaints


@pytest.mark.real
def test_influxdbs_own_client_writes_to_it(cloud: Cloud) -> None:
    with InfluxDBClient(cloud.url, cloud.token, org="school", enable_gzip=True) as client:
        assert client.ping()
        point = {
            "measurement": "reading",
            "tags": {"school": SCHOOL, "asset": "教室 1"},
            "fields": {"text": 'a "quoted", b=c', "on": True, "v": 1.5},
            "time": 1_700_000_000_000_000_000,
        }
        with client.write_api(write_options=SYNCHRONOUS) as api:
            api.write("campus", record=point)
            with pytest.raises(ApiException) as refused:
                api.write("campus", record="reading,bad")
            assert refused.value.status == 400
            assert refused.value.message == "unable to parse 'reading,bad': missing tag value"
            with pytest.raises(ApiException) as missing:
                api.write("nope", record="m v=1")
            assert missing.value.status == 404
    assert sorted(map(str, cloud.values())) == ["1.5", "True", 'a "quoted", b=c']


@pytest.mark.real
def test_a_second_cloud_on_the_same_data_says_why_it_cannot_start(cloud: Cloud) -> None:
    second = subprocess.run(
        [CAMPUS_CLOUD, "serve", f"--data={cloud.data}", "--port=0"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert second.returncode == 1
    assert "another process has this telemetry file open" in second.stderr
    assert "Traceback" not in second.stderr


@pytest.mark.real
def test_a_port_that_is_taken_is_named(cloud: Cloud, tmp_path: Path) -> None:
    second = subprocess.run(
        [CAMPUS_CLOUD, "serve", f"--data={tmp_path / 'other'}", f"--port={cloud.port}"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert second.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {cloud.port}" in second.stderr


@pytest.mark.real
def test_an_import_says_what_it_did_or_what_is_wrong(
    cloud: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = tmp_path / "学校.csv"
    good = "学校标识码,学校名称,区划代码,办学类型码,城乡类型\n2133100001,示范小学,331002,211,111\n"
    book.write_text(good)
    arguments = ["import", "schools", str(book), "--url", cloud.url]
    arguments += ["--token-file", str(cloud.data / "token")]
    assert main([*arguments, "--dry-run"]) == 0, capsys.readouterr()
    assert "would be applied: 1 rows, 1 new" in capsys.readouterr().out
    assert main(arguments) == 0
    assert "学校.csv: applied: 1 rows, 1 new" in capsys.readouterr().out
    assert main(arguments) == 0
    assert "1 unchanged" in capsys.readouterr().out
    book.write_text(good.replace("2133100001", "12345"))
    assert main(arguments) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "!row 2 学校标识码: " in lines[0]
    assert "refused: 1 rows" in lines[-1]
    assert main([*arguments, "--lang", "zh"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "！第 2 行 学校标识码：" in lines[0]
    assert lines[-1].startswith("学校.csv：未导入：1 行，")
    assert main([*arguments, "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["applied"], report["problems"][0]["column"]) == (False, "学校标识码")
    (tmp_path / "wrong").write_text("wrong")
    assert main([*arguments[:-1], str(tmp_path / "wrong")]) == 1
    assert "refused with 401" in capsys.readouterr().err


@pytest.mark.real
def test_keep_good_writes_the_other_rows_to_a_file(
    cloud: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = tmp_path / "学校.csv"
    lines = [
        "学校标识码,学校名称,区划代码,办学类型",
        "2133100009,甲,331002,完小",
        "12345,乙,331002,小学",
    ]
    book.write_text("\n".join([*lines, "合计,,,"]))
    arguments = ["import", "schools", str(book), "--url", cloud.url, "--keep-good"]
    arguments += ["--token-file", str(cloud.data / "token")]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "学校.csv: applied: 1 rows, 1 new" in printed
    assert "学校 办学类型: note: the heading " in printed
    assert "学校: note: skipped: a total (1 rows: 4)" in printed
    rest = tmp_path / "学校.refused.xlsx"
    assert f"{rest}: 1 rows that were left out" in printed
    titles, row = load_workbook(rest)["学校"].iter_rows(values_only=True)
    assert (row[0], row[1], titles[-1]) == (3, "12345", "问题 problem")
    other = tmp_path / "rest.xlsx"
    assert main([*arguments, "--refused", str(other), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["refused_rows"], report["refused_file"]["name"]) == (1, str(other))
    assert [
        note["rows"] for note in report["notes"] if note["code"] == "import.note.total_row"
    ] == [[4]]
    assert other.exists()


def test_an_import_into_nothing_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "token").write_text("secret")
    (tmp_path / "rooms.csv").write_text("a,b\n")
    url = f"http://127.0.0.1:{free_port()}"
    arguments = ["--url", url, "--token-file", str(tmp_path / "token")]
    assert main(["import", "rooms", str(tmp_path / "rooms.csv"), *arguments]) == 1
    assert "is the cloud running?" in capsys.readouterr().err
    assert main(["import", "rooms", str(tmp_path / "none.csv"), *arguments]) == 1
    assert "none.csv: No such file or directory" in capsys.readouterr().err


def test_wrong_use_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as wrong:
        main(["import", "chairs", "x.csv"])
    assert wrong.value.code == 2
    assert "invalid choice: 'chairs'" in capsys.readouterr().err
