"""The author's file."""

from pathlib import Path

import pytest

from features.errors import InputError
from tests.training.helpers.cards import full_author, small_card
from training.card.author import AUTHOR_FIELDS, empty_author, make_author_template, read_author
from training.card.checks import list_missing


def _write(folder: Path, text: str) -> Path:
    path = folder / "card.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_template_is_an_author_who_has_said_nothing(tmp_path: Path) -> None:
    assert read_author(_write(tmp_path, make_author_template())) == empty_author()


def test_the_template_asks_every_question() -> None:
    template = make_author_template()
    for field in AUTHOR_FIELDS:
        assert field.question in template


def test_answers_are_read(tmp_path: Path) -> None:
    text = '[people]\nauthors = ["a", " "]\n[openness]\nfunding = "  the hospital "'
    answers = read_author(_write(tmp_path, text))
    assert answers["people.authors"] == ["a"]
    assert answers["openness.funding"] == "the hospital"
    assert answers["ethics.approval"] == ""


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = 'loose = 1\n[openness]\nfundng = "x"\nprotocol = 3\n[people]\nauthors = "a"'
    with pytest.raises(InputError) as caught:
        read_author(_write(tmp_path, text))
    assert caught.value.report() == (
        "author's file card.toml: 4 problems\n"
        "  people.authors: expected a list; got 'a'\n"
        "  openness.protocol: expected text; got 3\n"
        "  openness.fundng: expected one of funding, conflicts, protocol, registration, "
        "data_sharing, code_sharing; got an unknown key; did you mean funding?\n"
        "  loose: expected one of people, use, regulatory, data_protection, study, fairness, "
        "ethics, openness, maintenance, extra; got an unknown key"
    )


@pytest.mark.parametrize(("text", "match"), [("a = [", "not TOML"), (None, "card template")])
def test_a_file_that_cannot_be_read_says_what_to_do(
    text: str | None, match: str, tmp_path: Path
) -> None:
    path = tmp_path / "card.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=match):
        read_author(path)


def test_a_card_without_authors_is_not_complete() -> None:
    nobody = small_card(author=full_author() | {"people.authors": []})
    assert any("people.authors" in fault for fault in list_missing(nobody.body.fields))
    assert not list_missing(small_card().body.fields)
