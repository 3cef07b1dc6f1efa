"""What the records of assessments and selections have in common: typed, frozen, without sentences.

A record holds codes, figures and references. A sentence is a message: a key of the catalogues with
its values, in which names are codes. It becomes text when it is read. So neither a corrected
wording nor another language changes what is filed, nor its id.

Records of format 1 hold sentences in Chinese and English. They open as localized texts, and show
what they showed (see `cloud.assessments.format1`).
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, PlainSerializer, PlainValidator

from cloud.errors import EvidenceError
from cloud.localized_text import LocalizedText
from cloud.messages import Message, Text, message_of


class Record(BaseModel):
    """A part of a record: it has exactly these fields, and nothing changes them."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _text_of(value: Any) -> Text:
    if isinstance(value, Message | LocalizedText):
        return value
    if isinstance(value, Mapping) and value.keys() == {"key", "values"}:
        return message_of(value)
    raise ValueError(f"not a message: {value!r}")


def _json_of(text: Text) -> dict[str, Any]:
    if not isinstance(text, Message):
        raise TypeError(f"a record is filed with messages, not with text: {text!r}")
    return text.as_json()


FiledText = Annotated[Text, PlainValidator(_text_of), PlainSerializer(_json_of)]
"""A sentence of a record: a message, or, of format 1, a text as it was filed."""


def changed(what: str, digest: str) -> EvidenceError:
    """Return the error of a record whose contents are not those that its digest covers."""
    return EvidenceError(
        f"{what} is not what was filed (digest {digest}); the database was changed: "
        "restore it from a backup"
    )
