"""`campus-cloud select`: choose schools from an assessment by rules, without a server."""

import argparse
from pathlib import Path
from typing import Any

from cloud.commands import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    select = commands.add_parser(
        "select",
        help="select schools from an assessment by rules",
        description="Select from an assessment that was filed, and file the selection: the same "
        "assessment, rules and seed always give the same list. docs/explanation/selection.md "
        "describes the rules.",
    )
    select.add_argument("--data", type=Path, help="folder of `campus-cloud serve` (cloud-data)")
    select.add_argument("--assessment", default="latest", metavar="ID", help="which one (latest)")
    select.add_argument("--places", type=int, help="how many are selected; overrules the file (50)")
    select.add_argument("--rules", type=Path, metavar="FILE", help="rules as YAML or JSON")
    select.add_argument("--seed", type=int, default=0, help="seed of the trials (0)")
    select.set_defaults(run=_select)


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
        found = repository.assessment(arguments.assessment)
        made = make_selection.select(found, rules, arguments.seed, SystemClock().now())
        is_new = registry.assessment_log.file_selection(made)
        chosen = repository.selection(made.id)
    rated = found.scores.totals["value"].count()
    print(
        f"selection {made.id}{'' if is_new else ' (filed before)'}: {len(chosen.selected)} of "
        f"{rated} rated schools, {chosen.contents['places']} places, assessment {found.row.id}"
    )
    for quota in chosen.contents["quotas"]:
        print(f"  {_quota(quota)}")
    return 0


def _quota(quota: dict[str, Any]) -> str:
    bounds = [
        f"{what} {quota[key]}"
        for what, key in (("at least", "least"), ("at most", "most"))
        if quota[key] is not None
    ]
    told = "" if quota["holds"] else "  NOT KEPT"
    return f"{quota['title_en']}: {quota['selected']} ({', '.join(bounds)}){told}"
