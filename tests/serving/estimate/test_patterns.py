from __future__ import annotations

import numpy as np
import pandas as pd

from serving.estimate.patterns import Patterns
from serving.estimate.predictor import Predictor
from tests.serving.helpers.models import CENTRES, make_loaded

NONE = float("nan")


def count(predictor: Predictor, **columns: list[object]) -> list[int]:
    """Return which rows are told alike: the pattern of each."""
    table = pd.DataFrame(
        {"patient_id": [str(i) for i in range(len(next(iter(columns.values()))))], **columns}
    )
    _, first, pattern = Patterns(predictor).find(table)
    np.testing.assert_array_equal(pattern[first], np.arange(len(first)))
    return [int(at) for at in pattern]


def test_numbers_on_one_side_of_every_cut_are_told_alike() -> None:
    predictor = Predictor(make_loaded())
    # Adults from 18 years; pain of 5 and of 2 points are cuts, of evidence and of the rule.
    assert count(predictor, age_years=[17.0, 18.0, 40.0, 17.5, 41.0, NONE]) == [0, 1, 2, 0, 2, 3]
    patterns = count(predictor, nrs_t0=[0.0, 1.0, 4.9, 5.0, 5.1, 5.2])
    assert patterns[4] == patterns[5]
    assert len({patterns[i] for i in (0, 2, 3, 4)}) == 4


def test_words_tell_apart_and_texts_only_whether_they_are_there() -> None:
    predictor = Predictor(make_loaded())
    assert count(predictor, opioid=[0.0, 1.0, NONE, 1.0], site=["a", "b", "c", "d"]) == [0, 1, 2, 1]
    texts = pd.array(["N02", None, "N03", "none"], dtype="str")
    assert count(predictor, medication_atc=list(texts)) == [0, 1, 0, 0]


def test_a_site_is_the_centre_that_it_names() -> None:
    predictor = Predictor(make_loaded(centres=CENTRES))
    sites = ["North", "north", "South", "elsewhere", "none", "beyond"]
    assert count(predictor, site=list(sites)) == [0, 0, 1, 2, 3, 2]


def test_the_same_pattern_has_the_same_key_in_every_table() -> None:
    predictor = Predictor(make_loaded(centres=CENTRES))
    both = pd.DataFrame({"site": ["South", "North"], "nrs_t0": [8.0, 3.0]})
    keys, _, pattern = Patterns(predictor).find(both)
    alone, _, _ = Patterns(predictor).find(both.iloc[1:])
    assert alone == [keys[pattern[1]]]
