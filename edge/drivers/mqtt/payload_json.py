"""JSON as devices send it: a member that cannot be read is lost alone. Pure.

Nothing is guessed. What is not JSON becomes `Broken` in its place, and what is around it is read:
`nan` and other bare words, a value that is missing, a name that is given twice, text in another
encoding than UTF-8, control characters in a text. A byte order mark is obeyed; blanks and zero
bytes after the payload do not count. A payload that is cut short is refused whole: its last value
may be cut too.
"""

import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from edge.drivers.conversion import excerpt

_DEEPEST = 64
"""Levels that are read of a payload that is not JSON."""
_ENDS = r"(?=[\s,\]}]|\Z)"
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_SCALAR = re.compile(
    rf'(?:"(?:[^"\\]|\\.)*+"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null){_ENDS}',
    re.DOTALL | re.ASCII,
)
_BLANKS = re.compile(r"[ \t\r\n]*")
_NEITHER = re.compile(r'[^"\[\]{},]+')
_TAIL = " \t\r\n\0"


class PayloadError(ValueError):
    """A payload of which no part is certain; the text names what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A value that is there and cannot be read; `problem` names what is wrong with it."""

    problem: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """The tree of a payload, with `Broken` where a value cannot be read."""

    tree: Any
    problem: str = ""
    """What was lost without a name to it; empty where every loss is in the tree."""


def text_of(payload: bytes) -> str:
    """Return the text of a payload that is a bare value; raises PayloadError."""
    encoding, content = _encoding(payload)
    try:
        return content.decode(encoding).rstrip("\0")
    except UnicodeDecodeError as error:
        raise PayloadError(_not_in(encoding, error)) from None


def parse(payload: bytes) -> Parsed:
    """Return what a payload holds; raises PayloadError where no part of it is certain."""
    encoding, content = _encoding(payload)
    try:
        text = content.decode(encoding).rstrip(_TAIL)
    except UnicodeDecodeError as error:
        problem = _not_in(encoding, error)
        if encoding != "utf-8":
            raise PayloadError(problem) from None
        return _Reader(*_foreign(content), problem).parsed()
    try:
        return Parsed(_STRICT.decode(text))
    except json.JSONDecodeError as error:
        problem = f"the payload is not JSON: {error}"
    except RecursionError:
        raise PayloadError("the payload is nested too deeply to be JSON of a device") from None
    except ValueError:  # int() refuses more than 4,300 digits
        problem = "the payload holds a number that is too long to be read"
    return _Reader(text, "", problem).parsed()


def _encoding(payload: bytes) -> tuple[str, bytes]:
    """Return the encoding that a byte order mark states, UTF-8 without one, and what follows."""
    for mark, encoding in (
        (BOM_UTF8, "utf-8"),
        (BOM_UTF16_LE, "utf-16-le"),
        (BOM_UTF16_BE, "utf-16-be"),
    ):
        if payload.startswith(mark):
            return encoding, payload[len(mark) :]
    return "utf-8", payload


def _not_in(encoding: str, error: UnicodeDecodeError) -> str:
    name = encoding.removesuffix("-le").removesuffix("-be").upper()
    return f"the payload is not {name} at byte {error.start}"


def _foreign(content: bytes) -> tuple[str, str]:
    r"""Return bytes that are not UTF-8 as text, and the codec that gives the bytes back.

    The second byte of a GBK character may be a backslash, which in JSON would take the meaning of
    the quote after it: so the bytes are cut into characters as GB 18030 cuts them, where they can
    be. Which characters those are is not believed: a text counts where its bytes are UTF-8.
    """
    try:
        text = content.decode("gb18030")
        if text.encode("gb18030") == content:
            return text.rstrip(_TAIL), "gb18030"
    except UnicodeError:
        pass
    return content.decode("latin-1").rstrip(_TAIL), "latin-1"


def _no_constant(name: str) -> Broken:
    return Broken(f"got {name}, which is not a value in JSON")


def _members(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            members[name] = Broken(f"the payload has the member {excerpt(name)!r} twice")
        else:
            members[name] = value
    return members


_STRICT = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_members)


class _Cut(Exception):
    """The text ends inside a value."""


