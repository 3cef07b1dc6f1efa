"""Buffer to server, over real HTTP."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from edge.backoff import Backoff
from edge.buffer.entry import Entry, Kind, Line
from edge.buffer.sqlite import SqliteBuffer
from edge.clock import SystemClock
from edge.errors import UplinkUnavailable
from edge.uplink.drain import Drain
from edge.uplink.influx import InfluxWriter
from tests._parts.certificates import Authority
from tests._parts.ports import free_port
from tests._parts.uplink_server import OK, Answer, UplinkServer, problem, uplink_server


@pytest.fixture
def end() -> Iterator[UplinkServer]:
    with uplink_server() as running:
        yield running


@pytest.fixture
async def buffer(tmp_path: Path) -> AsyncIterator[SqliteBuffer]:
    async with SqliteBuffer(tmp_path / "buffer.db", clock=SystemClock()) as opened:
        yield opened


def writer(url: str, *, timeout_s: float = 10.0, **way: Any) -> InfluxWriter:
    return InfluxWriter(
        url=url,
        org="school",
        bucket="campus",
        token="t",
        timeout_s=timeout_s,
        clock=SystemClock(),
        **way,
    )


def drain(
    buffer: SqliteBuffer, url: str, *, batch: int = 2000, timeout_s: float = 10.0, **way: Any
) -> Drain:
    return Drain(
        buffer,
        writer(url, timeout_s=timeout_s, **way),
        clock=SystemClock(),
        random=Random(1),
        batch_lines=batch,
        linger_s=0.0,
        first_retry_s=0.01,
        slow_retry_s=60.0,
    )


async def fill(buffer: SqliteBuffer, number: int, word: str = "good") -> list[str]:
    lines = [f"reading,asset={word} n={n} {n + 1}" for n in range(number)]
    await buffer.append(Entry([Line(Kind.READING, line) for line in lines]))
    return lines


async def test_everything_is_sent_once_in_order_as_influxdb_wants_it(
    buffer: SqliteBuffer, end: UplinkServer
) -> None:
    lines = await fill(buffer, 250)
    assert await drain(buffer, end.url, batch=100).send_all() is None
    assert end.stored == lines
    assert [len(sent) for _, _, sent in end.requests] == [100, 100, 50]
    headers, path, _ = end.requests[0]
    assert headers["authorization"] == "Token t"
    assert headers["content-encoding"] == "gzip"
    assert path == "/api/v2/write?org=school&bucket=campus&precision=ns"
    assert (await buffer.state()).lines == 0


@pytest.mark.parametrize("status", [400, 422])
async def test_refused_lines_are_found_and_the_rest_is_stored(
    buffer: SqliteBuffer, end: UplinkServer, status: int
) -> None:
    def answer(lines: list[str]) -> Answer:
        if any("bad" in line for line in lines):
            if status == 422:
                end.stored.extend(line for line in lines if "bad" not in line)
            return problem(status, "invalid", "unable to parse 'bad': missing tag value")
        return OK

    end.answer = answer
    await fill(buffer, 20)
    await fill(buffer, 2, "bad")
    lines = await fill(buffer, 20)
    sender = drain(buffer, end.url)
    assert await sender.send_all() is None
    assert sorted(set(end.stored)) == sorted(lines)
    refused = await buffer.list_set_aside()
    assert [line.text for line in reversed(refused)] == [
        "reading,asset=bad n=0 1",
        "reading,asset=bad n=1 2",
    ]
    assert refused[0].status == status
    assert "missing tag value" in refused[0].problem
    assert "set aside" in sender.report.last_error
    assert (await buffer.state()).lines == 0


@pytest.mark.parametrize(
    "too_large",
    [
        problem(413, "request too large", "too large"),
        (413, {}, "<html><body><h1>413 Request Entity Too Large</h1></body></html>"),
        (413, {}, ""),
        (413, {"Retry-After": "60"}, "Payload Too Large"),
        (413, {}, '{"error": {"code": 413}}'),
        None,  # the connection is closed while the request is being sent
    ],
    ids=["InfluxDB's", "a page", "nothing", "text", "other JSON", "cut"],
)
async def test_batch_that_is_too_large_is_halved_and_later_ones_are_smaller(
    buffer: SqliteBuffer, end: UplinkServer, too_large: Answer | None
) -> None:
    end.answer = lambda lines: OK if len(lines) <= 30 else too_large
    lines = await fill(buffer, 200)
    sender = drain(buffer, end.url, batch=100)
    while await sender.send_all() is not None:
        pass
    assert end.stored == lines
    assert max(len(sent) for _, _, sent in end.requests[5:]) <= 50
    assert (await buffer.state()).set_aside == 0


async def test_a_server_of_ones_own_authority_is_believed_and_no_other(
    buffer: SqliteBuffer, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("server"))
    lines = await fill(buffer, 5)
    with uplink_server(context) as secure:
        assert await drain(buffer, secure.url).send_all() is not None
        known = drain(buffer, secure.url, ca_file=authority.ca_file)
        assert await known.send_all() is None
        assert secure.stored == lines


async def test_requests_go_through_a_proxy_with_its_password(
    buffer: SqliteBuffer, end: UplinkServer
) -> None:
    lines = await fill(buffer, 5)
    proxy = end.url.replace("://", "://gate:p%40ss@")
    assert await drain(buffer, "http://cloud.invalid:8090", proxy=proxy).send_all() is None
    assert end.stored == lines
    headers, path, _ = end.requests[0]
    assert path.startswith("http://cloud.invalid:8090/api/v2/write?")
    assert headers["proxy-authorization"] == f"Basic {b64encode(b'gate:p@ss').decode()}"


async def test_retry_after_is_honoured(buffer: SqliteBuffer, end: UplinkServer) -> None:
    end.answer = lambda _: problem(503, "unavailable", "wait", Retry_After="37")
    await fill(buffer, 5)
    wait_s = await drain(buffer, end.url).send_all()
    assert wait_s is not None
    assert 37 <= wait_s <= 37 * 1.2
    assert (await buffer.state()).lines == 5


@pytest.mark.parametrize(
    ("answer", "problem_text"),
    [
        (problem(401, "unauthorized", "unauthorized access"), "refuses the token (401)"),
        (problem(404, "not found", 'bucket "campus" not found'), "knows no bucket 'campus'"),
        ((400, {}, "<html>a proxy</html>"), "not as InfluxDB does"),
        ((302, {"Location": "http://127.0.0.1:1/"}, ""), "127.0.0.1"),
    ],
)
async def test_wrong_configuration_waits_long_is_reported_and_loses_nothing(
    buffer: SqliteBuffer, end: UplinkServer, answer: Answer, problem_text: str
) -> None:
    end.answer = lambda _: answer
    lines = await fill(buffer, 5)
    sender = drain(buffer, end.url)
    wait_s = await sender.send_all()
    assert wait_s is not None
    if answer[0] != 302:
        assert wait_s >= 30
    assert problem_text in sender.report.last_error
    assert not sender.report.is_up
    end.answer = lambda _: OK
    assert await sender.send_all() is None
    assert end.stored == lines
    assert sender.report.is_up


async def test_server_error_dropped_connection_and_closed_port_are_waited_out(
    buffer: SqliteBuffer, end: UplinkServer
) -> None:
    lines = await fill(buffer, 5)
    sender = drain(buffer, end.url)
    answers: list[Answer | None] = [problem(500, "internal error", "no"), None, OK]
    end.answer = lambda _: answers.pop(0)
    assert await sender.send_all() is not None
    assert "500" in sender.report.last_error
    assert await sender.send_all() is not None
    assert await sender.send_all() is None
    assert end.stored == lines
    await fill(buffer, 1)
    closed = drain(buffer, f"http://127.0.0.1:{free_port()}")
    assert await closed.send_all() is not None
    assert "refused" in closed.report.last_error


async def test_black_hole_is_left_after_the_timeout(
    buffer: SqliteBuffer, end: UplinkServer
) -> None:
    end.black_hole.set()
    lines = await fill(buffer, 5)
    sender = drain(buffer, end.url, timeout_s=0.3)
    assert await sender.send_all() is not None
    assert "time" in sender.report.last_error.lower()
    end.black_hole.clear()
    assert await sender.send_all() is None
    assert set(end.stored) == set(lines)


async def test_after_an_outage_new_lines_go_before_the_backlog(
    buffer: SqliteBuffer, end: UplinkServer
) -> None:
    end.answer = lambda _: problem(503, "unavailable", "down")
    await fill(buffer, 30, "old")
    sender = drain(buffer, end.url, batch=10)
    running = asyncio.create_task(sender.run())
    assert await asyncio.to_thread(end.until, lambda: len(end.requests) > 2)

    async def add_new() -> None:
        await fill(buffer, 5, "new")

    loop = asyncio.get_running_loop()

    def answer(lines: list[str]) -> Answer:
        if len(end.requests) >= 3 and not end.stored and "old" in lines[0]:
            # While the first batch of the backlog is on its way something new comes in.
            asyncio.run_coroutine_threadsafe(add_new(), loop).result()
        return OK

    end.answer = answer
    assert await asyncio.to_thread(end.until, lambda: len(end.stored) == 35)
    running.cancel()
    kinds = [line.split("=")[1].split()[0] for line in end.stored]
    assert kinds == ["old"] * 10 + ["new"] * 5 + ["old"] * 20


async def test_drain_wakes_up_for_new_lines(buffer: SqliteBuffer, end: UplinkServer) -> None:
    running = asyncio.create_task(drain(buffer, end.url).run())
    for number in range(1, 4):
        await fill(buffer, 1)
        assert await asyncio.to_thread(end.until, partial(_has_stored, end, number))
    running.cancel()


def _has_stored(end: UplinkServer, number: int) -> bool:
    return len(end.stored) == number


def test_closed_port_is_one_sentence() -> None:
    port = free_port()
    with pytest.raises(UplinkUnavailable, match=f"127.0.0.1:{port}: .*refused"):
        writer(f"http://127.0.0.1:{port}").write(b"a b=1 1")


def test_waits_double_are_jittered_and_bounded() -> None:
    backoff = Backoff(random=Random(7), first_s=1.0, longest_s=60.0)
    waits = [backoff.next_s() for _ in range(40)]
    for number, wait_s in enumerate(waits):
        full = min(60.0, 2.0**number)
        assert full / 2 <= wait_s <= full
    assert len(set(waits)) == 40
    backoff.reset()
    assert backoff.next_s() <= 1.0
