"""What everything that takes our points has to do: the cloud and a real InfluxDB 2 alike."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from device_profiles.points import line
from device_profiles.reading import Value
from edge.clock import SystemClock
from edge.errors import BatchRejected, UplinkRefused, UplinkUnavailable
from edge.uplink.influx import InfluxWriter
from tests._parts.patience import PATIENCE_S
from tests._parts.write_servers import BUCKET, ORG, SCHOOL, Stored, WriteServer

pytestmark = pytest.mark.real
AT = 1_760_000_000_000_000_000


def _writer(
    server: WriteServer,
    *,
    token: str | None = None,
    bucket: str = BUCKET,
    on_time: Callable[[datetime | None], None] | None = None,
) -> InfluxWriter:
    return InfluxWriter(
        url=server.url,
        org=ORG,
        bucket=bucket,
        token=server.token if token is None else token,
        timeout_s=PATIENCE_S,
        clock=SystemClock(),
        on_time=on_time,
    )


def _line(asset: str, fields: dict[str, Value], time_ns: int = AT) -> str:
    tags = {"school": SCHOOL, "room": "101", "asset": asset, "category": "display", "profile": "p"}
    return line("reading", tags, fields, time_ns)


def _body(*lines: str) -> bytes:
    return "\n".join(lines).encode()


def _stored(server: WriteServer, asset: str) -> list[Stored]:
    return [reading for reading in server.readings() if reading.asset == asset]


@pytest.fixture
def asset() -> str:
    return f"A-{uuid4().hex[:12]}"


def _post(
    server: WriteServer, body: bytes, headers: dict[str, str] | None = None, **query: str
) -> httpx.Response:
    return httpx.post(
        f"{server.url}/api/v2/write",
        params={"org": ORG, "bucket": BUCKET, "precision": "ns", **query},
        headers={"Authorization": f"Token {server.token}", **(headers or {})},
        content=body,
        timeout=PATIENCE_S,
    )


def test_what_was_written_is_read_back(server: WriteServer, asset: str) -> None:
    _writer(server).write(
        _body(_line(asset, {"power": 85.5}), _line(asset, {"power": 0.1}, AT + 1000))
    )
    assert _stored(server, asset) == [
        Stored(asset, "power", AT, 85.5),
        Stored(asset, "power", AT + 1000, 0.1),
    ]


def test_a_write_is_answered_with_204_and_nothing(server: WriteServer, asset: str) -> None:
    answer = _post(server, _line(asset, {"power": 1.0}).encode())
    assert (answer.status_code, answer.content) == (204, b"")


def test_gzip_and_other_precisions_are_taken(server: WriteServer, asset: str) -> None:
    body = gzip.compress(_line(asset, {"power": 7.0}, AT // 1_000_000_000).encode())
    assert _post(server, body, {"Content-Encoding": "gzip"}, precision="s").status_code == 204
    assert _stored(server, asset) == [Stored(asset, "power", AT, 7.0)]


@pytest.mark.parametrize(
    "value",
    ["recording", 'a "b", \\ and = too', "录播中", "two words", True, False, -0.5, 1e300],
)
def test_strings_and_booleans_keep_their_value(
    server: WriteServer, asset: str, value: Value
) -> None:
    _writer(server).write(_body(_line(asset, {f"point_of_{type(value).__name__}": value})))
    assert [reading.value for reading in _stored(server, asset)] == [value]


@pytest.mark.parametrize("text", ["\\", "C:\\", "C:\\\\", '\\"', "a\\\nb", "line\r\nbreak\\"])
def test_case_influxdb_client_28_a_string_that_ends_in_a_backslash_reads_back_equal(
    server: WriteServer, asset: str, text: str
) -> None:
    after = _line(asset, {"power": 1.0}, AT + 1000)
    _writer(server).write(_body(_line(asset, {"source": text}), after))
    assert _stored(server, asset) == [
        Stored(asset, "power", AT + 1000, 1.0),
        Stored(asset, "source", AT, text),
    ]


@pytest.mark.parametrize("between", ["\n", "\r\n", "\n\n", "\\\n"])
def test_case_influxdb_java_578_a_line_break_in_a_tag_makes_no_second_measurement(
    server: WriteServer, asset: str, between: str
) -> None:
    text = _line(f"{asset}{between}usage,asset=x active_s=1", {"power": 1.0})
    assert "\n" not in text
    _writer(server).write(_body(text))
    readings = [reading for reading in server.readings() if reading.asset.startswith(asset)]
    assert [(reading.point, reading.value) for reading in readings] == [("power", 1.0)]
    (tag,) = {reading.asset for reading in readings}
    assert tag.endswith(" usage,asset=x active_s=1")


def test_a_tag_that_ends_in_a_backslash_takes_nothing_of_the_next(
    server: WriteServer, asset: str
) -> None:
    _writer(server).write(_body(_line(f"{asset}\\", {"power": 1.0})))
    assert [reading.point for reading in _stored(server, asset)] == ["power"]


def test_every_response_states_the_time_to_a_gateway(server: WriteServer, asset: str) -> None:
    """A gateway that writes to InfluxDB itself has a reference for its clock too."""
    stated: list[datetime | None] = []
    writer = _writer(server, on_time=stated.append)
    before = datetime.now(UTC) - timedelta(seconds=2)  # stated in whole seconds
    writer.ask_time()
    writer.write(_body(_line(asset, {"power": 1.0})))
    with pytest.raises(BatchRejected):
        writer.write(b"no line")
    with pytest.raises(UplinkRefused):
        _writer(server, token="wrong", on_time=stated.append).write(
            _body(_line(asset, {"power": 2.0}))
        )
    assert len(stated) == 4
    assert all(at is not None and before <= at <= datetime.now(UTC) for at in stated)


def test_tags_with_spaces_commas_and_chinese_are_kept(server: WriteServer) -> None:
    asset = f"大屏 1,东楼={uuid4().hex[:8]}"
    _writer(server).write(_body(_line(asset, {"power": 1.0})))
    assert [reading.asset for reading in _stored(server, asset)] == [asset]


def test_the_same_batch_twice_changes_nothing(server: WriteServer, asset: str) -> None:
    body = _body(
        *(_line(asset, {"power": float(n), "current": 0.5}, AT + n) for n in range(0, 50_000, 1000))
    )
    _writer(server).write(body)
    once = _stored(server, asset)
    _writer(server).write(body)
    assert _stored(server, asset) == once
    assert len(once) == 100


def test_a_field_that_changes_type_is_refused_by_name_and_the_rest_is_stored(
    server: WriteServer, asset: str
) -> None:
    point = f"level_{uuid4().hex[:8]}"
    writer = _writer(server)
    writer.write(_body(_line(asset, {point: 1.0})))
    with pytest.raises(BatchRejected, match=f'type conflict.*"{point}"') as refused:
        writer.write(
            _body(
                _line(asset, {point: "high"}, AT + 1000),
                _line(asset, {"power": 3.0}, AT + 2000),
            )
        )
    assert refused.value.status == 422
    assert {(reading.point, reading.value) for reading in _stored(server, asset)} == {
        (point, 1.0),
        ("power", 3.0),
    }


def test_a_line_that_cannot_be_parsed_is_named_and_nothing_of_its_batch_is_stored(
    server: WriteServer, asset: str
) -> None:
    with pytest.raises(BatchRejected, match="unable to parse 'reading,bad'") as refused:
        _writer(server).write(_body(_line(asset, {"power": 1.0}), "reading,bad"))
    assert refused.value.status == 400
    assert _stored(server, asset) == []


@pytest.mark.parametrize(
    "text",
    [
        "reading",
        "reading,asset=a",
        "reading,asset=a power=",
        "reading,asset=a power=x 1",
        'reading,asset=a power="open 1',
        "reading,asset= power=1 1",
        "reading,=a power=1 1",
        "reading,asset=a power=1 notatime",
        "reading,asset=a power=NaN 1",
        "reading,asset=a power=1e999 1",
        "reading,asset=a power=1,=2 1",
        "\x00\x01\x02",
    ],
)
def test_malformed_lines_are_answered_with_400_and_one_sentence(
    server: WriteServer, text: str
) -> None:
    answer = _post(server, text.encode())
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == "invalid"
    assert answer.json()["message"].startswith("unable to parse ")


def test_a_wrong_token_is_401(server: WriteServer, asset: str) -> None:
    answer = _post(server, _line(asset, {"power": 1.0}).encode(), {"Authorization": "Token no"})
    assert answer.status_code == 401
    assert answer.json() == {"code": "unauthorized", "message": "unauthorized access"}
    with pytest.raises(UplinkRefused, match="refuses the token"):
        _writer(server, token="no").write(_line(asset, {"power": 1.0}).encode())
    assert _stored(server, asset) == []


def test_an_unknown_bucket_is_404(server: WriteServer, asset: str) -> None:
    answer = _post(server, _line(asset, {"power": 1.0}).encode(), bucket="nope")
    assert answer.status_code == 404
    assert answer.json() == {"code": "not found", "message": 'bucket "nope" not found'}
    with pytest.raises(UplinkRefused, match="bucket"):
        _writer(server, bucket="nope").write(_line(asset, {"power": 1.0}).encode())


def test_a_server_killed_has_kept_all_that_it_acknowledged(own_server: WriteServer) -> None:
    writer = _writer(own_server)
    acknowledged = []
    for round_number in range(3):
        for n in range(40):
            at = AT + (round_number * 40 + n) * 1000
            writer.write(_body(*(_line(f"K-{k}", {"power": float(n)}, at) for k in range(5))))
            acknowledged += [Stored(f"K-{k}", "power", at, float(n)) for k in range(5)]
        own_server.kill()
        with pytest.raises(UplinkUnavailable):
            writer.write(_line("K-0", {"power": 1.0}, AT).encode())
        own_server.start()
    acknowledged.sort(key=lambda s: (s.asset, s.point, s.time_ns))
    assert own_server.readings() == acknowledged
