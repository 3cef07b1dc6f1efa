"""Events contradict neither the slots nor the truth nor the records."""

from datetime import timedelta
from pathlib import Path

import polars as pl

EIGHT = timedelta(hours=8)
SLOT_S = 300
KEYS = ["school", "asset"]


def events(city: Path) -> pl.DataFrame:
    rows = pl.read_parquet(city / "events" / "**" / "*.parquet", hive_partitioning=True)
    return rows.with_columns(local=pl.col("happened_at") + EIGHT)


def slots(city: Path) -> pl.DataFrame:
    return pl.read_parquet(city / "slots" / "**" / "*.parquet", hive_partitioning=True)


def truth(city: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(city / "truth" / f"{name}.parquet")


def of_type(city: Path, type_: str) -> pl.DataFrame:
    rows = events(city).filter(pl.col("type") == type_)
    assert rows.height > 0, type_
    return rows


def test_events_stand_in_their_local_day_once_and_in_order(city: Path) -> None:
    rows = events(city)
    assert rows.select(pl.col("local").dt.date() == pl.col("day")).to_series().all()
    assert not rows.select(*KEYS, "type", "happened_at").is_duplicated().any()
    assert (rows["received_at"] > rows["happened_at"]).all()
    assert (rows["happened_at"].dt.microsecond() == 0).all(), "lines have seconds"
    assert (rows["text"].str.len_chars() > 3).all()
    for path in city.glob("events/*/*.parquet"):
        table = pl.read_parquet(path, hive_partitioning=False)
        order = table.select("school", "happened_at", "asset", "type")
        assert order.equals(order.sort(order.columns))


def test_every_kind_of_event_happens_at_a_plausible_rate(city: Path) -> None:
    counts = dict(events(city).group_by("type").len().iter_rows())
    assert set(counts) == {
        "device_silent", "device_back", "fault", "uplink_lost", "uplink_back",
        "gateway_restarted", "configuration",
    }  # fmt: skip
    school_days = 24 * 5
    assert 1 < sum(counts.values()) / school_days < 8
    assert counts["fault"] / school_days < 1
    assert counts["configuration"] / school_days < 0.15


def test_who_falls_silent_is_unobserved_from_then_on(city: Path) -> None:
    silent = of_type(city, "device_silent").select(*KEYS, "happened_at")
    sent = slots(city).select(*KEYS, "slot_start", "unobserved_s")
    reporting = silent.join(sent, on=KEYS).filter(
        (pl.col("slot_start") <= pl.col("happened_at"))
        & (pl.col("happened_at") < pl.col("slot_start") + timedelta(seconds=SLOT_S))
    )
    assert reporting.height > 50
    assert (reporting["unobserved_s"] > 0).all()


def test_a_device_that_is_silent_all_day_is_reported(city: Path) -> None:
    use = truth(city, "use").filter(pl.col("silenced") | pl.col("dead"))
    first = use.group_by(KEYS).agg(pl.col("day").min())
    lost = truth(city, "outages").filter("is_lost").select("school", "day")
    first = first.join(lost, on=["school", "day"], how="anti")
    silent = of_type(city, "device_silent").select(*KEYS, "day").unique()
    assert first.height > 20
    assert first.join(silent, on=[*KEYS, "day"], how="anti").is_empty()


def test_the_frozen_are_not_noticed(city: Path) -> None:
    frozen = truth(city, "use").filter("frozen").select(*KEYS, "day")
    frozen = frozen.join(
        truth(city, "use").filter("dropped_out").select(*KEYS, "day"), on=[*KEYS, "day"], how="anti"
    )
    silent = of_type(city, "device_silent")
    assert frozen.height > 0
    assert frozen.join(silent, on=[*KEYS, "day"], how="semi").is_empty()


def test_silenced_devices_come_back_for_the_review(city: Path) -> None:
    schools = truth(city, "schools").select("school", "inspected")
    silenced = truth(city, "use").filter("silenced").select(KEYS).unique()
    back = of_type(city, "device_back").join(schools, on="school")
    back = back.filter(pl.col("local").dt.date() == pl.col("inspected"))
    never = silenced.join(back, on=KEYS, how="anti")
    dead = truth(city, "assets").filter(pl.col("dead_from").is_not_null())
    assert never.join(dead, on=KEYS, how="anti").is_empty()


def test_lines_are_lost_and_found_as_in_the_truth(city: Path) -> None:
    cut = truth(city, "outages").with_columns(
        at=pl.col("day").cast(pl.Datetime("us")) + pl.duration(seconds="starts_s")
    )
    late = cut.filter(~pl.col("is_lost")).select("school", local="at")
    lost = of_type(city, "uplink_lost").select("school", "local")
    assert lost.sort(lost.columns).equals(late.sort(late.columns))
    restarted = events(city).filter(
        (pl.col("type") == "gateway_restarted") & pl.col("text").str.contains("断电")
    )
    off = cut.filter("is_lost").select("school", "day")
    assert restarted.height > 0
    # One that was off until midnight starts again on the next day.
    days = pl.concat([off, off.with_columns(pl.col("day") + timedelta(days=1))])
    assert restarted.join(days, on=["school", "day"], how="anti").is_empty()


def test_nothing_is_reported_while_a_gateway_is_off_and_late_while_its_line_is_cut(
    city: Path,
) -> None:
    cut = truth(city, "outages").with_columns(midnight=pl.col("day").cast(pl.Datetime("us")))
    both = events(city).join(cut, on=["school", "day"])
    second = (pl.col("local") - pl.col("midnight")).dt.total_seconds()
    during = both.filter((second >= pl.col("starts_s")) & (second < pl.col("ends_s")))
    assert during.filter("is_lost").is_empty()
    late = during.filter(~pl.col("is_lost"))
    ends = pl.col("midnight") + pl.duration(seconds=pl.col("ends_s") + pl.col("delay_s"))
    assert late.height > 0
    assert late.select(pl.col("received_at") + EIGHT > ends).to_series().all()


def test_alerts_of_the_records_were_faults_first(city: Path) -> None:
    (folder,) = (city / "books").glob("*-tickets")
    tickets = pl.concat([pl.read_csv(path, infer_schema=False) for path in folder.glob("*.csv")])
    alerts = tickets.filter(pl.col("origin") == "预警").select(
        "school", "asset_no", reported=pl.col("reported_at").str.to_datetime("%Y-%m-%d %H:%M")
    )
    assets = truth(city, "assets").filter("has_reported").select("school", "asset_no", "asset")
    alerts = alerts.join(assets, on=["school", "asset_no"])
    faults = of_type(city, "fault").select(*KEYS, "local")
    both = alerts.join(faults, on=KEYS).with_columns(
        early=(pl.col("reported") - pl.col("local")).dt.total_seconds()
    )
    met = both.filter((pl.col("early") >= 60) & (pl.col("early") <= 900))
    assert met.select(*KEYS, "reported").unique().height >= 0.8 * alerts.height > 0
