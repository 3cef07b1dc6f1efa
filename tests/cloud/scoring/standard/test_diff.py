from cloud.scoring.standard.diff import differences
from cloud.scoring.standard.standard import named
from tests._parts.scoring import standard_of

OLD = standard_of(
    [
        {"id": "A01", "indicator": "assets_tagged"},
        {"id": "A02", "indicator": "assets_located", "linear": {"floor": 0.5, "target": 1}},
    ]
)


def test_a_later_edition_differs_line_by_line() -> None:
    new = standard_of(
        [
            {"id": "A03", "indicator": "intact_rate", "title": {"zh": "完好率", "en": "Intact"}},
            {
                "id": "A02",
                "indicator": "assets_located",
                "steps": {0.9: 1.0},
                "stages": ["PRI"],
                "weight": 2,
            },
        ],
        effective="2027-09-01",
        min_coverage=0.5,
    )
    assert differences(OLD, new) == [
        "~ effective: 2026-09-01 → 2027-09-01",
        "~ min_coverage: 0.8 → 0.5",
        "- clauses.A01: 条款 · clause",
        "+ clauses.A03: 完好率 · Intact",
        "~ clauses.A02.weight: 1 → 2",
        "~ clauses.A02.stages: [KG, PRI, JUN, SEN, VOC] → [PRI]",
        "~ clauses.A02.linear: {floor: 0.5, target: 1, scale: linear} → —",
        "~ clauses.A02.steps: — → {0.9: 1}",
    ]


def test_the_order_of_clauses_is_no_difference() -> None:
    turned = OLD.model_copy(update={"clauses": OLD.clauses[::-1]})
    assert differences(OLD, turned) == []
    assert differences(named("undp-hdi"), named("undp-hdi")) == []
