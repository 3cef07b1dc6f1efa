import importlib.util
import re
from pathlib import Path

import pytest

from cloud.cli import main
from cloud.messages import catalogue, localized, render, templates_of
from cloud.scoring.engine.csv_file import parse_table, scores_csv
from cloud.scoring.engine.engine import score_table
from cloud.scoring.engine.result import evidence_rows
from cloud.scoring.indicators.base import Indicator, all_indicators
from cloud.scoring.standard.clause import Clause, Dimension, Rule, Variation
from cloud.scoring.standard.standard import Standard, parse_standard
from device_profiles import yaml_tree
from tests._parts.scoring import evidence_of, result_of, standard_of

DOCS = Path(__file__).parents[4] / "docs"


def test_the_reference_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["indicators"]) == 0
    assert capsys.readouterr().out == (DOCS / "reference/indicators.md").read_text(encoding="utf-8")


def test_the_indicator_of_the_how_to_does_what_its_case_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (DOCS / "how-to/add-an-indicator.md").read_text(encoding="utf-8")
    code, chinese, english, case_text = re.findall(r"```(?:python|yaml)\n(.*?)```", page, re.DOTALL)
    catalogues = {
        language: {**catalogue(language), **templates_of(text, f"{language}.yaml")}
        for language, text in (("zh", chinese), ("en", english))
    }
    monkeypatch.setattr("cloud.messages.catalogue", catalogues.__getitem__)
    path = tmp_path / "model_stated.py"
    path.write_text(code, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("model_stated", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    indicator: Indicator = module.INDICATOR
    monkeypatch.setitem(all_indicators(), indicator.id, indicator)
    (case,) = yaml_tree.parse(case_text).value
    standard, facts = standard_of([case["clause"]]), evidence_of(case)
    (finding,) = result_of(standard, facts, ("PRI",)).findings
    assert finding.sums
    assert finding.measured == case["expect"]["measured"]
    assert render(indicator.reason(finding.sums), "zh") == case["expect"]["reason_zh"]
    rows = evidence_rows(finding.clause, facts).to_dicts()
    texts = [localized(indicator.row_message(row)) for row in rows]
    assert [text["en"].split(": ")[1] for text in texts] == ["no model", "stated"]
    assert set(indicator.message_keys()) == set(templates_of(chinese, "zh.yaml"))


def test_the_standard_of_the_how_to_scores_as_it_says() -> None:
    page = (DOCS / "how-to/write-a-standard.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    evidence, scores = re.findall(r"```csv\n(.*?)```", page, re.DOTALL)
    standard = parse_standard(text, "library.yaml")
    scored = score_table(standard, parse_table(evidence, "schools.csv", standard))
    assert scores_csv(scored) == scores


def test_the_how_to_names_every_key_of_a_standard() -> None:
    page = (DOCS / "how-to/write-a-standard.md").read_text(encoding="utf-8")
    for model in (Standard, Clause, Rule, Variation, Dimension):
        unnamed = [key for key in model.model_fields if not re.search(rf"\b{key}\b", page)]
        assert not unnamed, model
