"""Realistic reports, made up for the tests."""

import dataclasses
from datetime import UTC, date, datetime

from cloud.reports.shapes import (
    ClauseLine,
    DimensionLine,
    EvidenceLine,
    IntegrityFinding,
    Least,
    Occasion,
    Outcome,
    SchoolReport,
    Step,
    Verdict,
)
from cloud.scoring.standard.clause import Cost
from cloud.scoring.standard.source_confidence import trust

OCCASION = Occasion(
    assessment="2026-11-25-1",
    standard="教育技术装备智慧管理评价（本项目默认版）",
    edition="taizhou-smart-management@2026-11-01",
    note="官方评审细则尚未公布，本版由本项目拟定；每条要求都写明出处和可信程度。",
    start=date(2026, 9, 1),
    end=date(2026, 11, 24),
    assessed_at=datetime(2026, 11, 25, 1, 30, tzinfo=UTC),
    digest="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    min_coverage=0.8,
    pass_mark=85,
    grades=(("A", 90), ("B", 80), ("C", 60)),
    places=50,
)
DIMENSIONS = (
    ("provision", "配备", 20.0, 91.2, 0.98),
    ("ledger", "账实管理", 18.0, 88.4, 1.0),
    ("condition", "完好与维修", 16.0, 79.961, 0.93),
    ("use", "使用", 16.0, 58.2, 0.84),
    ("smart", "智慧管理", 14.0, 84.9999, 0.9),
    ("safety", "安全", 8.0, 80.0, 1.0),
    ("health", "健康", 4.0, 66.7, 0.5),
    ("data", "组织与数据", 4.0, None, 0.0),
)
_PLAN = "台州市教育信息化“十四五”发展计划 2020 年基线"
_PRIMARY = "浙江省中小学教育技术装备标准（2020）小学分册 表1 第7行"
_BALANCE = "县域义务教育优质均衡发展督导评估办法 资源配置指标"
CLAUSES: tuple[tuple[str, str, str, str, float | None, str, str, float, float, str, str], ...] = (
    # id, title, dimension, unit, measured, target, reason, attainment, weight, source, confidence
    (
        "A01",
        "科学实验室间数",
        "provision",
        "",
        1.0,
        "≥ 1",
        "按班级数应有 3 间，现有 3 间。",
        1.0,
        2.4,
        _PRIMARY,
        "VERIFIED-C; class numbers between the columns: project default",
    ),
    (
        "A08",
        "班级交互式多媒体配备率",
        "provision",
        "%",
        0.9722,
        "≥ 100%",
        "36 个班，有可用大屏 35 台（97.2%）。",
        0.861,
        3.2,
        _PLAN,
        "VERIFIED-A for the baseline; the floor is a project default",
    ),
    (
        "A09",
        "百名学生拥有网络多媒体教室数",
        "provision",
        "",
        2.21,
        "≥ 2.3",
        "1,620 名学生，联网多媒体教室 36 间，每百名学生 2.21 间。",
        0.9609,
        2.8,
        _BALANCE,
        "VERIFIED-C for primary and junior; project default for senior schools",
    ),
    (
        "A12",
        "生均教学仪器设备值",
        "provision",
        "",
        1890.5,
        "≥ 2000",
        "设备原值 3,062,610 元，生均 1,890.50 元。",
        0.94525,
        2.4,
        _BALANCE,
        "VERIFIED-C",
    ),
    (
        "B01",
        "账实相符率",
        "ledger",
        "%",
        0.9874,
        "≥ 99%",
        "最近一次盘点 1,111 件，相符 1,097 件（98.7%）。",
        0.935,
        3.0,
        "本项目 盘点惯例",
        "project default",
    ),
    (
        "B06",
        "存放地点精确率",
        "ledger",
        "%",
        0.7123,
        "≥ 95%",
        "在册资产 1,111 件，其中 791 件写明了房间（71.2%）。",
        0.7498,
        2.0,
        "本项目 台账惯例",
        "project default",
    ),
    (
        "C01",
        "设备完好率",
        "condition",
        "%",
        0.943,
        "≥ 95%",
        "应计设备 1,050 件，完好 990 件（94.3%）。",
        0.986,
        3.0,
        "常州市教育装备管理应用示范学校 申报材料",
        "VERIFIED-A for 97 %; MEMORY (medium) for 95 %",
    ),
    (
        "C10",
        "维保经费落实",
        "condition",
        "%",
        None,
        "90%–110%",
        "没有可用的证据：本条不得分，并降低证据覆盖率。",
        0.0,
        1.5,
        "武进区督导表 经费 5 分",
        "project default",
    ),
    (
        "D02",
        "多媒体教学时长占比",
        "use",
        "%",
        0.3612,
        "10%–30%",
        "屏幕使用 6,588 ÷ 上课 18,240 分钟（36.1%）。证据覆盖 84%，无数据部分按最不利计。",
        0.388,
        3.0,
        "“光明行动”工作方案（2021—2025年） 电子产品教学时长",
        "VERIFIED-B; lower end: project default",
    ),
    (
        "E05",
        "放学自动关机率",
        "smart",
        "%",
        0.9391,
        "≥ 97%",
        "晚 22 时后应关设备 1,912 台次，已关 1,795 台次（93.9%）。",
        0.9681,
        2.0,
        "本项目",
        "project default",
    ),
    (
        "F01",
        "危化品“五双”落实",
        "safety",
        "%",
        0.8,
        "≥ 100%",
        "五项控制中落实 4 项。",
        0.8,
        4.0,
        "实验室危险化学品管理惯例 五双",
        "VERIFIED-C",
    ),
    (
        "G02",
        "二氧化碳达标率",
        "health",
        "%",
        0.91,
        "≥ 90%",
        "有人时段 9,120 个样本，不高于 1500 ppm 的 8,299 个（91.0%）。",
        1.0,
        2.0,
        "GB 50099-2011 中小学校设计规范 条文说明",
        "VERIFIED-C; the share is a project default",
    ),
)


