"""One number, however it is typed: full-width, with invisible characters or other dashes. Pure."""

import re
import unicodedata

_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
)
"""Characters that show nothing and mean nothing in a ledger."""
_JOINERS = re.compile("[\u034f\u200c\u200d\ufe00-\ufe0f]")
"""Characters that change how their neighbours look, and have no place in an identifier."""
_DASHES = re.compile("[\u2010-\u2015\u2212\u30fc\ufe58\ufe63]")
_EXPORTED = re.compile(r"(\d+)\.0")


def visible(text: str) -> str:
    """Return the text without invisible characters."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def identifier(text: str) -> str:
    """Return an identifier as it is filed: "Ｕ１", "U1" with a zero-width space and "U1" are one.

    The ".0" that programs put after a number goes too.
    """
    if not text.isascii():
        plain = unicodedata.normalize("NFKC", _JOINERS.sub("", visible(text)))
        text = _DASHES.sub("-", plain)
    text = " ".join(text.split())
    match = _EXPORTED.fullmatch(text)
    return match[1] if match else text


def folded(text: str) -> str:
    """Return what two identifiers have in common that differ in case or blanks alone."""
    return "".join(identifier(text).casefold().split())
