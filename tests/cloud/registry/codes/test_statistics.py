import pytest

from cloud.messages import render
from cloud.registry.codes import statistics
from cloud.registry.codes.statistics import CODE_LISTS


def test_every_list_states_its_source_and_has_unique_codes() -> None:
    assert len({code_list.id for code_list in CODE_LISTS}) == len(CODE_LISTS)
    for code_list in CODE_LISTS:
        assert code_list.source
        assert code_list.confidence in {"VERIFIED-B", "project default"}
        assert len({item.code for item in code_list.items}) == len(code_list.items)
        assert all(item.zh and item.en for item in code_list.items)


def test_the_former_code_of_yuhuan_becomes_the_one_in_force() -> None:
    assert statistics.division("331021") == "331083"
    assert statistics.division("玉环市") == "331083"
    with pytest.raises(ValueError, match="placeholder"):
        statistics.division("331001")


@pytest.mark.parametrize("code", ["1133100001", "2133100001", "5133999999"])
def test_a_school_code_that_follows_the_rule_is_taken(code: str) -> None:
    assert statistics.school_code(code) == code


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("213310000", "ten digits"),
        ("213310000123", "ten digits"),
        ("9933100001", "begins with 99"),
        ("2132100001", "province 32, expected 33"),
        ("２１３３１００００１", "ten digits"),
    ],
)
def test_a_school_code_that_breaks_the_rule_is_refused(code: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        statistics.school_code(code)


def test_code_and_type_must_name_the_same_category() -> None:
    assert statistics.disagreement("2133100001", "211") is None
    disagreement = statistics.disagreement("2133100001", "311")
    assert disagreement is not None
    assert render(disagreement, "en") == (
        "type 311 初级中学 does not fit school code 2133100001: "
        "the code begins with 21, expected 31"
    )
    assert render(disagreement, "zh") == (
        "办学类型 311 初级中学 与学校标识码 2133100001 不一致：标识码以 21 开头，应以 31 开头"
    )


def test_a_lettered_classification_needs_its_list() -> None:
    assert statistics.classification("2010000", None) == ("2010000", "GB/T 14885-2010")
    edition = statistics.classification_list("GB/T14885—2022")
    assert statistics.classification("a02010105", edition) == ("A02010105", "GB/T 14885-2022")
    for code, stated in [("A02010105", None), ("2010000", edition), ("屏", None)]:
        with pytest.raises(ValueError, match=code):
            statistics.classification(code, stated)


def test_a_mixed_school_teaches_several_stages() -> None:
    assert statistics.stages("312") == ("PRI", "JUN")
    assert statistics.stages("111") == ("KG",)
    assert statistics.stages("511") == ()
