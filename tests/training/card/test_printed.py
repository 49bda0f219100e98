"""The card as it is printed: a page for a board, a page of gates and data protection, an annex."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.browsers import MARKS, browser, list_violations_in_files
from tests.training.helpers.cards import full_author, small_card, small_results
from training.card.author import empty_author
from training.card.card import Card
from training.card.render import render_html

pytestmark = MARKS
__all__ = ["browser"]

_ALONE = """name => {
  const page = document.querySelector('.page.' + name);
  page.style.breakAfter = 'auto';
  document.querySelector('.sheet').replaceChildren(page);
  if (name === 'two') document.querySelector('header').remove();
}"""
"""Leave one page alone, with the stamp that stands above the first."""


def _constant() -> Card:
    results = small_results()
    for found in results["findings"].values():
        found["constant"] = True
    return small_card(results)


def _wordy() -> Card:
    """Return the card of an author who answers at length."""
    author = full_author()
    more = "; whoever wants to know more finds it in the archive of the department"
    longer = {k: f"{text}{more}" for k, text in author.items() if k.startswith("data_protection.")}
    return small_card(author=author | longer)


CARDS = {
    "answered": small_card,
    "at length": _wordy,
    "empty": lambda: small_card(author=empty_author()),
    "constant": _constant,
}


def _count_pages(page: Any) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))


@pytest.mark.parametrize("kind", CARDS)
def test_page_one_and_page_two_are_a_page_each(browser: Any, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "card.html"
    path.write_text(render_html(CARDS[kind]()), encoding="utf-8")
    page = browser.new_page()
    for name in ("one", "two"):
        page.goto(path.as_uri())
        whole = _count_pages(page)
        page.evaluate(_ALONE, name)
        assert _count_pages(page) == 1, name
        assert 8 <= whole <= 16
    page.close()


def test_nobody_is_kept_from_reading_a_card(browser: Any, tmp_path: Path) -> None:
    paths = []
    for kind in ("at length", "empty"):
        paths.append(tmp_path / f"{kind}.html")
        paths[-1].write_text(render_html(CARDS[kind]()), encoding="utf-8")
    assert list_violations_in_files(browser, *paths) == []