class _Reader:
    """One reading of a text that is not JSON as a whole."""

    def __init__(self, text: str, codec: str, problem: str) -> None:
        self._text = text
        self._codec = codec
        """How the bytes of the text are had back; empty where it is sound."""
        self._problem = problem
        self._has_nameless_loss = False

    def parsed(self) -> Parsed:
        start = self._blanks(0)
        if self._text[start : start + 1] not in {"{", "["}:
            raise PayloadError(self._problem)
        try:
            tree, end = self._value(start, 0)
        except _Cut:
            raise PayloadError(self._problem) from None
        if end < len(self._text):  # two payloads in one: which of them holds is not known
            raise PayloadError(self._problem)
        return Parsed(tree, self._problem if self._has_nameless_loss else "")

    def _value(self, at: int, depth: int) -> tuple[Any, int]:
        """Return the value that begins at `at`, and where what follows it begins."""
        if depth > _DEEPEST:
            raise PayloadError("the payload is nested too deeply to be JSON of a device")
        opening = self._text[at : at + 1]
        if opening == "{":
            tree: Any
            tree, end = self._object(at + 1, depth)
        elif opening == "[":
            tree, end = self._list(at + 1, depth)
        else:
            scalar = _SCALAR.match(self._text, at)
            if scalar is None:
                return self._broken(at)
            tree, end = self._scalar(scalar[0]), scalar.end()
        end = self._blanks(end)
        if depth and self._text[end : end + 1] not in {",", "]", "}"}:
            return self._broken(at)
        return tree, end

    def _object(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        pairs: list[tuple[str, Any]] = []
        while True:
            at = self._blanks(at)
            if self._text[at : at + 1] == "}":
                return _members(pairs), at + 1
            name, at = self._name(at)
            if name is None:
                self._has_nameless_loss = True
                lost, at = self._broken(at)
                if pairs:  # a comma may have been part of the value before it: 12,5
                    pairs[-1] = pairs[-1][0], Broken(f"{lost.problem}, came right after it")
            else:
                value, at = self._value(at, depth + 1)
                pairs.append((name, value))
            at = self._after_comma(at, "}")

    def _list(self, at: int, depth: int) -> tuple[list[Any], int]:
        values: list[Any] = []
        while True:
            at = self._blanks(at)
            if self._text[at : at + 1] == "]":
                return values, at + 1
            value, at = self._value(at, depth + 1)
            values.append(value)
            at = self._after_comma(at, "]")

    def _after_comma(self, at: int, closing: str) -> int:
        """Return where the next member begins, or the bracket that closes them."""
        sign = self._text[at : at + 1]
        if sign == ",":
            return at + 1
        if sign == closing:
            return at
        if not sign:
            raise _Cut
        raise PayloadError(self._problem)  # the brackets do not fit: nothing inside is certain

    def _name(self, at: int) -> tuple[str | None, int]:
        """Return the name of a member, and where its value begins; None where it has no name."""
        quoted = _TEXT.match(self._text, at)
        if quoted is None:
            return None, at
        end = self._blanks(quoted.end())
        if self._text[end : end + 1] != ":":
            return None, at
        name = self._scalar(quoted[0])
        return (name if isinstance(name, str) else None), self._blanks(end + 1)

    def _scalar(self, text: str) -> Any:
        if self._codec:
            try:
                text = text.encode(self._codec).decode("utf-8")
            except UnicodeDecodeError:
                return Broken("got a text that is not UTF-8")
        try:
            return _STRICT.decode(text)
        except json.JSONDecodeError as error:
            return Broken(f"got {excerpt(text)}, which is not JSON: {error.msg}")
        except ValueError:
            return Broken("got a number that is too long to be read")

    def _broken(self, at: int) -> tuple[Broken, int]:
        """Return what is there instead of a value, and where the next comma or bracket is."""
        start, open_brackets = at, []
        while at < len(self._text):
            character = self._text[at]
            if character == '"':
                quoted = _TEXT.match(self._text, at)
                if quoted is None:
                    raise _Cut
                at = quoted.end()
                continue
            if character in "[{":
                open_brackets.append("]" if character == "[" else "}")
            elif character in "]}" and open_brackets:
                if open_brackets.pop() != character:
                    raise PayloadError(self._problem)
            elif character in ",]}" and not open_brackets:
                shown = self._text[start:at].strip()
                if self._codec:
                    shown = shown.encode("ascii", "replace").decode()
                what = f"got {excerpt(shown)}" if shown else "got no value"
                return Broken(f"{what}, which is not JSON"), at
            skipped = _NEITHER.match(self._text, at)
            at = at + 1 if skipped is None else skipped.end()
        raise _Cut

    def _blanks(self, at: int) -> int:
        blanks = _BLANKS.match(self._text, at)
        return at if blanks is None else blanks.end()
