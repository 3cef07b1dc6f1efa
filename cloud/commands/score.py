"""`campus-cloud score`: any table of evidence against any standard, without a database."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.commands import Commands
from cloud.errors import EvidenceError

if TYPE_CHECKING:
    from cloud.scoring.engine.engine import Scores


def add(commands: Commands) -> None:
    """Add the command."""
    score = commands.add_parser(
        "score",
        help="score a table of evidence, or verify and score an evidence bundle again",
        description="Score the rows of a CSV file against a standard, or the evidence of a bundle "
        "against the standard within it, after its digests are verified. Writes id, score (empty: "
        "not rated), coverage and each dimension, in full precision.",
    )
    what = score.add_mutually_exclusive_group(required=True)
    what.add_argument("--evidence", type=Path, metavar="TABLE.csv", help="the evidence table")
    what.add_argument("--bundle", type=Path, metavar="FILE", help="an evidence bundle (JSON)")
    score.add_argument(
        "--standard", metavar="FILE|ID", help="a standard's file, or the id[@date] of a shipped one"
    )
    score.add_argument("--out", type=Path, metavar="scores.csv", help="where to; else printed")
    score.set_defaults(run=_score, refuse=score.error)


def _score(arguments: argparse.Namespace) -> int:
    from cloud.scoring.engine.csv_file import scores_csv
    from cloud.scoring.engine.school_table import inputs_digest

    if (arguments.standard is None) != (arguments.evidence is None):
        arguments.refuse("--standard and --evidence belong together; a bundle holds its own")
    scores = _of_bundle(arguments.bundle) if arguments.bundle else _of_table(arguments)
    text = scores_csv(scores)
    if arguments.out is None:
        sys.stdout.write(text)
        return 0
    try:
        arguments.out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise EvidenceError(f"{arguments.out}: cannot be written: {error.strerror}") from None
    rated = scores.totals["value"].count()
    print(
        f"{arguments.out}: {rated} scored, {scores.totals.height - rated} not rated; "
        f"{scores.standard.edition}, inputs {inputs_digest(scores.standard, scores.table)}"
    )
    return 0


def _of_table(arguments: argparse.Namespace) -> "Scores":
    from cloud.scoring.engine.csv_file import read_table
    from cloud.scoring.engine.engine import score_table
    from cloud.scoring.standard.standard import named

    standard = named(arguments.standard)
    return score_table(standard, read_table(arguments.evidence, standard))


def _of_bundle(path: Path) -> "Scores":
    from cloud.scoring.engine.evidence_bundle import read_bundle, rescore

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise EvidenceError(f"{path.name}: not UTF-8 text") from None
    except OSError as error:
        raise EvidenceError(f"{path}: cannot be read: {error.strerror}") from None
    bundle = read_bundle(text, path.name)
    scores = rescore(bundle, path.name)
    print(
        f"{path.name}: the digests are those of its contents, and {len(bundle.published)} "
        f"schools score again as published ({bundle.standard.edition})",
        file=sys.stderr,
    )
    return scores
