from __future__ import annotations

import re
from pathlib import Path

import pytest

from features.errors import InputError
from tests.places import PROJECT
from training.network.flower.replying import REFUSALS
from training.network.flower.settings import NodeSettings, read_lead_settings, read_node_settings


def test_a_node_is_told_where_its_files_are(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    told = dict.fromkeys(("protocol", "cohort", "key"), str(file)) | {"folder": "kept"}
    settings = read_node_settings(told | {"agreement": "each"})
    assert (settings.cohort, settings.mapping, settings.folder) == (str(file), None, "kept")


def test_every_problem_of_a_node_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_node_settings({"cohort": str(tmp_path / "none.csv"), "key": 3, "centre": "basel"})
    told = caught.value.report()
    for place in (
        "protocol: ",
        "cohort: expected a file",
        "key: ",
        "folder: ",
        "agreement: ",
        "centre: ",
    ):
        assert place in told


def test_a_lead_waits_half_a_day_and_goes_on_without_nobody_unless_told() -> None:
    files = {
        "protocol": "network.toml",
        "key": "lead.pem",
        "folder": "lead",
        "store": "sqlite:///s.db",
    }
    settings = read_lead_settings(files)
    assert (settings.wait_seconds, settings.missing) == (43200, "stop")
    told = read_lead_settings(files | {"wait_seconds": 5, "missing": "leave_out"})
    assert (told.wait_seconds, told.missing) == (5, "leave_out")
    with pytest.raises(InputError, match=r"(?s)wait_seconds: expected from 1 to .*missing: "):
        read_lead_settings(files | {"wait_seconds": 0.5, "missing": "ask"})


def test_the_documentation_names_every_setting_of_a_node_and_every_word_that_leaves_it() -> None:
    text = (PROJECT / "docs" / "network_flower.md").read_text()
    rows = "".join(line.split("|")[1] for line in text.splitlines() if line.startswith("| `"))
    assert [name for name in NodeSettings.model_fields if f"`{name}`" not in rows] == []
    (words,) = re.findall(r"one of (\w+) words", text)
    assert ["one", "two", "three", "four", "five", "six"].index(words) + 1 == len(REFUSALS)
