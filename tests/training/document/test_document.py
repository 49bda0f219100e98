"""What a report is laid out of."""

import numpy as np
import pandas as pd

from tests.training.helpers.documents import PNG, REPORT, SHOWN, VALUES, draw_dot
from training.document.document import Bullets, Picture, Table, each_row, make_table
from training.document.style import PaperFigure


def test_tables_and_pictures_are_numbered_as_they_come_over_all_sections() -> None:
    assert [
        (section.title, [(named.called, named.file) for named in blocks])
        for section, blocks in REPORT.name_blocks()
    ] == [
        ("One", [("", ""), ("Table 1", "table_1_first.csv")]),
        ("Two", [("", ""), ("Figure 1", "figure_1_dot.png")]),
        ("Three", [("Table 2", "table_2_second.csv")]),
    ]


def test_a_machine_reads_the_values_and_people_what_is_shown() -> None:
    both = Table("t", "T", SHOWN, values=VALUES)
    assert both.data is VALUES
    assert Table("t", "T", SHOWN).data is SHOWN
    assert both.head == ("name", "share")
    assert both.rows == [("a|b", "50%"), ("<i>", "")]


def test_a_missing_cell_is_empty_whatever_it_is_missing_as() -> None:
    shown = pd.DataFrame({"a": [None, pd.NA, np.nan, 0, ""]}, dtype=object)
    assert Table("t", "T", shown).rows == [("",), ("",), ("",), ("0",), ("",)]


def test_whatever_has_a_text_can_stand_in_a_table() -> None:
    table = make_table("T", ("a", "b"), [(1, None), (Bullets(()), 0.5)], "note")
    assert table.rows[0] == ("1", "None")
    assert (table.name, table.caption, table.note) == ("", "T", "note")
    assert make_table("T", ("a", "b"), []).head == ("a", "b")


def test_a_picture_is_drawn_once_and_only_when_it_is_shown() -> None:
    drawn: list[PaperFigure] = []

    def draw() -> PaperFigure:
        drawn.append(draw_dot())
        return drawn[-1]

    picture = Picture("dot", "A dot", "alt", draw)
    assert drawn == []
    assert picture.png == picture.png == PNG
    assert picture.svg.startswith(b"<?xml")
    assert len(drawn) == 1


def test_rows_are_read_by_the_names_of_their_columns() -> None:
    assert [(row.name, row.share) for row in each_row(VALUES.head(1))] == [("a", 0.5)]


def test_a_table_is_told_row_by_row() -> None:
    columns = {"who": "name", "share": lambda row: f"{100 * row.share:.0f}%"}
    table = Table.from_rows("third", "Caption", VALUES.iloc[:1], columns, "Note")
    assert table.head == ("who", "share")
    assert table.rows == [("a", "50%")]
    assert table.data["share"].tolist() == [0.5]
    none = Table.from_rows("third", "Caption", [], columns)
    assert none.head == ("who", "share")
    assert none.rows == []
