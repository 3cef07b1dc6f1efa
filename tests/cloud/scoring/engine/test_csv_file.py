from pathlib import Path

import polars as pl
import pytest

from cloud.errors import EvidenceError
from cloud.scoring.engine.csv_file import parse_table, read_table, scores_csv
from cloud.scoring.engine.engine import score_table
from cloud.scoring.standard.standard import named
from tests._parts.scoring import standard_of

STANDARD = standard_of(
    [
        {"id": "A01", "indicator": "assets_tagged", "dimension": "d"},
        {
            "id": "income",
            "indicator": "column",
            "parameters": {"column": "income", "of": "people"},
            "dimension": "e",
        },
    ],
    min_coverage=0.5,
)
HEAD = "id,school_type,classes,A01.part,A01.whole,A01.confirmed,income,people,town\n"


def test_a_table_is_read_as_it_stands() -> None:
    text = f"\ufeff{HEAD} a ,211,18,3,4.5,是,1e3,2,X\n\nb,,,,,,,,\n".removeprefix("\ufeff")
    table = parse_table(text, "t.csv", STANDARD)
    first, second = table.to_dicts()
    assert (first["id"], first["school_type"], first["classes"]) == ("a", "211", 18)
    assert (first["A01.whole"], first["A01.confirmed"], first["income"]) == (4.5, True, 1000)
    assert {key for key, value in second.items() if value is not None} == {"id"}
    assert "town" not in table.columns


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty; the first row names the columns"),
        (
            "id,A01.part,A01.whole,people\n",
            "row 1: column income is missing; house@2026-09-01 reads it",
        ),
        (
            "id,A01.part,A01.whole,incme,people\n",
            "row 1: column income is missing; did you mean incme?",
        ),
        (
            "ID,A01.part,A01.whole,income,people\n",
            "row 1: column id is missing; house@2026-09-01 reads it",
        ),
        ("id,id,A01.part,A01.whole,income,people\n", "row 1: column id is there twice"),
        (HEAD + "a,211,18,1,2,,x,1,\n", 'row 2, column income: got "x", expected a number'),
        (HEAD + "a,211,18,1,2,,nan,1,\n", 'row 2, column income: got "nan", expected a number'),
        (HEAD + "a,211,18,1,2,,１,1,\n", 'row 2, column income: got "１", expected a number'),
        (HEAD + "a,211,18,1,2,,1_0,1,\n", 'row 2, column income: got "1_0", expected a number'),
        (
            HEAD + "a,211,1.5,1,2,,1,1,\n",
            'row 2, column classes: got "1.5", expected a whole number, 0 or more',
        ),
        (
            HEAD + "a,211,18,1,2,maybe,1,1,\n",
            'row 2, column A01.confirmed: got "maybe", expected true or false',
        ),
        (HEAD + "a,211,18,1,2,,1,1,\n\na,,,,,,,,\n", 'row 4, column id: "a" is in row 2 too'),
        (HEAD + " ,211,18,1,2,,1,1,\n", "row 2, column id: is empty"),
        (HEAD + "a,211\n", "row 2: has 2 cells, expected 9 as in the header"),
        (
            HEAD + "a,211,18,50,10,,1,1,\n",
            "row 2, column A01.part: got 50, expected a part of A01.whole, not more than it",
        ),
        (
            HEAD + "b,211,18,1,2,,1,1,\na,211,18,-1,10,,1,1,\n",
            "row 3, column A01.part: got -1, expected a sum of 0 or more",
        ),
        (
            HEAD + "a,211,18,0,-10,,1,1,\n",
            "row 2, column A01.whole: got -10, expected a sum of 0 or more",
        ),
        (
            HEAD.replace("town", "A01.unknown") + "a,211,18,6,10,,1,1,5\n",
            ("row 2, column A01.unknown: got 5, expected A01.part and it to be A01.whole at most"),
        ),
        (
            HEAD + "a,211,18,1,2,,1,-3,\n",
            "row 2, column people: got -3, expected a number of 0 or more",
        ),
        ('id,"A01.part\n', "not CSV: unexpected end of data"),
    ],
)
def test_a_wrong_table_is_one_sentence_with_row_and_column(text: str, problem: str) -> None:
    with pytest.raises(EvidenceError) as error:
        parse_table(text, "t.csv", STANDARD)
    assert str(error.value) == f"t.csv: {problem}"


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"none.csv: cannot be read: No such file"):
        read_table(tmp_path / "none.csv", STANDARD)
    wrong = tmp_path / "gbk.csv"
    wrong.write_bytes("id,标识码\n".encode("gbk"))
    with pytest.raises(EvidenceError, match=r"gbk.csv: not UTF-8 text; save it as CSV UTF-8"):
        read_table(wrong, STANDARD)


def test_scores_are_written_in_full_precision_and_not_rated_as_nothing() -> None:
    text = HEAD + "b,211,18,1,3,,1,3,\na,211,18,,,,,,\n"
    written = scores_csv(score_table(STANDARD, parse_table(text, "t.csv", STANDARD)))
    third = "33.33333333333333"
    assert written.splitlines()[:2] == ["id,score,coverage,d,e", "a,,0.0,,"]
    cells = written.splitlines()[2].split(",")
    assert [cell[: len(third)] for cell in cells] == ["b", third, "1.0", third, third]
    again = pl.read_csv(written.encode())
    assert scores_csv(score_table(STANDARD, parse_table(text, "t.csv", STANDARD))) == written
    assert again["score"][1] == pytest.approx(100 / 3, rel=1e-15)


def test_what_is_written_of_countries_is_one_column_per_dimension() -> None:
    standard = named("undp-hdi")
    path = Path(__file__).parents[1] / "tables" / "hdi-2023.csv"
    head = scores_csv(score_table(standard, read_table(path, standard))).splitlines()[0]
    assert head == "id,score,coverage,health,education,income"


def test_what_is_spent_may_be_more_than_what_was_planned() -> None:
    clause = {"id": "A02", "indicator": "maintenance_spending", "dimension": "d"}
    text = "id,A02.part,A02.whole\na,12,10\n"
    table = parse_table(text, "t.csv", standard_of([clause]))
    assert table["A02.part"].to_list() == [12]
