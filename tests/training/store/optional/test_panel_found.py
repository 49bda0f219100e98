"""What a run found about the microRNA panel."""

import pytest
from pydantic import ValidationError

from tests.training.card.pages.test_panel import found_panel
from tests.training.helpers.cards import small_results
from training.store.optional.panel_found import PanelResults
from training.store.part import NotDone
from training.store.results import Results


def test_results_of_a_panel_survive_as_they_are() -> None:
    panel = PanelResults.model_validate(found_panel())
    assert panel.to_json() == found_panel()
    assert [assay.assay for assay in panel.assays] == ["hsa-miR-17-5p", "hsa-miR-21-5p"]
    assert panel.added_value["t1"][0].high is None  # not estimable is no zero


@pytest.mark.parametrize("found", ["found", "not_shown", "nothing", "too_few"])
def test_what_was_found_is_one_of_four_words(found: str) -> None:
    assert PanelResults.model_validate(found_panel(found=found)).found == found


def test_another_word_is_refused() -> None:
    with pytest.raises(ValidationError, match="found"):
        PanelResults.model_validate(found_panel(found="perhaps"))


def test_a_run_has_a_panel_or_the_reason_why_not() -> None:
    results = small_results() | {"panel": found_panel()}
    assert isinstance(Results.model_validate(results).panel, PanelResults)
    results["panel"] = {"done": False, "reason": "the study has no panel"}
    assert isinstance(Results.model_validate(results).panel, NotDone)
