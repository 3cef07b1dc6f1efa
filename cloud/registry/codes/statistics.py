"""The code lists of school statistics, each with its source and how sure we are of it.

`confidence` goes with a list to its readers and never claims more than is known: VERIFIED-B
is text seen on a reputable third-party page or in a public dump of the standard, "project default"
is our own. A list marked incomplete holds only the codes that were seen; others exist.
"""

import re
from typing import Literal

from cloud.errors import RefusedValue
from cloud.messages import Message, message
from cloud.registry.codes.base import OWN, PUBLIC_DUMP, CodeList, items_of
from cloud.registry.codes.own import DECLARED_ITEMS, STAGE_CODES, STOCKTAKE_RESULTS, TICKET_ORIGINS

DIVISIONS = CodeList(
    "division",
    "台州市区划代码",
    "Divisions of Taizhou",
    "GB/T 2260 codes of 331000, from two public dumps (one of 2018)",
    "VERIFIED-B",
    items_of("""
        331002 | 椒江区 | Jiaojiang District
        331003 | 黄岩区 | Huangyan District
        331004 | 路桥区 | Luqiao District
        331022 | 三门县 | Sanmen County
        331023 | 天台县 | Tiantai County
        331024 | 仙居县 | Xianju County
        331081 | 温岭市 | Wenling City
        331082 | 临海市 | Linhai City
        331083 | 玉环市 | Yuhuan City
    """),
)
FORMER_DIVISIONS = {"331021": "331083", "玉环县": "331083"}
PLACEHOLDER_DIVISIONS = frozenset({"331001", "市辖区"})

SCHOOL_CATEGORIES = CodeList(
    "school_category",
    "学校标识码类别",
    "Categories of the school identification code",
    "学校标识码 rule (AABBCCCCCC), secondary copies",
    "VERIFIED-B",
    items_of("""
        11 | 幼儿园 | Kindergarten
        21 | 小学 | Primary
        31 | 初中 | Junior secondary
        34 | 高中 | Senior secondary
        36 | 中职 | Secondary vocational
        37 | 工读 | Reform school
        51 | 特殊教育 | Special education
    """),
    is_complete=False,
)

SCHOOL_TYPES = CodeList(
    "school_type",
    "办学类型码",
    "School types",
    "办学类型 (bxlx), from two public dumps of the standard",
    "VERIFIED-B",
    items_of("""
        111 | 幼儿园 | Kindergarten
        119 | 附设幼儿班 | Attached kindergarten class
        211 | 小学 | Primary school
        218 | 小学教学点 | Primary teaching point
        219 | 附设小学班 | Attached primary class
        311 | 初级中学 | Junior secondary school
        312 | 九年一贯制学校 | Nine-year school
        319 | 附设普通初中班 | Attached junior class
        341 | 完全中学 | Complete secondary school
        342 | 高级中学 | Senior secondary school
        345 | 十二年一贯制学校 | Twelve-year school
        349 | 附设普通高中班 | Attached senior class
        361 | 调整后中职 | Restructured vocational school
        362 | 中技 | Secondary technical school
        364 | 成人中专 | Adult secondary school
        365 | 职业高中 | Vocational senior school
        366 | 技工 | Skilled workers' school
        368 | 附设中职班 | Attached vocational class
        371 | 工读 | Reform school
        511 | 盲 | School for the blind
        512 | 聋 | School for the deaf
        513 | 培智 | School for intellectual disability
        514 | 其他特教 | Other special education
        519 | 附设特教班 | Attached special class
    """),
)

Stage = Literal["KG", "PRI", "JUN", "SEN", "VOC"]
STAGES: dict[str, tuple[Stage, ...]] = {
    "11": ("KG",),
    "21": ("PRI",),
    "311": ("JUN",),
    "319": ("JUN",),
    "312": ("PRI", "JUN"),
    "341": ("JUN", "SEN"),
    "342": ("SEN",),
    "349": ("SEN",),
    "345": ("PRI", "JUN", "SEN"),
    "36": ("VOC",),
}
"""Stages taught, by school type or its first two digits; none for special and reform schools."""

ASSET_CONDITIONS = CodeList(
    "asset_condition",
    "仪器现状",
    "Asset condition",
    PUBLIC_DUMP,
    "VERIFIED-B",
    items_of("""
        1 | 在用 | In use
        2 | 闲置 | Idle
        3 | 待修 | Awaiting repair
        4 | 待报废 | Awaiting disposal
        5 | 丢失 | Lost
        6 | 报废 | Disposed of
        7 | 调出 | Transferred out
        8 | 降档 | Downgraded
        9 | 其他 | Other
    """),
)

ROOM_USES = CodeList(
    "room_use",
    "房间用途",
    "Room use",
    PUBLIC_DUMP,
    "VERIFIED-B",
    items_of("""
        111 | 教室 | Classroom
        112 | 专用教室(特教) | Special-education room
        113 | 活动室(园) | Kindergarten activity room
        115 | 睡眠室(园) | Kindergarten bedroom
        116 | 保健室(园) | Kindergarten health room
        117 | 卫生室 | Health room
        121 | 实验室 | Laboratory
        123 | 计算机房 | Computer room
        124 | 语音室 | Language room
        132 | 图书室 | Library
        141 | 体育馆/室 | Gymnasium
        199 | 其他教学 | Other teaching room
        211 | 教师办公室 | Teachers' office
        311 | 学生宿舍 | Dormitory
        321 | 食堂 | Canteen
        331 | 厕所 | Toilet
    """),
    is_complete=False,
)

