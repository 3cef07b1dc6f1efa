"""The ledger of a simulated school: about three assets for each device.

Some rows are imperfect on purpose, as ledgers are: no tag, no custodian, no place, booked late,
idle, broken, or bound to a device that never speaks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from simulators.school.campus import Campus, PlannedDevice

_SCREEN = ("A02020800", "海信", "86MR7A", 17800.0, 8)
_KINDS: dict[str, tuple[str, str, str, float, int]] = {
    # profile: classification code, brand, model, price in yuan, years of life
    "campus-interactive-display": _SCREEN,
    "shelly-plus-plug-s": _SCREEN,
    "tasmota-plug": _SCREEN,
    "tuya-ts011f": _SCREEN,
    "eastron-sdm120": _SCREEN,
    "shelly-pro-4pm": ("A02061900", "Shelly", "Pro 4PM", 860.0, 10),
    "campus-recording-room": ("A02091100", "奥威亚", "AE-V8", 96000.0, 8),
    "campus-microphone-array": ("A02091200", "科大讯飞", "MA-8", 12800.0, 8),
    "campus-projector": ("A02020200", "光峰", "AL-LU600", 32800.0, 8),
    "campus-classroom-computer": ("A02010105", "联想", "启天 M455", 4800.0, 6),
    "campus-lab-instrument": ("A02100400", "朗威", "DISLab 9", 15600.0, 10),
    "riden-rd6006": ("A02100400", "RIDEN", "RD6006", 1280.0, 8),
    "eastron-sdm630": ("A02061900", "Eastron", "SDM630", 980.0, 10),
    "senseair-s8": ("A02100400", "Senseair", "S8", 420.0, 6),
    "sinotimer-xy-md02": ("A02100400", "Sinotimer", "XY-MD02", 160.0, 6),
    "renke-rs-gz": ("A02100400", "建大仁科", "RS-GZ-N01", 320.0, 6),
    "campus-epaper-terminal": ("A02010107", "汉王", "EA310", 2680.0, 5),
    "shelly-blu-motion": ("A02100400", "Shelly", "BLU Motion", 210.0, 5),
    "xiaomi-lywsd03mmc": ("A02100400", "小米", "LYWSD03MMC", 49.0, 5),
    "shelly-blu-ht": ("A02100400", "Shelly", "BLU H&T", 230.0, 5),
    "bthome-light": ("A02100400", "BTHome", "Light", 180.0, 5),
}
_STEM_CATEGORY = {
    "display": "display",
    "projector": "display",
    "recorder": "recorder",
    "microphone": "recorder",
    "computer": "computer",
    "bench": "instrument",
    "supply": "instrument",
    "epaper": "epaper",
    "meter": "meter",
    "switch": "meter",
}
_SUPPLIERS = ("台州市海门教育装备有限公司", "浙江东海智慧科技有限公司", "椒江区华联电器商行")


@dataclass(slots=True)
class Asset:
    """One row of the ledger; an empty value is an empty cell."""

    number: str
    name: str
    category: str
    code: str
    brand: str
    model: str
    value: float
    life_years: int
    room: str
    quantity: int = 1
    unit: str = "台"
    device: str = ""
    tag: str = ""
    condition: str = "1"
    department: str = ""
    custodian: str = ""
    acquired: date = date(2021, 8, 20)
    booked: date | None = None
    supplier: str = ""
    funding: str = "1"


def make_ledger(campus: Campus) -> list[Asset]:
    """Return the assets of a campus: those with a device first, then what has none."""
    random = Random(f"ledger/{campus.seed}")  # noqa: S311  a simulation, no secret
    assets = [_of_device(device) for device in campus.devices if device.is_in_ledger]
    number = 1000
    wanted = 3 * len(campus.devices)
    seen = {asset.room for asset in assets if asset.category == "display"}
    for asset in _others(campus, seen):
        if len(assets) >= max(wanted, 12) and asset.quantity == 1:
            continue
        number += 1
        asset.number = f"A-{number:04d}"
        assets.append(asset)
    _bind_silent(assets)
    for asset in assets:
        _fill_in(asset, campus, random)
    return assets


def _of_device(device: PlannedDevice) -> Asset:
    code, brand, model, price, years = _KINDS[device.profile]
    category = device.category or _STEM_CATEGORY.get(device.id.split("-")[0], "environment")
    return Asset(
        device.asset, device.title, category, code, brand, model, price, years, device.room
    )


def _others(campus: Campus, with_display: set[str]) -> Iterable[Asset]:
    """Yield what the school owns besides, the large lots first."""
    for lab in ("B201", "B202"):
        yield Asset(
            "", "学生计算机", "computer", "A02010105", "联想", "启天 M455", 48 * 4300.0, 6, lab, 48
        )
    for room in campus.rooms:
        if room.home_class:
            yield Asset(
                "", "学生课桌椅", "other", "A05010201", "育才", "KZY-01", 46 * 265.0, 10,
                room.number, 46, "套",
            )  # fmt: skip
    taught = [room for room in campus.rooms if room.use in {"111", "121", "123", "199"}]
    for room in taught:
        if room.number not in with_display and room.number != "B103":
            yield Asset(
                "", "交互智能平板", "display", *_SCREEN[:3], _SCREEN[3], _SCREEN[4], room.number
            )
    for room in campus.rooms:
        if room.home_class:
            yield Asset(
                "", "教师机", "computer", "A02010105", "清华同方", "超越 E500", 4600.0, 6,
                room.number,
            )  # fmt: skip
    for place, name, brand, model, price in (
        ("B301", "立式钢琴", "珠江", "UP118", 15800.0),
        ("B302", "立式钢琴", "珠江", "UP118", 15800.0),
        ("B204", "三维打印机", "创想三维", "K1", 3299.0),
        ("B204", "激光雕刻机", "雷宇", "Nova 24", 21800.0),
        ("C101", "自助借还书机", "远望谷", "XC-SR1", 46000.0),
        ("C301", "扩声系统", "得胜", "EKS-12", 38600.0),
        ("D101", "移动篮球架", "金陵", "YLJ-3B", 9800.0),
        ("E101", "蒸饭柜", "美厨", "MC-24", 7600.0),
        ("C103", "视力筛查仪", "伟伦", "VS100", 42000.0),
        ("B101", "数码显微镜", "麦克奥迪", "DM-B1", 3860.0),
        ("B101", "数码显微镜", "麦克奥迪", "DM-B1", 3860.0),
        ("B102", "演示教学电源", "宁波华茂", "J1202", 1260.0),
        ("B102", "电子天平", "上海天美", "FA2004", 4980.0),
    ):
        category = "instrument" if place in {"B101", "B102"} else "other"
        yield Asset("", name, category, "A02100400", brand, model, price, 10, place)
    for turn in range(4 * len(campus.devices)):
        room = taught[turn % len(taught)]
        yield Asset(
            "", "分体空调", "other", "A02061804", "格力", "KFR-72LW", 6480.0, 10, room.number
        )


def _bind_silent(assets: Sequence[Asset]) -> None:
    """Name a device for two assets that have none: bound, but it never reported."""
    displays = [
        asset for asset in assets if asset.category == "display" and asset.number >= "A-1000"
    ]
    computers = [asset for asset in assets if asset.category == "computer" and asset.quantity == 1]
    if displays:
        displays[0].device = "display-silent"
    spare = [asset for asset in computers if asset.number >= "A-1000"]
    if spare:
        spare[0].device = "computer-silent"


def _fill_in(asset: Asset, campus: Campus, random: Random) -> None:
    """Set its custodian, its day of purchase and its condition; leave some of that out."""
    age_days = random.randrange(200, 365 * 6)
    asset.acquired = campus.today - timedelta(days=age_days)
    is_late = random.random() < 0.08
    waited = random.randrange(45, 120) if is_late else random.randrange(2, 24)
    asset.booked = asset.acquired + timedelta(days=waited)
    asset.supplier = random.choice(_SUPPLIERS)
    asset.funding = random.choice(("1", "1", "1", "3", "4"))
    asset.department = "总务处" if asset.category == "other" else "信息中心"
    asset.custodian = random.choice(campus.teachers)
    asset.tag = f"E2{random.getrandbits(88):022X}"
    draws = [random.random() for _ in range(5)]
    if draws[0] < 0.09:
        asset.tag = ""
    if draws[1] < 0.06:
        asset.custodian = ""
    if draws[2] < 0.04:
        asset.room = ""
    if draws[3] < 0.03:
        asset.code = ""
    has_device = asset.number < "A-1000"
    if not has_device and draws[4] < 0.11:
        asset.condition = "2" if draws[4] < 0.05 else "3" if draws[4] < 0.08 else "4"
    elif has_device and draws[4] < 0.03:
        asset.condition = "3"
