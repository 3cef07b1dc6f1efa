"""The one token: where it comes from and how it is compared."""

import hmac
import os
import secrets
from pathlib import Path

from cloud.errors import SettingsError, Unauthorized
from cloud.messages import message
from cloud.settings import Settings


def load_token(settings: Settings) -> str:
    """Return the token; make DATA/token (0600) where no file is named and none is there yet.

    Raises SettingsError where a named file is missing or empty, and where the cloud is to be
    reached from other machines without a token of the operator's own making or ours.
    """
    path = settings.token_file or settings.data / "token"
    if not path.exists():
        if settings.token_file is not None:
            raise SettingsError(message("error.no_token_file", path=path))
        _make(path)
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(message("error.unreadable_token", path=path, reason=error)) from None
    if not token:
        raise SettingsError(message("error.empty_token", path=path))
    return token


def check(authorization: str | None, token: str) -> None:
    """Accept `Token T` and `Bearer T`; raise Unauthorized otherwise, in constant time."""
    scheme, _, given = (authorization or "").partition(" ")
    if scheme.lower() not in {"token", "bearer"} or not hmac.compare_digest(
        given.strip().encode(), token.encode()
    ):
        raise Unauthorized(message("error.unauthorized"))


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
