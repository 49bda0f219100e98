import pytest

from features.errors import InputError
from training.measures.sample_size.development import compute_development_size
from training.measures.sample_size.validation import (
    compute_size_for_c_statistic,
    compute_validation_size,
)


def test_every_value_out_of_range_is_listed() -> None:
    with pytest.raises(InputError) as caught:
        compute_development_size(0, 1.2, r2=0.1, c_statistic=0.4)
    columns = [problem.column for problem in caught.value.problems]
    assert columns == ["r2, c_statistic", "parameters", "prevalence", "c_statistic"]


def test_neither_way_to_ask_is_refused() -> None:
    with pytest.raises(InputError, match="one of them"):
        compute_development_size(3, 0.5)
    with pytest.raises(InputError, match="one of them"):
        compute_size_for_c_statistic(0.5, 0.7)
    with pytest.raises(InputError, match="slope_width"):
        compute_validation_size(0.5, 0.7, slope_width=0)
