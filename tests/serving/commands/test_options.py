from __future__ import annotations

import pytest

from features.errors import KetresponseError
from serving.commands.options import find_model


def test_a_folder_is_taken_as_it_is(tmp_path):
    assert find_model(str(tmp_path)) == tmp_path


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(KetresponseError, match=r"there is no folder .*nothing"):
        find_model(str(tmp_path / "nothing"))