def clause_line(
    clause: str,
    title: str,
    dimension: str,
    unit: str,
    measured: float | None,
    target: str,
    reason: str,
    attainment: float,
    weight: float,
    source: str,
    confidence: str,
) -> ClauseLine:
    level = trust(confidence)
    outcome: Outcome = (
        "no_data"
        if measured is None
        else "met"
        if attainment >= 1
        else "partly_met"
        if attainment > 0
        else "unmet"
    )
    seen = measured is not None
    return ClauseLine(
        clause=clause,
        title=title,
        dimension=dimension,
        outcome=outcome,
        measured=measured,
        unit=unit,
        target=target,
        attainment=attainment if seen else None,
        weight=weight,
        points=attainment * weight if seen else None,
        coverage=1.0 if seen else 0.0,
        reason=reason,
        remedy=f"补齐“{title}”的不足；先处理证据中列出的房间和设备，再在系统中更新台账。",
        data_source="declared" if clause[0] in "CF" else "ledger",
        source=source,
        flag=level.flag,
        trust=level.zh,
        gate="低于 100%" if clause == "F01" else "低于 90%" if clause == "B01" else "",
        failed_gate=clause == "F01",
        capped=clause == "F01",
        cost=None if attainment >= 1 or not seen else Cost(yuan=8000 * (1 - attainment) * 10),
        evidence=tuple(
            EvidenceLine(
                ref=f"asset:{number}",
                text=f"交互大屏 TZ-2024-{number:04d}：未写明房间",
                part=0.0,
                whole=1.0,
                unknown=0.0,
            )
            for number in range(1, 6 if seen else 1)
        ),
        evidence_total=320 if seen else 0,
    )


def school_report() -> SchoolReport:
    return SchoolReport(
        occasion=OCCASION,
        school="2133000101",
        name="台州市椒江区第一实验小学教育集团（白云校区）",
        division="椒江区",
        kind="小学",
        urban_rural="城区",
        classes=36,
        pupils=1620,
        teachers=98,
        value=84.9961,
        raw=84.9961,
        coverage=0.9264,
        grade="B",
        passed=False,
        blocks=(
            "否决线：F01 危化品“五双”落实 80.0%，低于 100%",
            "及格线：使用维度 58.20 分，低于 60 分",
        ),
        dimensions=tuple(
            DimensionLine(
                dimension=name,
                title=title,
                weight=weight,
                value=value,
                coverage=coverage,
                pass_mark=60,
                failed=name == "use",
            )
            for name, title, weight, value, coverage in DIMENSIONS
        ),
        clauses=tuple(clause_line(*clause) for clause in CLAUSES),
        verdict=Verdict(
            status="ineligible",
            rule="否决线 F01 危化品“五双”落实未过：不论得分高低都不能入选。",
            rank=61,
            among=998,
            interval=(48, 77),
            chance=0.314,
            cutoff_comparison=(
                "若本校入选，让出名额的是仙居县第二小学（第 50 名，85.72 分），"
                "即入选学校的最后一名；"
                "本校低 0.73 分。"
            ),
        ),
        least=Least(
            steps=(
                Step(
                    clause="F01",
                    title="危化品“五双”落实",
                    todo="补上双人收发登记，由核查人现场确认。",
                    points=0.8,
                    yuan=0,
                    days=2.5,
                ),
                Step(
                    clause="D02",
                    title="多媒体教学时长占比",
                    todo="三个班的大屏课间保持开启，屏幕时间超过 30%；设置课间自动待机。",
                    points=1.31,
                    yuan=12_600,
                ),
            ),
            total_yuan=12_600,
            total_days=2.5,
            becomes=87.1,
            words="只需做到下面两项即可达到入选线，约需 1.26 万元；其余失分可以以后再补。",
        ),
        integrity_findings=(
            IntegrityFinding(
                check="大屏无人开启",
                severity="medium",
                text="3 间教室的大屏在 14 天夜间（0:00–5:00）持续开启，房间无人。",
                evidence=(
                    "302 教室 交互大屏 TZ-2024-0012：10月12日 23:00–次日 6:10 开启",
                    "305 教室 交互大屏 TZ-2024-0019：10月12日 22:40–次日 6:05 开启",
                ),
                evidence_total=14,
            ),
            IntegrityFinding(
                check="填报与感知不符",
                severity="high",
                text="填报每周大屏使用 40 小时，感知为 11.2 小时。",
                ask="请提供填报的依据；若填报有误，请更正。",
                evidence=("申报项 display_hours_week，2026年10月8日，填报人 王老师",),
                evidence_total=1,
            ),
        ),
    )


def unrated(report: SchoolReport) -> SchoolReport:
    return dataclasses.replace(
        report,
        value=None,
        raw=61.2345,
        coverage=0.79999,
        grade=None,
        blocks=(),
        verdict=Verdict(status="not_rated", rule="证据覆盖率低于 80%，不评级，不参加遴选。"),
        least=None,
        integrity_findings=(),
    )
