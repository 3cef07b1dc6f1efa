"""How a route asks for what it needs: `store: Store`, `clock: ClockDep`, `dependencies=[WRITE]`."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from cloud import auth
from cloud.assessments.repository import AssessmentRepository
from cloud.clock import Clock
from cloud.registry.store import Registry
from cloud.services import Services
from cloud.settings import Settings
from cloud.telemetry.store import TelemetryStore
from cloud.utilization.refresh import Rollups


def get_services(connection: HTTPConnection) -> Services:
    """Return the parts of the running cloud."""
    services: Services = connection.app.state.services
    return services


def get_store(connection: HTTPConnection) -> TelemetryStore:
    """Return the telemetry store."""
    return get_services(connection).store


def get_registry(connection: HTTPConnection) -> Registry:
    """Return the registry."""
    return get_services(connection).registry


def get_rollups(connection: HTTPConnection) -> Rollups:
    """Return the roll-ups."""
    return get_services(connection).rollups


def get_settings(connection: HTTPConnection) -> Settings:
    """Return the settings."""
    return get_services(connection).settings


def get_clock(connection: HTTPConnection) -> Clock:
    """Return the clock."""
    return get_services(connection).clock


def get_repository(connection: HTTPConnection) -> AssessmentRepository:
    """Return the assessments last looked at."""
    return get_services(connection).repository


def require_read(connection: HTTPConnection) -> None:
    """Let everyone read on loopback; ask for the token where other machines can reach us."""
    services = get_services(connection)
    if not services.settings.is_loopback:
        auth.check(connection.headers.get("authorization"), services.token)


def require_write(connection: HTTPConnection) -> None:
    """Ask for the token."""
    services = get_services(connection)
    auth.check(connection.headers.get("authorization"), services.token)


ServicesDep = Annotated[Services, Depends(get_services)]
StoreDep = Annotated[TelemetryStore, Depends(get_store)]
RegistryDep = Annotated[Registry, Depends(get_registry)]
RepositoryDep = Annotated[AssessmentRepository, Depends(get_repository)]
RollupsDep = Annotated[Rollups, Depends(get_rollups)]
SettingsDep = Annotated[Settings, Depends(get_settings)]
ClockDep = Annotated[Clock, Depends(get_clock)]
READ = Depends(require_read)
WRITE = Depends(require_write)
