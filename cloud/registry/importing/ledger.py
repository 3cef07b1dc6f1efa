"""Records of schools, rooms, assets and bindings -> rows of the tables.

Each function looks its records up by natural key, refuses what contradicts the other records,
and writes the rest into the session; nothing is committed here.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from cloud.errors import RefusedValue
from cloud.messages import Message, message
from cloud.registry import tables
from cloud.registry.codes import statistics
from cloud.registry.importing.import_job import (
    Job,
    Row,
    assets_of,
    is_span,
    lacks_needed,
    nearest,
    note_case,
    once,
    rooms_of,
    stated,
    the_room,
)
from cloud.registry.importing.room_finder import RoomFinder
from cloud.registry.importing.spelling import folded, identifier
from cloud.registry.importing.table_reader import Record


def apply_schools(job: Job, records: Sequence[Record]) -> None:
    """Make or change schools."""
    needed = {"name": "学校名称", "division": "区划代码", "school_type": "办学类型码"}
    fields = (*needed, "urban_rural", "classes", "pupils", "teachers")
    for record in once(job, records, ["school"]):
        school_id = record.get("school")
        stored = job.schools.get(school_id)
        if lacks_needed(job, record, needed, is_new=stored is None):
            continue
        school_type = record.get("school_type")
        if school_type is not None:
            problem = statistics.disagreement(school_id, school_type)
            if problem is not None:
                job.refuse(record, "办学类型码", problem)
                continue
        before = job.unchanged
        values = {"id": school_id, **stated(record, fields)}
        job.schools[school_id] = job.save(tables.School, stored, values)
        if job.unchanged == before:
            job.touch(school_id)


def apply_rooms(job: Job, records: Sequence[Record]) -> None:
    """Make or change rooms, and the buildings they name."""
    records = [record for record in records if job.knows_school(record)]
    schools = {record.get("school") for record in records}
    rooms = {
        (room["school_id"], room["number"]): room
        for room in job.rows(tables.Room, tables.Room.school_id, schools)
    }
    note_case(job, records, "number", "房间编号", rooms)
    for school, number in list(rooms):
        rooms.setdefault((school, identifier(number)), rooms[school, number])
    buildings = _buildings(job, records, schools)
    fields = ("floor", "name", "use", "area_m2", "seats", "home_class")
    for record in once(job, records, ["school", "number"]):
        school, number = record.get("school"), record.get("number")
        room = rooms.get((school, number))
        filed = number if room is None else room["number"]
        values = {"school_id": school, "number": filed, **stated(record, fields)}
        if "building" in record.values:
            values["building_id"] = buildings.get((school, record.get("building")))
        job.save(tables.Room, room, values)


def _buildings(
    job: Job, records: Sequence[Record], schools: Iterable[Any]
) -> dict[tuple[Any, Any], int]:
    """Return the ids of the buildings, by school and name; those that are new are made."""
    named = {(record.get("school"), record.get("building")): None for record in records}
    known = _stored_buildings(job, schools)
    for school, name in named:
        if name is not None and (school, name) not in known:
            job.add(tables.Building, {"school_id": school, "name": name})
    job.flush()
    return _stored_buildings(job, schools)


def _stored_buildings(job: Job, schools: Iterable[Any]) -> dict[tuple[Any, Any], int]:
    buildings = job.rows(tables.Building, tables.Building.school_id, schools)
    return {(row["school_id"], row["name"]): row["id"] for row in buildings}


ASSET_FIELDS = (
    "name", "category", "model", "brand", "serial_no", "tag", "device_no", "unit",
    "original_value_fen", "acquisition", "acquired", "booked", "condition", "department",
    "custodian", "supplier", "warranty_until", "life_years", "funding", "assessed",
)  # fmt: skip


def apply_assets(job: Job, records: Sequence[Record]) -> None:
    """Make or change assets, and the bindings that follow from them."""
    records = [record for record in records if job.knows_school(record)]
    schools = {record.get("school") for record in records}
    assets = {
        (asset["school_id"], asset["asset_no"]): asset
        for asset in job.rows(tables.Asset, tables.Asset.school_id, schools)
    }
    note_case(job, records, "asset_no", "资产编号", assets)
    everything = dict(assets)
    for school, number in list(assets):
        assets.setdefault((school, identifier(number)), assets[school, number])
    rooms = rooms_of(job, schools)
    needed = {"name": "资产名称", "condition": "使用状况"}
    saved: list[tuple[Record, Row]] = []
    for record in once(job, records, ["school", "asset_no"]):
        school, asset_no = record.get("school"), record.get("asset_no")
        stored = assets.get((school, asset_no))
        lacks = lacks_needed(job, record, needed, is_new=stored is None)
        filed = asset_no if stored is None else stored["asset_no"]
        values = {"school_id": school, "asset_no": filed, **stated(record, ASSET_FIELDS)}
        values |= _classification(job, record, stored)
        values |= _location(job, record, rooms[school])
        if "quantity" in record.values or stored is None:
            values["quantity"] = 1.0 if record.get("quantity") is None else record.get("quantity")
        if not lacks and not record.is_broken:
            asset = job.save(tables.Asset, stored, values)
            saved.append((record, asset))
            everything[school, filed] = asset
    _refuse_shared_tags(job, saved, everything.values())
    job.flush()
    if any("id" not in asset for _, asset in saved):
        numbered = assets_of(job, schools)
        for _, asset in saved:
            asset["id"] = numbered[asset["school_id"]][asset["asset_no"]]
    _derive_bindings(job, saved, schools)


GIVEN_UP = frozenset({"6", "7"})
"""Conditions (disposed of, transferred out) in which an asset has no use for its tag."""


def _refuse_shared_tags(
    job: Job, saved: Sequence[tuple[Record, Row]], assets: Iterable[Row]
) -> None:
    """Refuse one tag on two assets of a school; a serial number of two is noted."""
    rows = {id(asset): record for record, asset in saved}
    for key, title in (("tag", "标签值"), ("serial_no", "序列号")):
        shared: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for asset in assets:
            if asset.get(key) is not None and asset["condition"] not in GIVEN_UP:
                shared[asset["school_id"], folded(asset[key])].append(asset)
        for several in shared.values():
            for asset in several if len(several) > 1 else ():
                record = rows.get(id(asset))
                if record is None or record.get(key) is None:
                    continue
                owners = [
                    _owner(rows.get(id(other)), other) for other in several if other is not asset
                ]
                if key == "tag":
                    problem = message("import.row.tag_taken", tag=asset[key], owners=owners)
                    job.refuse(record, title, problem)
                else:
                    job.note("serial_twice", record, title, serial=asset[key], owners=owners)


def _owner(record: Record | None, asset: Row) -> Message:
    if record is None:
        return message("import.hint.asset", asset=asset["asset_no"])
    return message("import.hint.asset_of_row", asset=asset["asset_no"], row=record.row)


def _location(job: Job, record: Record, rooms: RoomFinder) -> dict[str, Any]:
    if "room" not in record.values:
        return {}
    if record.get("room") is None:
        return {"room_id": None}
    room = the_room(job, record, rooms, "存放地点")
    return {} if room is None else {"room_id": room}


def _classification(job: Job, record: Record, stored: Row | None) -> dict[str, Any]:
    if "classification_code" not in record.values:
        return {}
    written, edition = record.get("classification_code"), record.get("classification_list")
    if written is None:
        return {"classification_code": None, "classification_list": None}
    if "classification_list" not in record.values and stored is not None:
        is_same = stored["classification_code"] == written
        edition = stored["classification_list"] if is_same else None
    try:
        code, edition = statistics.classification(written, edition)
    except RefusedValue as error:
        job.refuse(record, "分类代码", error.text)
        return {}
    return {"classification_code": code, "classification_list": edition}


def _derive_bindings(job: Job, saved: Sequence[tuple[Record, Row]], schools: Iterable[Any]) -> None:
    by_asset = _stored_bindings(job, schools)
    rows: dict[int, Record] = {}
    for record, asset in saved:
        rows[asset["id"]] = record
        known = by_asset[asset["id"]]
        if any(binding["origin"] == "bindings" for binding in known):
            continue
        device = asset.get("device_no") or asset["asset_no"]
        if not known:
            values = {"school_id": asset["school_id"], "asset_id": asset["id"], "device": device}
            known.append(job.add(tables.Binding, {**values, "origin": "ledger"}))
        elif known[0]["device"] != device:
            job.change(tables.Binding, known[0], {"device": device})
            job.touch(asset["school_id"])
    _refuse_clashes(job, by_asset, rows, "设备号")


def _stored_bindings(job: Job, schools: Iterable[Any]) -> dict[int, list[Row]]:
    by_asset: dict[int, list[Row]] = defaultdict(list)
    for binding in job.rows(tables.Binding, tables.Binding.school_id, schools):
        by_asset[binding["asset_id"]].append(binding)
    return by_asset


def _refuse_clashes(
    job: Job,
    by_asset: Mapping[int, Sequence[Row]],
    rows: Mapping[int, Record],
    column: str,
) -> None:
    """Refuse two assets under one name in telemetry on the same day."""
    by_device: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for bindings in by_asset.values():
        for binding in bindings:
            by_device[binding["school_id"], binding["device"]].append(binding)
    for (_school, device), bindings in by_device.items():
        if len(bindings) == 1:
            continue
        ordered = sorted(bindings, key=lambda binding: binding.get("valid_from") or dt.date.min)
        for earlier, later in pairwise(ordered):
            ends, begins = earlier.get("valid_to"), later.get("valid_from")
            if (ends or dt.date.max) >= (begins or dt.date.min):
                record = rows.get(later["asset_id"]) or rows.get(earlier["asset_id"])
                if record is not None:
                    other = earlier if record is rows.get(later["asset_id"]) else later
                    asset = job.session.get(tables.Asset, other["asset_id"])
                    owner = (
                        message("import.hint.another_asset")
                        if asset is None
                        else message("import.hint.asset", asset=asset.asset_no)
                    )
                    problem = message("import.row.device_taken", device=device, owner=owner)
                    job.refuse(record, column, problem)


def apply_bindings(job: Job, records: Sequence[Record]) -> None:
    """Replace the bindings of the assets named."""
    records = [record for record in records if job.knows_school(record)]
    schools = {record.get("school") for record in records}
    assets = assets_of(job, schools)
    stored = _stored_bindings(job, schools)
    named: dict[int, list[Record]] = defaultdict(list)
    for record in once(job, records, ["school", "asset_no", "device", "valid_from"]):
        asset_id = the_asset(job, record, assets)
        if asset_id is not None and is_span(job, record, "valid_from", "valid_to", "停用日期"):
            named[asset_id].append(record)
    for asset_id, group in named.items():
        stored[asset_id] = _replace_bindings(job, asset_id, stored[asset_id], group)
    _refuse_clashes(job, stored, {key: group[0] for key, group in named.items()}, "设备号")


def the_asset(job: Job, record: Record, assets: Mapping[str, Mapping[str, int]]) -> int | None:
    """Return the id of the asset a record names; a problem is noted where there is none."""
    number = record.get("asset_no")
    numbers = assets.get(record.get("school"), {})
    asset_id = numbers.get(number)
    if asset_id is None:
        hint = nearest(number, numbers)
        job.refuse(record, "资产编号", message("import.row.unknown_asset", got=number, hint=hint))
    return asset_id


def _replace_bindings(
    job: Job, asset_id: int, stored: Sequence[Row], group: Sequence[Record]
) -> list[Row]:
    known = {(row["device"], row["valid_from"]): row for row in stored}
    saved = []
    for record in group:
        values = {
            "school_id": record.get("school"),
            "asset_id": asset_id,
            "device": record.get("device"),
            "valid_from": record.get("valid_from"),
            "valid_to": record.get("valid_to"),
            "origin": "bindings",
        }
        binding = known.pop((values["device"], values["valid_from"]), None)
        saved.append(job.save(tables.Binding, binding, values))
    for left in known.values():
        if job.is_partial:
            saved.append(left)
        else:
            job.remove(tables.Binding, left, left["school_id"])
    return saved
