"""The devices of a gateway as a file, with the columns of its page."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo

from cloud.api.schemas.gateways import GatewayDevice
from cloud.messages import message, render
from cloud.reports.table_file import MOMENT, Cell, Column

_COLUMNS: Mapping[str, tuple[float, str]] = {
    "device": (18, "General"),
    "asset_name": (24, "General"),
    "asset": (18, "General"),
    "protocol": (10, "General"),
    "profile": (24, "General"),
    "presence": (12, "General"),
    "last_reading": (20, MOMENT),
    "readings": (12, "General"),
    "errors": (10, "General"),
    "last_error": (60, "General"),
}
"""Of each column its width in characters and how its numbers are shown."""


def columns(language: str) -> list[Column]:
    """Return the columns with their titles in a language."""
    return [
        Column(render(message(f"device_file.column.{key}"), language), width, form)
        for key, (width, form) in _COLUMNS.items()
    ]


def cells(device: GatewayDevice, language: str, zone: tzinfo) -> Sequence[Cell]:
    """Return the cells of a device; None is what is not known. Moments are the school's own.

    An error is the sentence for its kind with the gateway's own words behind it, as on the page.
    """
    name = device.asset_name
    if device.asset_id is None:
        name = render(message("record_file.not_in_ledger"), language)
    error = device.last_error
    if error is not None and device.last_error_text is not None:
        error = f"{device.last_error_text.root[language]} ({error})"
    last = device.last_reading
    return (
        device.device,
        name,
        device.asset,
        device.protocol,
        device.profile,
        render(message(f"device_file.presence.{device.presence}"), language),
        None if last is None else last.astimezone(zone),
        device.readings,
        device.errors,
        error,
    )
