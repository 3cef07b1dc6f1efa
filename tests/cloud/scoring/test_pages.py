import importlib.util
import re
from pathlib import Path

import pytest

from cloud.cli import main
from cloud.scoring.indicator import Indicator, all_indicators
from cloud.scoring.result import evidence_rows
from device_profiles import yaml_tree
from tests._parts.scoring import evidence_of, result_of, standard_of

DOCS = Path(__file__).parents[3] / "docs"


def test_the_reference_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["indicators"]) == 0
    assert capsys.readouterr().out == (DOCS / "reference/indicators.md").read_text(encoding="utf-8")


def test_the_indicator_of_the_how_to_does_what_its_case_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (DOCS / "how-to/add-an-indicator.md").read_text(encoding="utf-8")
    code, case_text = re.findall(r"```(?:python|yaml)\n(.*?)```", page, re.DOTALL)
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
    (found,) = result_of(standard, facts, ("PRI",)).findings
    assert found.sums
    assert found.measured == case["expect"]["measured"]
    assert indicator.reason(found.sums).zh == case["expect"]["reason_zh"]
    assert evidence_rows(found.clause, facts).height == 2
