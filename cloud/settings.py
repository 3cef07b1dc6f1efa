"""What can be set, in one place: by `CAMPUS_CLOUD_*` variables, and by flags that overrule them."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cloud.errors import SettingsError

PREFIX = "CAMPUS_CLOUD_"


class Settings(BaseModel):
    """The cloud's settings; every field is described in docs/reference/cloud-settings.md."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(default=Path("cloud-data"), description="Folder for everything kept.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8090, ge=0, le=65535, description="Port to listen on; 0 is any free.")
    token_file: Path | None = Field(
        default=None,
        description="File with the token; without it DATA/token is used, and made if missing.",
    )
    org: str = Field(default="school", description="The InfluxDB organisation gateways write to.")
    bucket: str = Field(default="campus", description="The InfluxDB bucket gateways write to.")
    database_url: str | None = Field(
        default=None, description="SQLAlchemy URL of the registry; default DATA/registry.sqlite."
    )
    web_dist: Path = Field(
        default=Path(__file__).parent / "web" / "dist", description="Folder of the built web app."
    )
    max_write_mb: float = Field(
        default=25.0, gt=0, description="Largest body of a write after gunzip, in MB."
    )
    max_upload_mb: float = Field(
        default=25.0, gt=0, description="Largest file of an import, in MB."
    )
    max_waiting_values: int = Field(
        default=2_000_000,
        gt=0,
        description="Values that may wait for the disk before writes are answered 503.",
    )
    readings_days: int = Field(default=90, gt=0, description="Days that readings are kept.")
    slots_days: int = Field(default=200, gt=0, description="Days that usage slots are kept.")
    duckdb_memory_mb: int = Field(
        default=512, ge=64, description="Memory DuckDB may use before it spills to disk, in MB."
    )
    duckdb_threads: int = Field(default=2, gt=0, description="Threads of one DuckDB query.")

    @property
    def telemetry_path(self) -> Path:
        """Return the path of the DuckDB file."""
        return self.data / "telemetry.duckdb"

    @property
    def registry_url(self) -> str:
        """Return the SQLAlchemy URL of the registry."""
        return self.database_url or f"sqlite:///{(self.data / 'registry.sqlite').absolute()}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the cloud."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def load(environ: Mapping[str, str], flags: Mapping[str, Any]) -> Settings:
    """Return the settings from variables and flags; a flag that is None says nothing."""
    values: dict[str, Any] = {}
    for name, text in environ.items():
        if not name.startswith(PREFIX):
            continue
        key = name.removeprefix(PREFIX).lower()
        if key not in Settings.model_fields:
            raise SettingsError(
                f"{name}: no such setting; use one of "
                + ", ".join(PREFIX + field.upper() for field in Settings.model_fields)
            )
        values[key] = text
    values |= {key: value for key, value in flags.items() if value is not None}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        raise SettingsError(
            f"{PREFIX}{key.upper()} (or its flag): got {first['input']!r}: {first['msg']}"
        ) from None
