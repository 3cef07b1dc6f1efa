"""The evidence bundle: all that a third party needs to score again what was published. Pure.

One JSON object: `format`, the `standard` (its edition and its file, unchanged), the `evidence`
(rows without what is unknown), the `scores` that were published, `about` (free: period, occasion)
and `digests` of the standard's file, of the evidence, of both together and of the scores. The same
contents give the same bytes. `campus-cloud score --bundle FILE` verifies and scores again.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from cloud.errors import EvidenceError
from cloud.scoring.engine.engine import Scores, score_table
from cloud.scoring.engine.school_table import columns, inputs_digest, ready, table_digest
from cloud.scoring.standard.standard import Standard, parse_standard

FORMAT = "smart-campus-evidence/1"
_PUBLISHED = ("id", "value", "raw", "coverage", "grade", "passed")
_KEYS = {"format", "standard", "evidence", "scores", "digests", "about"}


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle holds, verified: its digests are those of its contents."""

    standard: Standard
    table: pl.DataFrame
    published: tuple[Mapping[str, Any], ...]
    about: Mapping[str, Any]
    digests: Mapping[str, str]


def bundle_text(scores: Scores, standard_yaml: str, about: Mapping[str, Any] | None = None) -> str:
    """Return the bundle of scores and of the file of their standard as JSON text."""
    standard = parse_standard(standard_yaml, scores.standard.edition)
    if standard != scores.standard:
        raise EvidenceError(f"the file given is not that of {scores.standard.edition}")
    rows = ready(standard, scores.table).select(*columns(standard)).to_dicts()
    evidence = [{key: value for key, value in row.items() if value is not None} for row in rows]
    published = scores.totals.select(_PUBLISHED).to_dicts()
    return _json(
        {
            "format": FORMAT,
            "about": dict(about or {}),
            "standard": {"edition": standard.edition, "yaml": standard_yaml},
            "evidence": evidence,
            "scores": published,
            "digests": {
                "standard": _digest(standard_yaml),
                "evidence": table_digest(standard, scores.table),
                "inputs": inputs_digest(standard, scores.table),
                "scores": _digest(_json(published)),
            },
        }
    )


def read_bundle(text: str, name: str) -> Bundle:
    """Return what a bundle holds; raises EvidenceError where a digest or a shape is wrong."""
    try:
        tree = json.loads(text)
    except ValueError as error:
        raise EvidenceError(f"{name}: not JSON: {error}") from None
    if not isinstance(tree, dict) or tree.get("format") != FORMAT:
        raise EvidenceError(f'{name}: not an evidence bundle; expected "format": "{FORMAT}"')
    if tree.keys() != _KEYS:
        odd = ", ".join(sorted(tree.keys() ^ _KEYS))
        raise EvidenceError(f"{name}: has too many or too few keys: {odd}")
    try:
        yaml, digests = tree["standard"]["yaml"], dict(tree["digests"])
        standard = parse_standard(yaml, f"{name} (standard)")
        schema = {key: kind() for key, kind in columns(standard).items()}
        table = ready(standard, pl.DataFrame(tree["evidence"], schema=schema, strict=True))
        actual = {
            "standard": _digest(yaml),
            "evidence": table_digest(standard, table),
            "inputs": inputs_digest(standard, table),
            "scores": _digest(_json(tree["scores"])),
        }
    except (KeyError, TypeError, ValueError, AttributeError, pl.exceptions.PolarsError) as error:
        raise EvidenceError(f"{name}: not the shape of an evidence bundle: {error!r}") from None
    for key, digest in actual.items():
        if digests.get(key) != digest:
            raise EvidenceError(
                f"{name}: digests.{key}: is {digests.get(key)}, but its contents give {digest}; "
                "the bundle was changed after it was written"
            )
    return Bundle(standard, table, tuple(tree["scores"]), dict(tree["about"]), actual)


def rescore(bundle: Bundle, name: str) -> Scores:
    """Return the scores of a bundle's evidence; raises EvidenceError where they differ."""
    scores = score_table(bundle.standard, bundle.table)
    again = scores.totals.select(_PUBLISHED).to_dicts()
    published = {row["id"]: row for row in bundle.published}
    for row in again:
        if published.get(row["id"]) != row:
            raise EvidenceError(
                f"{name}: {row['id']}: published as {published.get(row['id'])}, but scores {row}"
            )
    if len(published) != len(again):
        raise EvidenceError(f"{name}: scores of {len(published)} published, {len(again)} found")
    return scores


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
    return text + "\n"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
