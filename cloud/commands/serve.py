"""`campus-cloud serve`: the API and the web app, until it is stopped."""

import argparse
import asyncio
from pathlib import Path

from cloud.errors import SettingsError
from device_profiles.command_line.extras import missing_extra
from device_profiles.command_line.parser import Commands
from device_profiles.command_line.texts import Texts

_FLAGS = ("data", "host", "port", "token_file")


def add(commands: Commands) -> None:
    """Add the command."""
    text = commands.text
    serve = commands.add(
        "serve",
        _serve,
        examples=("serve", "serve --data /var/lib/campus --host 0.0.0.0 --port 8090"),
        notes=lambda: settings_help(text),
    )
    serve.add_argument("--data", type=Path, metavar="DIR", help=text("serve.data"))
    serve.add_argument("--host", help=text("serve.host"))
    serve.add_argument("--port", type=int, help=text("serve.port"))
    serve.add_argument("--token-file", type=Path, metavar="FILE", help=text("serve.token_file"))
    serve.add_argument(
        "--log-level",
        default="info",
        choices=["debug", "info", "warning", "error"],
        help=text("serve.log_level"),
    )


def settings_help(text: Texts) -> str:
    """Return every setting with its variable, its default and what it is."""
    try:
        from cloud.settings import variable_of
    except ModuleNotFoundError as error:
        missing = missing_extra(error, "cloud", {})
        if missing is None:
            raise
        return text(
            "missing_extra", command="campus-cloud", extra=missing.extra, module=missing.module
        )
    lines = [text("serve.settings")]
    for field, default in shown_defaults(text).items():
        value = (
            text("serve.no_default") if default is None else text("serve.default", value=default)
        )
        lines += [f"  {variable_of(field)}", f"      {text(f'setting.{field}')}", f"      {value}"]
    return "\n".join(lines)


def shown_defaults(text: Texts) -> dict[str, str | None]:
    """Return the default of each setting as people read it; None where there is none."""
    from cloud.settings import defaults

    shown = {
        field: None if default is None else str(default) for field, default in defaults().items()
    }
    return shown | {"web_dist": text("serve.web_default")}


def _serve(arguments: argparse.Namespace) -> int:
    from cloud import server
    from cloud.settings import load

    text: Texts = arguments.text
    settings = load({name: getattr(arguments, name) for name in _FLAGS})
    server.configure_logging(arguments.log_level)
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = text("cannot_make", path=settings.data, reason=error.strerror)
        raise SettingsError(problem) from None
    token_file = settings.token_file or settings.data / "token"
    if not token_file.exists() and settings.token_file is None:
        print(text("serve.new_token", path=token_file), flush=True)
    asyncio.run(server.serve(settings))
    return 0
