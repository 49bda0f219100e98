from __future__ import annotations

import json

from tests.film import DOCS, PICTURES, SCENES, WORDS, compare, make_page


def test_each_scene_has_its_picture_its_words_and_its_place_on_the_page():
    names = [scene.name for scene in SCENES]
    assert sorted(path.stem for path in PICTURES.glob("*.png")) == names
    words = json.loads(WORDS.read_bytes())
    assert list(words) == names
    assert all(words.values())
    assert (DOCS / "film.md").read_text("utf-8") == make_page()


def test_a_scene_that_says_something_else_is_named():
    before = {"1-form": "Age From # to #", "2-answer": "Of # patients"}
    assert compare(before, before) == []
    assert compare({**before, "2-answer": "Of # women"}, before) == ["2-answer"]
    assert compare({"1-form": before["1-form"]}, before) == ["2-answer"]
