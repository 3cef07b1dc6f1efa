"""The composition root: everything is put together here, and only here."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware

from cloud import auth
from cloud.api import openapi, problem
from cloud.api.routes import (
    assessments,
    assets,
    code_lists,
    events,
    export,
    gateways,
    health,
    imports,
    live,
    overview,
    records,
    reports,
    schools,
    score,
    selections,
    standards,
    utilization,
    workflow,
    write,
)
from cloud.assessments.repository import AssessmentRepository
from cloud.clock import Clock, SystemClock
from cloud.pages import Pages
from cloud.registry.store import Registry
from cloud.scoring.evidence.computed import ComputedFromEvidence
from cloud.services import Services
from cloud.settings import Settings
from cloud.telemetry.current_state import StateNow
from cloud.telemetry.duckdb import DuckDBStore
from cloud.telemetry.line_protocol import Parser
from cloud.telemetry.live import LiveFeed
from cloud.telemetry.memory import MemoryStore
from cloud.telemetry.store import TelemetryStore
from cloud.utilization.refresh import Rollups
from device_profiles.loader import load_catalogue

_log = logging.getLogger(__name__)
_PURGE_S = 24 * 3600.0
_FIRST_PURGE_S = 3600.0
_RESTART_S = 5
_ROUTERS = (
    health.router,
    write.router,
    schools.router,
    overview.router,
    live.router,
    assets.router,
    events.router,
    records.router,
    utilization.router,
    gateways.router,
    score.router,
    standards.router,
    assessments.router,
    selections.router,
    workflow.router,
    reports.router,
    code_lists.router,
    imports.router,
    export.router,
)


def create_app(settings: Settings, *, clock: Clock | None = None) -> FastAPI:
    """Return the cloud as an ASGI app; its parts open with its lifespan."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _services(settings, clock or SystemClock()) as services:
            app.state.services = services
            yield

    app = FastAPI(
        title="Smart Campus",
        version=version("smart-campus"),
        summary="What equipment each school has, whether it works and whether it is used.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        generate_unique_id_function=openapi.operation_id,
    )
    problem.install(app)
    openapi.install(app, _ROUTERS)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    for router in _ROUTERS:
        app.include_router(router)
    pages = Pages(settings.web_dist)
    app.add_api_route("/api/v1/docs", pages.api_docs, include_in_schema=False)
    app.router.default = pages
    return app


@contextlib.asynccontextmanager
async def _services(settings: Settings, clock: Clock) -> AsyncIterator[Services]:
    """Open every part, keep the running ones running, and close them in reverse order."""
    async with contextlib.AsyncExitStack() as stack:
        settings.data.mkdir(parents=True, exist_ok=True)
        token = auth.load_token(settings)
        registry = await asyncio.to_thread(Registry.open, settings.registry_url)
        stack.callback(registry.close)
        store = await asyncio.to_thread(_open_store, settings, clock)
        stack.push_async_callback(asyncio.to_thread, store.close)
        rules = {name: profile.usage for name, profile in load_catalogue().items()}
        now = StateNow(store, clock, rules)
        feed = LiveFeed(store, now)
        rollups = Rollups(store, registry, clock)
        await rollups.prepare()
        services = Services(
            settings=settings,
            token=token,
            clock=clock,
            store=store,
            registry=registry,
            rollups=rollups,
            now=now,
            live=feed,
            parser=Parser(),
            repository=AssessmentRepository(registry.assessment_log),
            computed=ComputedFromEvidence(),
        )
        tasks = [
            asyncio.create_task(_keep_running(work))
            for work in (feed.run, rollups.run, partial(_purge, services))
        ]
        stack.push_async_callback(_end, tasks)
        stack.callback(feed.close)
        yield services


def _open_store(settings: Settings, clock: Clock) -> TelemetryStore:
    if settings.telemetry == "memory":
        return MemoryStore(clock=clock)
    return DuckDBStore(
        settings.telemetry_path,
        clock=clock,
        memory_mb=settings.duckdb_memory_mb,
        threads=settings.duckdb_threads,
        max_waiting_values=settings.max_waiting_values,
    )


async def _purge(services: Services) -> None:
    """Delete what is older than the settings keep, once a day; never right after a start."""
    await asyncio.sleep(_FIRST_PURGE_S)
    while True:
        now = services.clock.now()
        settings = services.settings
        try:
            gone = await services.store.purge(
                now - timedelta(days=settings.readings_days),
                now - timedelta(days=settings.slots_days),
            )
        except Exception:  # noqa: BLE001  whatever it is, the cloud goes on
            _log.exception("old telemetry could not be deleted; next try in a day")
        else:
            _log.info("%d rows of old telemetry deleted", gone)
        await asyncio.sleep(_PURGE_S)


async def _keep_running(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a background work for good: what breaks in it is logged, and it starts again."""
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001  the one place where whatever breaks is caught
            _log.exception("a background work failed; it starts again in %d s", _RESTART_S)
            await asyncio.sleep(_RESTART_S)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
