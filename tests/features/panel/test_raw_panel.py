"""The headings by which wells are found."""

import pytest

from features.panel.raw_panel import ASSAY_HEADINGS, SAMPLE_HEADINGS, squeeze


@pytest.mark.parametrize(
    ("header", "squeezed"),
    [
        ("Sample Name", "samplename"),
        (" Target_Name ", "targetname"),
        ("Sample (Info): Sample-ID", "sampleinfosampleid"),
        ("\u0421\u0442", "t"),  # Cyrillic throughout: its C is no letter here
        ("C\u0442", "ct"),  # as QuantStudio writes it
        ("C\u0422", "ct"),
        ("C\u03a4", "ct"),  # a Greek capital tau
        ("Ct (dRn)", "ctdrn"),
        ("#", ""),
    ],
)
def test_a_heading_is_compared_without_case_blanks_and_signs(header: str, squeezed: str) -> None:
    assert squeeze(header) == squeezed


def test_the_headings_that_are_looked_for_are_written_squeezed_and_mean_one_thing() -> None:
    for heading in (*SAMPLE_HEADINGS, *ASSAY_HEADINGS):
        assert squeeze(heading) == heading
    assert not set(SAMPLE_HEADINGS) & set(ASSAY_HEADINGS)
