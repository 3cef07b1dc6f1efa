"""`campus-cloud`: serve the cloud, import files into it, assess, select and report."""

import sys
from pathlib import Path

from cloud import commands
from cloud.errors import CloudError
from cloud.messages import render
from device_profiles.command_line.program import Program


def sentence(error: Exception, language: str) -> str:
    """Return the text of an error, in the language where the error has a message."""
    text = error.text if isinstance(error, CloudError) else None
    return str(error) if text is None else render(text, language)


PROGRAM = Program(
    name="campus-cloud",
    messages=Path(commands.__file__).parent / "messages",
    add=commands.add_all,
    errors=(CloudError,),
    prefix="campus-cloud: ",
    extra="cloud",
    extras={"psycopg": "postgresql", "pyspark": "spark"},
    sentence=sentence,
)


def main(argv: list[str] | None = None) -> int:
    """Run a command; 0 done, 1 failed, 2 wrong use."""
    return PROGRAM.main(argv)


if __name__ == "__main__":
    sys.exit(main())
