import hashlib
import json
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from simulators.city import city as whole
from simulators.city.city import Options, read_city, write_city
from simulators.city.school_profiles import SHARES
from simulators.errors import SimulatorError
from tests._parts.small_city import city_options

SLOT_SCHEMA = pl.Schema({
    "school": pl.String(), "asset": pl.String(), "slot_start": pl.Datetime("us"),
    "room": pl.String(), "category": pl.String(), "active_s": pl.Float32(),
    "standby_s": pl.Float32(), "off_s": pl.Float32(), "unobserved_s": pl.Float32(),
    "energy_wh": pl.Float32(), "received_at": pl.Datetime("us"),
})  # fmt: skip


def book(city: Path, kind: str) -> pl.DataFrame:
    (folder,) = (city / "books").glob(f"*-{kind}")
    tables = [pl.read_csv(path, infer_schema=False) for path in sorted(folder.glob("*.csv"))]
    return pl.concat(tables)


def slots(city: Path) -> pl.DataFrame:
    return pl.read_parquet(city / "slots" / "**" / "*.parquet", hive_partitioning=True)


def truth(city: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(city / "truth" / f"{name}.parquet")


def digests(city: Path) -> dict[str, str]:
    return {
        str(path.relative_to(city)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(city.rglob("*"))
        if path.is_file()
    }


def test_the_sums_meet_the_figures_of_the_plan(city: Path) -> None:
    schools, assets, rooms = (book(city, kind) for kind in ("schools", "assets", "rooms"))
    number = schools.height
    quantity = pl.col("quantity").cast(pl.Int64)
    displays = assets.filter(pl.col("category") == "display").select(quantity).sum().item()
    assert displays == schools["classes"].cast(pl.Int64).sum()
    computers = assets.filter(pl.col("name").is_in(["学生计算机", "学生平板电脑"]))
    pupils = int(schools.filter(pl.col("school_type") != "111")["pupils"].cast(pl.Int64).sum())
    assert computers.select(quantity).sum().item() == round(pupils / 3.5)
    recording = rooms.filter(pl.col("room_name").str.contains("录播"))["school"].n_unique()
    assert recording == round(0.889 * number)
    assert assets.filter(pl.col("category") == "recorder")["school"].n_unique() == recording
    innovation = rooms.filter(pl.col("room_name").str.contains("创新实验室"))["school"].n_unique()
    assert innovation == min(
        round(0.646 * number), schools.filter(pl.col("school_type") != "111").height
    )
    function = rooms.filter(pl.col("room_use").is_in(["121", "123", "124", "132", "199"]))
    assert function.height == 15 * number
    value = assets["original_value_yuan"].cast(pl.Float64).sum()
    assert abs(float(value) - 2_200_000 * number) < assets.height


def test_there_is_every_kind_of_school_in_every_county(city: Path) -> None:
    schools = book(city, "schools")
    assert schools["division"].n_unique() == 9
    assert set(schools["school_type"]) == {"111", "211", "311", "312", "341", "342", "365"}
    assert schools["school"].str.contains(r"^(11|21|31|34|36)33\d{6}$").all()
    assert (schools["school"].str.head(2) == schools["school_type"].str.head(2)).all()
    assert schools["name"].is_unique().all()
    assert schools["name"].str.contains("模拟").all()
    sizes = (
        book(city, "stage_sizes")
        .group_by("school")
        .agg(pl.col("classes", "pupils").cast(pl.Int64).sum())
    )
    both = schools.join(sizes, on="school", suffix="_of_stages")
    assert both.height == schools.height
    for column in ("classes", "pupils"):
        assert (both[column].cast(pl.Int64) == both[f"{column}_of_stages"]).all()


def test_every_slot_adds_up_and_stands_in_its_local_day(city: Path) -> None:
    rows = slots(city)
    states = ["active_s", "standby_s", "off_s", "unobserved_s"]
    assert rows.select(pl.sum_horizontal(states) == 300).to_series().all()
    assert rows.select(pl.min_horizontal(states) >= 0).to_series().all()
    assert not rows.select("school", "asset", "slot_start").is_duplicated().any()
    local = (pl.col("slot_start") + timedelta(hours=8)).dt.date()
    assert rows.select(local == pl.col("day")).to_series().all()
    assert rows.select(pl.col("slot_start").dt.epoch("s") % 300 == 0).to_series().all()
    arrived = pl.col("received_at") > pl.col("slot_start") + timedelta(seconds=300)
    assert rows.select(arrived).to_series().all()
    energy = rows.filter(pl.col("energy_wh").is_not_null())
    assert (energy["energy_wh"] >= 0).all()
    assert set(energy["category"]) == {"display", "recorder", "instrument", "meter"}


def test_files_are_sorted_and_of_the_agreed_columns(city: Path) -> None:
    for path in city.glob("slots/*/*.parquet"):
        table = pl.read_parquet(path, hive_partitioning=False)
        assert table.schema == SLOT_SCHEMA
        keys = table.select("school", "asset", "slot_start")
        assert keys.equals(keys.sort("school", "asset", "slot_start"))
    readings = pl.read_parquet(city / "readings" / "**" / "*.parquet")
    assert set(readings["point"]) == {"co2", "illuminance"}
    assert readings.filter(pl.col("number") < 0).is_empty()


def test_the_facts_of_the_city_are_those_of_its_files(city: Path) -> None:
    facts = read_city(city)
    rows = slots(city)
    assert facts["counts"]["slots"] == rows.height
    events = pl.read_parquet(city / "events" / "**" / "*.parquet")
    assert facts["counts"]["events"] == events.height > 0
    assert facts["counts"]["devices"] == rows.select("school", "asset").unique().height
    assert facts["schools"] == sorted(book(city, "schools")["school"])
    assert [date.fromisoformat(day) for day in facts["days"]] == sorted(rows["day"].unique())
    assert facts["counts"]["books.assets"] == book(city, "assets").height


def test_the_truth_names_every_school_device_and_day(city: Path) -> None:
    schools, use = truth(city, "schools"), truth(city, "use")
    assert set(schools["character"]) == set(SHARES)
    assert sorted(schools["school"]) == read_city(city)["schools"]
    rows = slots(city)
    sent = rows.select("school", "asset", "day").unique()
    assert sent.join(use, on=["school", "asset", "day"], how="anti").is_empty()
    assert use.height == use.select("school", "asset").unique().height * 5
    true_s = use.select(pl.col("active_s") + pl.col("standby_s") + pl.col("off_s")).to_series()
    assert (true_s == 86_400).all()
    assets = truth(city, "assets")
    ledger = book(city, "assets").join(
        assets.filter(pl.col("asset_no") != ""), on=["school", "asset_no"], how="anti"
    )
    assert ledger.is_empty()


def test_true_slots_are_what_the_truth_says_they_are(city: Path) -> None:
    files = city / "truth" / "slots" / "**" / "*.parquet"
    true_slots = pl.read_parquet(files, hive_partitioning=True)
    sums = true_slots.group_by("school", "asset", "day").agg(
        pl.col("active_s", "standby_s").cast(pl.Float64).sum()
    )
    use = truth(city, "use").select("school", "asset", "day", "active_s", "standby_s")
    both = use.join(sums, on=["school", "asset", "day"], suffix="_of_slots")
    assert both.height == use.height
    for column in ("active_s", "standby_s"):
        assert (both[column] == both[f"{column}_of_slots"]).all()


def test_what_was_not_tampered_with_is_reported_as_it_was(city: Path) -> None:
    use = truth(city, "use")
    flags = ["left_on", "machine_made", "silenced", "dead", "frozen", "dropped_out", "lost"]
    plain = use.filter(~pl.any_horizontal(flags) & (pl.col("category") != "display"))
    reported = (
        slots(city)
        .group_by("school", "asset", "day")
        .agg(pl.col("active_s").cast(pl.Float64).sum())
    )
    both = plain.join(reported, on=["school", "asset", "day"], suffix="_told")
    assert both.height == plain.height > 1000
    assert (both["active_s"] == both["active_s_told"]).all()


def test_tampering_shows_in_the_slots_and_only_some_devices_take_part(city: Path) -> None:
    use = truth(city, "use").join(truth(city, "schools").select("school", "character"), on="school")
    reported = (
        slots(city)
        .group_by("school", "asset", "day")
        .agg(pl.col("active_s", "unobserved_s").cast(pl.Float64).sum())
    )
    both = use.join(reported, on=["school", "asset", "day"], suffix="_told")
    left = both.filter("left_on")
    assert set(left["character"]) == {"left_on"}
    assert left["active_s_told"].mean() > 3 * left["active_s"].mean()  # type: ignore[operator]  # numbers
    assert set(both.filter("machine_made")["character"]) == {"machine_like"}
    silenced = both.filter("silenced")
    assert set(silenced["character"]) == {"stops_before_inspection"}
    assert (silenced["unobserved_s"] == 86_400).all()
    for flag, character in (("left_on", "left_on"), ("silenced", "stops_before_inspection")):
        of_character = both.filter(pl.col("character") == character)
        assert 0 < of_character[flag].mean() < 1  # type: ignore[operator]  # a share


def test_silenced_sensors_speak_again_on_the_day_of_the_review(city: Path) -> None:
    silenced = truth(city, "use").filter("silenced").join(truth(city, "schools"), on="school")
    assert silenced.height > 0
    assert (silenced["day"] < silenced["inspected"]).all()


def test_false_declarations_are_known_and_far_from_right(city: Path) -> None:
    declarations = truth(city, "declarations").join(truth(city, "schools"), on="school")
    false = declarations.filter(pl.col("untruth") == "false")
    assert set(false["character"]) == {"false_declaration"}
    assert (false["value"] > 1.2 * false["actual"]).all()
    assert book(city, "declarations").height == declarations.height


def test_phantoms_are_in_the_ledger_and_never_report(city: Path) -> None:
    assets = truth(city, "assets").join(truth(city, "schools"), on="school")
    phantoms = assets.filter(~pl.col("exists"))
    assert set(phantoms["character"]) == {"phantom_ledger"}
    reporting = slots(city).select("school", "asset").unique()
    assert phantoms.join(reporting, on=["school", "asset"], how="semi").is_empty()


def test_half_empty_ledgers_are_half_empty(city: Path) -> None:
    assets = book(city, "assets").join(truth(city, "schools"), on="school")
    empty = assets.group_by("character").agg(pl.col("custodian").is_null().mean().alias("share"))
    by_character = dict(empty.iter_rows())
    assert by_character["half_empty_ledger"] > 0.2 > by_character["honest"]


def test_the_same_city_comes_of_any_number_of_processes(city: Path, tmp_path: Path) -> None:
    write_city(city_options(tmp_path / "again", keeps_true_slots=True, workers=2))
    assert digests(tmp_path / "again") == digests(city)


def test_parts_are_cut_without_changing_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_city(city_options(tmp_path / "whole", schools=9, days=2))
    monkeypatch.setattr(whole, "SCHOOLS_PER_PART", 4)
    write_city(city_options(tmp_path / "cut", schools=9, days=2))
    assert len(list(tmp_path.glob("cut/slots/*/*.parquet"))) == 6
    assert slots(tmp_path / "cut").equals(slots(tmp_path / "whole"))
    events = [pl.read_parquet(tmp_path / name / "events/**/*.parquet") for name in ("cut", "whole")]
    assert events[0].sort(events[0].columns).equals(events[1].sort(events[1].columns))


def test_another_seed_is_another_city(city: Path, tmp_path: Path) -> None:
    write_city(city_options(tmp_path / "other", seed=8))
    other, first = book(tmp_path / "other", "schools"), book(city, "schools")
    assert set(other["school"]) & set(first["school"]) == set()


def test_an_older_city_is_replaced_as_a_whole(tmp_path: Path) -> None:
    write_city(city_options(tmp_path, schools=9, days=2))
    write_city(city_options(tmp_path, schools=3, days=1))
    assert slots(tmp_path)["school"].n_unique() <= 3
    assert len(list(tmp_path.glob("slots/*/*.parquet"))) == 1


def test_a_foreign_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "books").mkdir()
    with pytest.raises(SimulatorError, match="holds books but no city"):
        write_city(city_options(tmp_path))
    (tmp_path / "books").rmdir()
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(SimulatorError, match=r"holds thesis\.docx but no city"):
        write_city(city_options(tmp_path))
    with pytest.raises(SimulatorError, match="is a file, expected a folder"):
        write_city(city_options(tmp_path / "thesis.docx"))


def test_a_stopped_run_can_be_started_again(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_city(city_options(tmp_path, schools=3, days=1), news=_interrupt)
    with pytest.raises(SimulatorError, match=r"city\.json: cannot be read"):
        read_city(tmp_path)
    write_city(city_options(tmp_path, schools=3, days=1))
    assert read_city(tmp_path)["counts"]["schools"] == 3


def _interrupt(text: str) -> None:
    if text.startswith("slots"):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"schools": 0}, "got 0 schools, expected 1 to 20,000"),
        ({"days": 300}, "got 300 days, expected 1 to 250"),
        ({"seed": -1}, "got -1 seed, expected 0 to "),
        ({"workers": 0}, "got 0 workers, expected 1 to 64"),
    ],
)
def test_what_cannot_be_made_is_refused(
    wrong: dict[str, object], problem: str, tmp_path: Path
) -> None:
    with pytest.raises(SimulatorError, match=problem):
        write_city(city_options(tmp_path / "city", **wrong))
    assert not (tmp_path / "city").exists()


def test_a_city_may_be_one_school_for_one_day(tmp_path: Path) -> None:
    facts = write_city(Options(tmp_path, 1, 1, 3, date(2026, 11, 20)))
    assert facts["counts"]["schools"] == 1
    assert json.loads((tmp_path / "city.json").read_text())["days"] == ["2026-11-20"]
