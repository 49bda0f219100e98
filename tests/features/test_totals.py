"""Words for totals are listed as they are compared, else none would ever be found."""

from features.panel.words import squeeze
from features.texts import squash
from features.totals import TOTALS


def test_every_word_is_written_as_panels_and_cohorts_spell_it() -> None:
    assert {squeeze(word) for word in TOTALS} == {squash(word) for word in TOTALS} == TOTALS
