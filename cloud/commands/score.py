"""`campus-cloud score`: any table of evidence against any standard, without a database."""

import argparse
import csv
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.commands import print_json
from cloud.errors import EvidenceError
from device_profiles.command_line.parser import Commands, add_json
from device_profiles.command_line.texts import Texts

if TYPE_CHECKING:
    from cloud.scoring.engine.engine import Scores


def add(commands: Commands) -> None:
    """Add the command."""
    text = commands.text
    score = commands.add(
        "score",
        _score,
        examples=(
            "score --standard undp-hdi --evidence countries.csv",
            "score --standard standard.yaml --evidence schools.csv --out scores.csv",
            "score --bundle 2133100001.bundle.json",
        ),
    )
    source = score.add_mutually_exclusive_group(required=True)
    source.add_argument("--evidence", type=Path, metavar="TABLE.csv", help=text("score.evidence"))
    source.add_argument("--bundle", type=Path, metavar="FILE", help=text("score.bundle"))
    score.add_argument("--standard", metavar="FILE|ID", help=text("score.standard"))
    score.add_argument("--out", type=Path, metavar="scores.csv", help=text("score.out"))
    add_json(score)


def _score(arguments: argparse.Namespace) -> int:
    from cloud.scoring.engine.csv_file import scores_csv
    from cloud.scoring.engine.school_table import inputs_digest

    text: Texts = arguments.text
    if (arguments.standard is None) != (arguments.evidence is None):
        arguments.refuse(text("score.belong_together"))
    scores = _of_bundle(arguments.bundle, text) if arguments.bundle else _of_table(arguments)
    table = scores_csv(scores)
    if arguments.out is not None:
        try:
            arguments.out.write_text(table, encoding="utf-8", newline="")
        except OSError as error:
            problem = text("cannot_write", path=arguments.out, reason=error.strerror)
            raise EvidenceError(problem) from None
    rated = int(scores.totals["value"].count())
    summary = {
        "file": arguments.out,
        "rated": rated,
        "unrated": scores.totals.height - rated,
        "edition": scores.standard.edition,
        "inputs": inputs_digest(scores.standard, scores.table),
    }
    if arguments.json:
        rows = list(csv.DictReader(io.StringIO(table)))
        print_json(summary if arguments.out else {**summary, "scores": rows})
    elif arguments.out is None:
        sys.stdout.write(table)
    else:
        print(text("score.done", **summary))
    return 0


def _of_table(arguments: argparse.Namespace) -> "Scores":
    from cloud.scoring.engine.csv_file import read_table
    from cloud.scoring.engine.engine import score_table
    from cloud.scoring.standard.standard import named

    standard = named(arguments.standard)
    return score_table(standard, read_table(arguments.evidence, standard))


def _of_bundle(path: Path, text: Texts) -> "Scores":
    from cloud.scoring.engine.evidence_bundle import read_bundle, rescore

    try:
        content = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise EvidenceError(text("score.not_utf8", file=path.name)) from None
    except OSError as error:
        raise EvidenceError(text("cannot_read", path=path, reason=error.strerror)) from None
    bundle = read_bundle(content, path.name)
    scores = rescore(bundle, path.name)
    verified = text(
        "score.verified",
        file=path.name,
        schools=len(bundle.published),
        edition=bundle.standard.edition,
    )
    print(verified, file=sys.stderr)
    return scores