URBAN_RURAL = CodeList(
    "urban_rural",
    "城乡类型",
    "Urban and rural types",
    PUBLIC_DUMP,
    "VERIFIED-B",
    items_of("""
        111 | 主城区 | Main urban area
        112 | 城乡结合区 | Urban-rural fringe
        121 | 镇中心区 | Town centre
        122 | 镇乡结合区 | Town-rural fringe
        123 | 特殊区域 | Special area
        210 | 乡中心区 | Township centre
        220 | 村庄 | Village
    """),
)

FUNDING = CodeList(
    "funding",
    "经费来源",
    "Funding",
    PUBLIC_DUMP,
    "VERIFIED-B",
    items_of("""
        1 | 财政拨款 | Public funds
        2 | 贷款 | Loan
        3 | 自筹 | Own funds
        4 | 捐助 | Donation
        5 | 集资 | Collected funds
        9 | 其他 | Other
    """),
)

ASSET_CATEGORIES = CodeList(
    "asset_category",
    "设备类别",
    "Equipment categories",
    OWN,
    "project default",
    items_of("""
        display | 交互大屏 | Interactive display
        recorder | 录播设备 | Recording room
        instrument | 实验仪器 | Laboratory instrument
        epaper | 电子纸终端 | E-paper terminal
        meter | 电表 | Power meter
        environment | 环境传感器 | Environment sensor
        computer | 计算机 | Computer
        other | 其他 | Other
    """),
)

CLASSIFICATIONS = CodeList(
    "classification_list",
    "分类代码版本",
    "Editions of the asset classification",
    "GB/T 14885, secondary copies; 政府采购品目 codes from public source code",
    "VERIFIED-B",
    items_of("""
        GB/T 14885-2022 | 资产分类与代码 2022 | Asset classification, 2022 edition
        GB/T 14885-2010 | 固定资产分类与代码 2010 | Fixed asset classification, 2010 edition
        procurement | 政府采购品目分类目录 | Government procurement catalogue (older)
    """),
)

CODE_LISTS: tuple[CodeList, ...] = (
    DIVISIONS,
    SCHOOL_CATEGORIES,
    SCHOOL_TYPES,
    ASSET_CONDITIONS,
    ASSET_CATEGORIES,
    CLASSIFICATIONS,
    STAGE_CODES,
    TICKET_ORIGINS,
    STOCKTAKE_RESULTS,
    DECLARED_ITEMS,
    CodeList(
        "asset_use_status",
        "使用状况",
        "Use status of an asset",
        PUBLIC_DUMP,
        "VERIFIED-B",
        items_of("""
            1 | 使用 | Used
            2 | 闲置 | Idle
            3 | 被借用 | Lent
            4 | 借用 | Borrowed
            5 | 租用 | Rented
            6 | 出租 | Rented out
            7 | 对外投资 | Invested
            8 | 担保 | Pledged
        """),
    ),
    CodeList(
        "asset_purpose",
        "仪器使用方向",
        "Purpose of an asset",
        PUBLIC_DUMP,
        "VERIFIED-B",
        items_of("""
            1 | 教学 | Teaching
            2 | 科研 | Research
            3 | 行政 | Administration
            4 | 生活与后勤 | Living and logistics
            5 | 生产 | Production
            6 | 技术开发 | Development
            7 | 社会服务 | Public service
            8 | 其他 | Other
        """),
    ),
    FUNDING,
    CodeList(
        "property_right",
        "产权",
        "Property right",
        PUBLIC_DUMP,
        "VERIFIED-B",
        items_of("""
            1 | 学校独立产权 | Owned by the school
            2 | 产权非学校但独立使用 | Owned by others, used by the school alone
        """),
        is_complete=False,
    ),
    ROOM_USES,
    CodeList(
        "teaching_room_kind",
        "教学用房性质",
        "Kinds of teaching rooms",
        PUBLIC_DUMP,
        "VERIFIED-B",
        items_of("""
            01 | 教室 | Classroom
            10 | 实验室 | Laboratory
            11 | 物理 | Physics laboratory
            12 | 化学 | Chemistry laboratory
            13 | 生物 | Biology laboratory
            14 | 其他实验室 | Other laboratory
            20 | 音乐 | Music
            30 | 语音 | Language
            40 | 计算机房 | Computer room
            99 | 其他 | Other
        """),
    ),
    CodeList(
        "lab_kind",
        "中小学实验室类别",
        "Kinds of school laboratories",
        PUBLIC_DUMP,
        "VERIFIED-B",
        items_of("1 | 物理 | Physics\n2 | 化学 | Chemistry\n3 | 生物 | Biology\n9 | 其他 | Other"),
    ),
    CodeList(
        "class_size",
        "班额",
        "Class sizes",
        PUBLIC_DUMP,
        "VERIFIED-B",
        items_of("""
            1 | ≤25 | Up to 25
            2 | 26–35 | 26 to 35
            3 | 36–45 | 36 to 45
            4 | 46–55 | 46 to 55
            5 | 56–65 | 56 to 65
            6 | ≥66 | 66 and more
        """),
    ),
    URBAN_RURAL,
    CodeList(
        "school_owner",
        "举办者",
        "School owners",
        PUBLIC_DUMP,
        "VERIFIED-B",
        items_of("""
            811 | 省级教育部门 | Provincial education department
            821 | 地级 | City education department
            831 | 县级 | County education department
            891 | 地方企业 | Local enterprise
            892 | 事业单位 | Public institution
            894 | 集体 | Collective
            999 | 民办 | Private
        """),
    ),
)

