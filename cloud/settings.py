"""The settings of the cloud: `CAMPUS_CLOUD_*` variables, and flags that overrule them."""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from cloud.errors import SettingsError
from cloud.messages import message

PREFIX = "CAMPUS_CLOUD_"


class Settings(BaseSettings):
    """The settings of one cloud, from the environment.

    The catalogues of the command line describe each field, as `setting.<field>`; the page
    docs/reference/cloud-settings.md and `campus-cloud serve --help` show these texts.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data: Path = Path("cloud-data")
    host: str = "127.0.0.1"
    port: int = Field(default=8090, ge=0, le=65535)
    token_file: Path | None = None
    org: str = "school"
    bucket: str = "campus"
    database_url: str | None = None
    web_dist: Path = Path(__file__).parent / "web" / "dist"
    max_write_mb: float = Field(default=25.0, gt=0)
    max_upload_mb: float = Field(default=25.0, gt=0)
    max_waiting_values: int = Field(default=2_000_000, gt=0)
    readings_days: int = Field(default=90, gt=0)
    slots_days: int = Field(default=200, gt=0)
    telemetry: Literal["duckdb", "memory"] = "duckdb"
    duckdb_memory_mb: int = Field(default=512, ge=64)
    duckdb_threads: int = Field(default=2, gt=0)

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


def load(flags: Mapping[str, Any]) -> Settings:
    """Return the settings of the environment and of flags; a flag that is None is not given.

    Raises SettingsError for a variable that is not a setting, and for a value that is refused.
    """
    for name in os.environ:
        if name.startswith(PREFIX) and field_of(name) not in Settings.model_fields:
            known = ", ".join(map(variable_of, Settings.model_fields))
            raise SettingsError(message("error.no_such_setting", variable=name, known=known))
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        variable = variable_of(str(first["loc"][0]))
        raise SettingsError(
            message(
                "error.wrong_setting",
                variable=variable,
                value=repr(first["input"]),
                reason=first["msg"],
            )
        ) from None


def variable_of(field: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + field.upper()


def field_of(variable: str) -> str:
    """Return the setting of an environment variable."""
    return variable.removeprefix(PREFIX).lower()


def defaults() -> dict[str, Any]:
    """Return the default of each setting, by its field."""
    return {name: field.get_default() for name, field in Settings.model_fields.items()}
