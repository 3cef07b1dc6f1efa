"""A further language is one more file: findings and API texts are there in it."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import pytest
import yaml

from cloud import messages
from cloud.messages import catalogue, languages, localized, render
from cloud.scoring.indicators.base import Sums, all_indicators
from tests._parts.cloud_app import CloudApp
from tests._parts.small_school import MONDAY, SCHOOL, furnish, local, send, slots

RATE = "{part:.0f} actifs sur {whole:.0f} sont intacts ({share:.1%})."


@pytest.fixture
def french(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add a catalogue: the English one, marked, with one sentence that is really French."""
    for language in ("zh", "en"):
        copy(messages.FOLDER / f"{language}.yaml", tmp_path)
    templates = {key: f"fr: {text}" for key, text in catalogue("en").items()}
    templates |= {key: text for key, text in catalogue("en").items() if key.endswith("separator")}
    templates["indicator.intact_rate.reason"] = RATE
    text = yaml.safe_dump(templates, allow_unicode=True)
    (tmp_path / "fr.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(messages, "FOLDER", tmp_path)
    forget()
    yield
    monkeypatch.undo()
    forget()


def forget() -> None:
    """Let the catalogues be read again."""
    catalogue.cache_clear()
    languages.cache_clear()


@pytest.mark.usefixtures("french")
def test_a_finding_is_there_in_the_language_of_a_new_file() -> None:
    assert languages() == ("en", "fr", "zh")
    reason = all_indicators()["intact_rate"].reason(Sums(3.0, 4.0, 0.0))
    assert render(reason, "fr") == "3 actifs sur 4 sont intacts (75.0%)."
    assert set(localized(reason)) == {"zh", "en", "fr"}


@pytest.mark.usefixtures("french")
async def test_the_api_gives_findings_in_the_language_of_a_new_file(cloud: CloudApp) -> None:
    await furnish(cloud, local("18:00"))
    await send(cloud.services.store, slots("A-1", local("08:00"), local("08:40"), "active"))
    answer = await cloud.stranger.get(
        f"/api/v1/schools/{SCHOOL}/score",
        params={"start": str(MONDAY), "end": str(MONDAY)},
    )
    assert answer.status_code == 200, answer.text
    findings = answer.json()["findings"]
    assert findings
    for finding in findings:
        assert set(finding["reason"]) == {"zh", "en", "fr"}
        assert (
            finding["reason"]["fr"].startswith("fr: ") or " actifs sur " in finding["reason"]["fr"]
        )
