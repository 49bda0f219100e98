"""What was approved for silent evaluation is named so, however the registry has it."""

import pytest

from training.store.statuses import SILENT_APPROVAL, name_status


@pytest.mark.parametrize(
    ("status", "scope", "named"),
    [
        ("approved", "silent prospective evaluation", SILENT_APPROVAL),
        ("approved", "the use that its card names", "approved"),
        ("approved", "", "approved"),
        (SILENT_APPROVAL, "silent prospective evaluation", SILENT_APPROVAL),
        ("withdrawn", "silent prospective evaluation", "withdrawn"),
    ],
)
def test_a_version_is_named_by_what_it_was_approved_for(status, scope, named):
    assert name_status(status, scope) == named
