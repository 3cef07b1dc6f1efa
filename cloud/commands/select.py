"""`campus-cloud select`: choose schools from an assessment by rules, without a server."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud.commands import print_json
from device_profiles.command_line.parser import Commands, add_json
from device_profiles.command_line.texts import Texts

if TYPE_CHECKING:
    from cloud.assessments.filed_selection import FilledQuota


def add(commands: Commands) -> None:
    """Add the command."""
    text = commands.text
    select = commands.add(
        "select", _select, examples=("select --places 50", "select --rules rules.yaml --seed 7")
    )
    select.add_argument("--data", type=Path, metavar="DIR", help=text("data"))
    select.add_argument(
        "--assessment", default="latest", metavar="ID", help=text("select.assessment")
    )
    select.add_argument("--places", type=int, metavar="N", help=text("select.places"))
    select.add_argument("--rules", type=Path, metavar="FILE", help=text("select.rules"))
    select.add_argument("--seed", type=int, default=0, metavar="N", help=text("select.seed"))
    add_json(select)


def _select(arguments: argparse.Namespace) -> int:
    from cloud.assessments import make_selection
    from cloud.assessments.repository import AssessmentRepository
    from cloud.bulk.offline import registry_of
    from cloud.clock import SystemClock
    from cloud.selection.rules import SelectionRules, load_rules

    rules = load_rules(arguments.rules) if arguments.rules else SelectionRules()
    if arguments.places is not None:
        rules = rules.model_copy(update={"places": arguments.places})
    with registry_of(arguments.data) as registry:
        repository = AssessmentRepository(registry.assessment_log)
        assessment = repository.assessment(arguments.assessment)
        made = make_selection.select(assessment, rules, arguments.seed, SystemClock().now())
        is_new = registry.assessment_log.file_selection(made)
        selection = repository.selection(made.id)
    values = {
        "id": made.id,
        "selected": len(selection.selected),
        "rated": int(assessment.scores.totals["value"].count()),
        "places": selection.contents.places,
        "assessment": assessment.row.id,
    }
    quotas = selection.contents.quotas
    if arguments.json:
        print_json({**values, "is_new": is_new, "quotas": [_quota_json(quota) for quota in quotas]})
        return 0
    text: Texts = arguments.text
    print(text("select.done" if is_new else "select.done_again", **values))
    for quota in quotas:
        print(_quota_line(quota, text))
    return 0


def _quota_json(quota: "FilledQuota") -> dict[str, Any]:
    from cloud.messages import localized

    return {"id": quota.id, "title": localized(quota.title), **quota.model_dump(mode="json")}


def _quota_line(quota: "FilledQuota", text: Texts) -> str:
    from cloud.messages import render

    bounds = [
        text(key, number=bound)
        for key, bound in (("select.at_least", quota.least), ("select.at_most", quota.most))
        if bound is not None
    ]
    return text(
        "select.quota" if quota.holds else "select.quota_not_met",
        title=render(quota.title, text.language),
        selected=quota.selected,
        bounds=text("comma").join(bounds),
    )
