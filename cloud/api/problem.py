"""Every error as `application/problem+json` (RFC 9457); one table from class to status.

The InfluxDB endpoints (`cloud.api.routes.write`) answer in InfluxDB's own shape, by the same table.
"""

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from cloud import errors
from cloud.messages import Message, catalogue, localized, message, placeholders, render

_log = logging.getLogger(__name__)

STATUS: dict[type[errors.CloudError], HTTPStatus] = {
    errors.BadRequest: HTTPStatus.BAD_REQUEST,
    errors.LineProtocolError: HTTPStatus.BAD_REQUEST,
    errors.Unauthorized: HTTPStatus.UNAUTHORIZED,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.Unprocessable: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.StoreError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.CloudError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_INFLUX_PATHS = ("/api/v2/", "/write", "/query")
_INFLUX_CODES = {
    400: "invalid",
    401: "unauthorized",
    404: "not found",
    405: "method not allowed",
    409: "conflict",
    413: "request too large",
    422: "unprocessable entity",
    503: "unavailable",
}


def status_of(error: errors.CloudError) -> HTTPStatus:
    """Return the status of an error: that of its nearest class in the table."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def is_of_influxdb(path: str) -> bool:
    """Whether an address belongs to InfluxDB's API, which has an error shape of its own."""
    return path.startswith(_INFLUX_PATHS)


def install(app: FastAPI) -> None:
    """Answer every error of the app in one shape."""
    app.add_exception_handler(errors.CloudError, _cloud_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(Exception, _unexpected)


def answer(
    request: Request,
    status: int,
    text: str | Message,
    *,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """Return the error, in the shape that belongs to the address.

    A message has its key and its sentence in every language; plain text is for programs alone.
    """
    detail = render(text, "en") if isinstance(text, Message) else text
    if is_of_influxdb(request.url.path):
        code = _INFLUX_CODES.get(status, "internal error")
        return JSONResponse({"code": code, "message": detail}, status, headers)
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "instance": request.url.path,
        **_in_every_language(text),
        **more,
    }
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def _cloud_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.CloudError)  # noqa: S101  registered for this class
    status = status_of(error)
    headers: dict[str, str] = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("%s %s: %s", request.method, request.url.path, error)
    return answer(request, status, error.text or str(error), headers=headers)


def _validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for this class
    faults = [
        (".".join(str(part) for part in problem["loc"]), _fault(problem))
        for problem in error.errors()
    ]
    problems = [
        {"where": where, "problem": render(fault, "en"), **_in_every_language(fault)}
        for where, fault in faults
    ]
    text = message(
        "api.faults",
        faults=[message("api.fault", where=where, problem=fault) for where, fault in faults],
    )
    return answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, text, problems=problems)


def _fault(problem: Mapping[str, Any]) -> Message:
    """Return the message of one fault that Pydantic found, with the bounds that it names."""
    values = dict(problem.get("ctx") or {})
    if "expected" in values:
        values["expected"] = re.findall("'([^']*)'", values["expected"]) or values["expected"]
    values["problem"] = problem["msg"].removeprefix("Value error, ")
    key = f"api.invalid.{problem['type']}"
    template = catalogue("en").get(key)
    if template is None or not placeholders(template) <= values.keys():
        return message("api.invalid.other", problem=values["problem"])
    return message(key, **{name: values[name] for name in placeholders(template)})


def _in_every_language(text: str | Message) -> dict[str, Any]:
    if not isinstance(text, Message):
        return {}
    return {"code": text.key, "message": localized(text)}


def _http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for this class
    text: str | Message = str(error.detail)
    if text == HTTPStatus(error.status_code).phrase:
        path = request.url.path
        if error.status_code == HTTPStatus.NOT_FOUND:
            text = message("api.not_found", path=path)
        elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            text = message("api.method_not_allowed", path=path, method=request.method)
    return answer(request, error.status_code, text, headers=dict(error.headers or {}))


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return answer(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        message("api.mistake"),
    )
