"""Everything that can go wrong in the cloud, by whose fault it is.

`cloud.api.problem` holds the one table from these classes to HTTP status codes.

CloudError
├─ SettingsError                 a flag, a variable or a file at start is wrong
├─ StandardError                 a standard's file is wrong
├─ EvidenceError                 a table of evidence, or a bundle of it, is wrong
├─ LoadError                     a file or folder to be loaded in bulk, or rolled up, is wrong
├─ StoreError
│  ├─ StoreLocked(path)          another process has the telemetry file open
│  ├─ StoreTooNew(path)          a later version wrote the telemetry file
│  ├─ StoreBusy(retry_after_s)   more is waiting to be written than the settings allow; retry
│  └─ StoreFailed                the disk is full or cannot be written; retry
├─ RequestError
│  ├─ BadRequest                 the request cannot be understood
│  ├─ Unauthorized               no token, or a wrong one
│  ├─ NotFound                   no such school, asset, gateway, clause, bucket
│  ├─ Conflict                   the request contradicts what is stored
│  ├─ TooLarge                   the body is larger than the settings allow
│  └─ Unprocessable              understood, but its content is refused
└─ LineProtocolError(number, line, reason)   one line of a write cannot be parsed

ValueError
└─ RefusedValue(text)          a value is not what its column or parameter takes
"""

from cloud.messages import Message, message, render


class RefusedValue(ValueError):
    """A value is not what its column or parameter takes; the reader of the value adds its place."""

    def __init__(self, text: Message) -> None:
        super().__init__(render(text, "en"))
        self.text = text


class CloudError(Exception):
    """Anything that goes wrong in the cloud.

    `text` is the message of it, where people may read it in another language; the error's own text
    is English.
    """

    def __init__(self, text: str | Message) -> None:
        super().__init__(render(text, "en") if isinstance(text, Message) else text)
        self.text = text if isinstance(text, Message) else None


class SettingsError(CloudError):
    """A flag, a variable or a file at start is wrong."""


class StandardError(CloudError):
    """A standard's file is wrong; the text has one line per fault."""


class EvidenceError(CloudError):
    """A table of evidence, or a bundle of it, is wrong."""


class LoadError(CloudError):
    """A file or folder to be loaded in bulk, or rolled up, is wrong."""


class StoreError(CloudError):
    """The telemetry store cannot do its work."""


class StoreLocked(StoreError):
    """Another process has the telemetry file open."""

    def __init__(self, path: str) -> None:
        super().__init__(message("error.store_locked", path=path))
        self.path = path


class StoreTooNew(StoreError):
    """A later version of this program wrote the telemetry file."""

    def __init__(self, path: str, *, stored: int, known: int) -> None:
        super().__init__(message("error.store_too_new", path=path, schema=stored, known=known))
        self.path = path


class StoreBusy(StoreError):
    """More is waiting to be written than the settings allow; try again later."""

    def __init__(self, text: str | Message, *, retry_after_s: int = 1) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class StoreFailed(StoreError):
    """The file cannot be written (disk full, I/O error); nothing of the batch is stored."""

    retry_after_s = 5


class RequestError(CloudError):
    """The fault is the caller's."""


class BadRequest(RequestError):
    """The request cannot be understood."""


class Unauthorized(RequestError):
    """No token, or a wrong one."""


class NotFound(RequestError):
    """What the address names does not exist."""


class Conflict(RequestError):
    """The request contradicts what is stored."""


class TooLarge(RequestError):
    """The body is larger than the settings allow."""


class Unprocessable(RequestError):
    """Understood, but its content is refused."""


class LineProtocolError(CloudError):
    """One line of a write cannot be parsed; `number` counts from 1."""

    def __init__(self, number: int, line: str, reason: str) -> None:
        super().__init__(f"unable to parse '{line}': {reason}")
        self.number = number
        self.line = line
        self.reason = reason
