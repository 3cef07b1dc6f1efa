import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.errors import LineProtocolError
from cloud.telemetry.line_protocol import Batch, FieldType, Parser
from device_profiles.points import line
from device_profiles.reading import Value

NOW_NS = 1_700_000_000_123_456_789


def rows(body: str | bytes, precision: str = "ns") -> list[tuple[object, ...]]:
    content = body if isinstance(body, bytes) else body.encode()
    return as_rows(Parser().parse(content, precision=precision, now_ns=NOW_NS))


def as_rows(batch: Batch) -> list[tuple[object, ...]]:
    return [
        (key.measurement, dict(key.tags), name, kind.value, number if text is None else text, at)
        for key, name, kind, number, text, at in zip(
            batch.series,
            batch.fields,
            batch.types,
            batch.numbers,
            batch.texts,
            batch.times,
            strict=True,
        )
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m v=1 7", [("m", {}, "v", "float", 1.0, 7)]),
        ("m v=-1.5e3 7", [("m", {}, "v", "float", -1500.0, 7)]),
        ("m v=42i 7", [("m", {}, "v", "integer", 42.0, 7)]),
        ("m v=42u 7", [("m", {}, "v", "unsigned", 42.0, 7)]),
        ("m v=t,w=FALSE 7", [("m", {}, "v", "boolean", 1, 7), ("m", {}, "w", "boolean", 0, 7)]),
        ('m v="a, b=c" 7', [("m", {}, "v", "string", "a, b=c", 7)]),
        ('m v="a\nb" 7', [("m", {}, "v", "string", "a\nb", 7)]),
        ('m v="a\n#b\n\nc",w=1 7\nm v="" 8', [
            ("m", {}, "v", "string", "a\n#b\n\nc", 7),
            ("m", {}, "w", "float", 1.0, 7),
            ("m", {}, "v", "string", "", 8),
        ]),
        (r'm v="a\"b\\c\d" 7', [("m", {}, "v", "string", r'a"b\c' + "\\d", 7)]),
        (r"a\ b\,c,k\=1=v\ \=\,2 v=1 7", [("a b,c", {"k=1": "v =,2"}, "v", "float", 1.0, 7)]),
        (r"m,path=C:\dir v=1 7", [("m", {"path": r"C:\dir"}, "v", "float", 1.0, 7)]),
        ('m,q="x" v=1 7', [("m", {"q": '"x"'}, "v", "float", 1.0, 7)]),
        ("m,b=2,a=1 v=1 7", [("m", {"a": "1", "b": "2"}, "v", "float", 1.0, 7)]),
        ("m,a=教室\u3000一  v=1  7", [("m", {"a": "教室\u3000一"}, "v", "float", 1.0, 7)]),
        ("# a comment\n\n \r\nm v=1 7\r\n", [("m", {}, "v", "float", 1.0, 7)]),
        ("m v=1", [("m", {}, "v", "float", 1.0, NOW_NS)]),
        ("", []),
    ],
)  # fmt: skip
def test_what_a_line_means(text: str, expected: list[tuple[object, ...]]) -> None:
    assert rows(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("reading,bad", "missing tag value"),
        ("m,=x v=1", "missing tag key"),
        ("m,a= v=1", "missing tag value"),
        ("m,a=1=2 v=1", "invalid tag format"),
        ("m,a=1,a=2 v=1", "duplicate tags"),
        (",a=1 v=1", "missing measurement"),
        ("m", "missing fields"),
        ("m v", "missing field value"),
        ("m v=", "missing field value"),
        ("m =1", "missing field key"),
        ("m v=1,", "missing field key"),
        ("m v=abc", "invalid number"),
        ("m v=1_000", "invalid number"),
        ("m v=NaN", "invalid number"),
        ("m v=1e999", "invalid number"),
        ("m v=truth", "invalid boolean"),
        ("m v=1.5i", "invalid number"),
        ("m v=9223372036854775808i", "value out of range"),
        ("m v=-1u", "value out of range"),
        ('m v="open', "unbalanced quotes"),
        ('m v="x"y 7', "invalid field format"),
        ("m v=1 soon", "bad timestamp"),
        ("m v=1 7 8", "bad timestamp"),
        ("m v=1 9223372036854775808", "time outside range"),
        (r"m\ a,b", "missing tag value"),
    ],
)
def test_a_bad_line_is_named_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(LineProtocolError) as refused:
        rows(f"m v=1\n{text}")
    assert str(refused.value) == f"unable to parse '{text}': {reason}"
    assert refused.value.number == 2


def test_bytes_that_are_not_text_are_refused() -> None:
    with pytest.raises(LineProtocolError, match="not UTF-8") as refused:
        rows(b"m v=1\nm,a=\xff v=1")
    assert refused.value.number == 2


@pytest.mark.parametrize(
    ("precision", "expected"), [("ns", 7), ("us", 7_000), ("ms", 7_000_000), ("s", 7_000_000_000)]
)
def test_precision_scales_the_time(precision: str, expected: int) -> None:
    assert rows("m v=1 7", precision)[0][-1] == expected


def test_the_servers_time_is_cut_to_the_precision() -> None:
    assert rows("m v=1", "s")[0][-1] == 1_700_000_000_000_000_000


words = st.text(
    st.characters(codec="utf-8", exclude_characters="\n\r\\\0"), min_size=1, max_size=12
)
values = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20),
)


@given(
    measurement=words.filter(lambda text: not text.strip(" \t").startswith("#")),
    tags=st.dictionaries(words, words, max_size=4),
    fields=st.dictionaries(words, values, min_size=1, max_size=4),
    at=st.integers(-(2**60), 2**60),
)
def test_what_we_write_is_what_we_read(
    measurement: str, tags: dict[str, str], fields: dict[str, Value], at: int
) -> None:
    measurement = "m" + measurement
    batch = Parser().parse(line(measurement, tags, fields, at).encode(), now_ns=0)
    kinds = {bool: FieldType.BOOLEAN, str: FieldType.STRING, float: FieldType.FLOAT}
    assert as_rows(batch) == [
        (measurement, tags, name, kinds[type(value)], value, at) for name, value in fields.items()
    ]


@given(st.text(st.sampled_from('ab,= "\\\n#1it'), max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with contextlib.suppress(LineProtocolError):
        rows(text)
