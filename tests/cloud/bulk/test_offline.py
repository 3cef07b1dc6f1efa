from pathlib import Path

import pytest

from cloud.bulk.offline import offline, open_offline
from cloud.errors import SettingsError


def test_a_folder_without_data_is_one_sentence_and_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        open_offline(tmp_path / "none")
    assert str(refused.value) == (
        f"{tmp_path / 'none'}: no data of a cloud here (telemetry.duckdb is missing); "
        "give --data the folder of `campus-cloud serve` or `campus-cloud load`"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="cannot make the folder: Not a directory"):
        open_offline(tmp_path / "file" / "data", make=True)


def test_a_folder_is_opened_by_one_after_the_other(tmp_path: Path) -> None:
    for _ in range(2):
        with offline(tmp_path, make=True, memory_mb=64) as (store, registry):
            assert registry.schools() == []
            assert store.schools() == []


def test_a_registry_that_cannot_be_opened_gives_the_store_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPUS_CLOUD_DATABASE_URL", f"sqlite:///{tmp_path}/none/registry.sqlite")
    with pytest.raises(Exception, match="unable to open database file"):
        open_offline(tmp_path, make=True)
    monkeypatch.delenv("CAMPUS_CLOUD_DATABASE_URL")
    with offline(tmp_path):
        pass
