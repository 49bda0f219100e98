from dataclasses import FrozenInstanceError

import pytest

from tests.training.helpers.network_rounds import gather_all, name_digests
from training.network.concluding import conclude


def test_a_result_is_not_changed_after_it_was_found() -> None:
    found = conclude(gather_all(), name_digests(gather_all()))
    with pytest.raises(FrozenInstanceError):
        found.rounds = 7  # type: ignore[misc]
    assert found.remarks == []
    assert set(found.outcomes) == {"response", "kept"}
