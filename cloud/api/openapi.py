"""The OpenAPI document: readable operation ids, the token, and errors in the shape they have.

FastAPI writes the document; what it cannot know is added here. Which operations need the token
follows from their dependencies (`cloud.api.deps.READ`, `WRITE`), so that it cannot be forgotten.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from cloud.api.deps import require_read, require_write
from cloud.api.problem import is_of_influxdb
from cloud.api.schemas.live import LiveStates
from cloud.api.schemas.problem import InfluxProblem, Problem

BEARER = "bearer"
_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "The token of the cloud (`DATA/token`). `Authorization: Token T`, as InfluxDB "
    "has it, is the same. Reading needs no token while the cloud listens on loopback only.",
}
_VALIDATION = ("HTTPValidationError", "ValidationError")
_SCHEMAS = "#/components/schemas/"
_OTHER_SCHEMAS = (Problem, InfluxProblem, LiveStates)
"""Schemas that no operation returns as JSON."""


def operation_id(route: APIRoute) -> str:
    """Return the id of an operation: the name of its function, a verb and a noun."""
    return route.name


def install(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Let the app answer the document of this module, made when it is first requested."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, routers)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way


def _document(app: FastAPI, routers: Sequence[APIRouter]) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, summary=app.summary, routes=app.routes
    )
    components = document["components"]
    components["securitySchemes"] = {BEARER: _SCHEME}
    for name in _VALIDATION:
        components["schemas"].pop(name, None)
    _, others = models_json_schema(
        [(kind, "serialization") for kind in _OTHER_SCHEMAS],
        ref_template=_SCHEMAS + "{model}",
    )
    components["schemas"] |= others["$defs"]
    components["schemas"] = dict(sorted(components["schemas"].items()))
    for route in (route for router in routers for route in router.routes):
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                _complete(document["paths"][route.path_format][method.lower()], route)
    return document


def _complete(operation: dict[str, Any], route: APIRoute) -> None:
    """Add to an operation who may use it and how it refuses."""
    checks = {dependant.call for dependant in _dependants(route.dependant)}
    if require_write in checks:
        operation["security"] = [{BEARER: []}]
    elif require_read in checks:
        operation["security"] = [{}, {BEARER: []}]
    operation["responses"].pop("422", None)
    kind, media = (
        (InfluxProblem, "application/json")
        if is_of_influxdb(route.path_format)
        else (Problem, "application/problem+json")
    )
    schema = {"$ref": _SCHEMAS + kind.__name__}
    operation["responses"]["default"] = {
        "description": "Refused or failed.",
        "content": {media: {"schema": schema}},
    }


def _dependants(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for inner in dependant.dependencies:
        yield from _dependants(inner)
