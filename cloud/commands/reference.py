"""`campus-cloud openapi` and `indicators`: reference material that is generated."""

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud.commands import print_json
from device_profiles.command_line.parser import Commands, add_json

if TYPE_CHECKING:
    from cloud.scoring.indicators.base import Indicator


def add(commands: Commands) -> None:
    """Add the commands."""
    commands.add("openapi", _openapi, examples=("openapi > docs/reference/openapi.json",))
    indicators = commands.add(
        "indicators", _indicators, examples=("indicators > docs/reference/indicators.md",)
    )
    add_json(indicators)


def _openapi(_: argparse.Namespace) -> int:
    import json

    from cloud.app import create_app
    from cloud.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        schema = create_app(Settings(data=Path(folder))).openapi()
    print(json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True))
    return 0


def _indicators(arguments: argparse.Namespace) -> int:
    from cloud.scoring.indicators.base import all_indicators
    from cloud.scoring.indicators.reference_page import indicators_page
    from cloud.scoring.standard.standard import editions

    indicators = all_indicators()
    if arguments.json:
        print_json([_tree(indicator) for indicator in indicators.values()])
    else:
        print(indicators_page(indicators, editions()), end="")
    return 0


def _tree(indicator: "Indicator") -> dict[str, Any]:
    return {
        "id": indicator.id,
        "unit": indicator.unit,
        "parameters": {
            name: {"default": parameter.default, "meaning": parameter.meaning}
            for name, parameter in indicator.parameters.items()
        },
    }