LONGEST_CHOICES = 150
"""Letters: a message that lists all codes of a list lists no more than these."""

_LETTER_CODE = re.compile(r"[A-Z]\d{2,12}")
_SEVEN_DIGITS = re.compile(r"\d{7}")


def division(text: str) -> str:
    """Return the division code; a former code becomes the one in force. Raises RefusedValue."""
    wanted = text.strip()
    if wanted in PLACEHOLDER_DIVISIONS:
        raise RefusedValue(message("import.code.placeholder_division", got=text))
    if wanted in FORMER_DIVISIONS:
        return FORMER_DIVISIONS[wanted]
    return code_of(DIVISIONS, wanted)


def code_of(code_list: CodeList, text: str) -> str:
    """Return the code for a code or a name. Raises RefusedValue with what was expected."""
    item = code_list.find(text)
    if item is not None:
        return item.code
    values = {"got": text, "code_list": code_list.title_zh}
    nearest = code_list.nearest(text)
    if nearest is not None:
        raise RefusedValue(
            message("import.code.nearest", **values, code=nearest.code, name=nearest.zh)
        )
    choices = [f"{item.code} {item.zh}" for item in code_list.items]
    if sum(map(len, choices)) > LONGEST_CHOICES:
        raise RefusedValue(message("import.code.unknown", **values))
    raise RefusedValue(message("import.code.one_of", **values, choices=choices))


def school_code(text: str) -> str:
    """Return a school identification code that follows the rule; raises RefusedValue."""
    code = text.strip()
    if not re.fullmatch(r"[0-9]{10}", code):
        raise RefusedValue(message("import.code.school_digits", got=code))
    categories = {item.code for item in SCHOOL_CATEGORIES.items}
    if code[:2] not in categories:
        expected = [f"{item.code} {item.zh}" for item in SCHOOL_CATEGORIES.items]
        raise RefusedValue(
            message("import.code.school_category", got=code, begins=code[:2], expected=expected)
        )
    if code[2:4] != "33":
        raise RefusedValue(message("import.code.school_province", got=code, province=code[2:4]))
    return code


def disagreement(code: str, school_type: str) -> Message | None:
    """Return why a school code and a school type contradict each other, None where they agree."""
    if code[:2] == school_type[:2]:
        return None
    item = SCHOOL_TYPES.find(school_type)
    return message(
        "import.code.type_disagrees",
        school_type=school_type if item is None else f"{school_type} {item.zh}",
        school=code,
        begins=code[:2],
        expected=school_type[:2],
    )


def classification_list(text: str) -> str:
    """Return the edition a ledger means ("2022", "GB/T14885—2010"), or raise RefusedValue."""
    plain = re.sub(r"[\s/_—–-]", "", text).casefold()
    if plain in {"2022", "gbt148852022", "gb148852022"}:
        return "GB/T 14885-2022"
    if plain in {"2010", "gbt148852010", "gb148852010"}:
        return "GB/T 14885-2010"
    if plain in {"procurement", "政府采购品目", "政府采购品目分类目录"}:
        return "procurement"
    raise RefusedValue(message("import.code.classification_list", got=text))


def classification(code: str, edition: str | None) -> tuple[str, str]:
    """Return the classification code with its edition.

    Seven digits can only be the 2010 edition. A letter and digits are in two lists with
    different meanings (A02010105 is a laptop in one and, it seems, a desktop in the other), so
    without an edition they are refused with a RefusedValue.
    """
    plain = code.strip().upper()
    if _SEVEN_DIGITS.fullmatch(plain):
        if edition not in {None, "GB/T 14885-2010"}:
            raise RefusedValue(message("import.code.looks_like_2010", got=code, edition=edition))
        return plain, "GB/T 14885-2010"
    if not _LETTER_CODE.fullmatch(plain):
        raise RefusedValue(message("import.code.classification", got=code))
    if edition is None:
        raise RefusedValue(message("import.code.ambiguous", got=code))
    if edition == "GB/T 14885-2010":
        raise RefusedValue(message("import.code.not_of_2010", got=code))
    return plain, edition


def stages(school_type: str) -> tuple[Stage, ...]:
    """Return the stages a school type teaches."""
    return STAGES.get(school_type, STAGES.get(school_type[:2], ()))
