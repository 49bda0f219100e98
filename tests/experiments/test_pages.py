"""The pages of descriptions and of the evidence, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from experiments.description.commands import describe_file
from experiments.evidence.commands import evidence
from experiments.trajectory.commands import trajectory
from tests.browsers import MARKS, list_violations_in_files
from tests.browsers import browser as browser
from tests.experiments.helpers.trials import make_trial
from tests.training.helpers.mangnus import make_mangnus_cohort

pytestmark = MARKS


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Make each page from a small file of its kind."""
    folder = tmp_path_factory.mktemp("pages")
    make_mangnus_cohort().to_csv(folder / "cohort.csv", index=False)
    make_trial(30, seed=7).table.to_csv(folder / "weekly.csv", index=False)
    made = []
    for name, command, words in (
        ("description", describe_file, [str(folder / "cohort.csv"), "--by", "sex"]),
        ("evidence", evidence, []),
        ("trajectory", trajectory, [str(folder / "weekly.csv")]),
    ):
        app = typer.Typer()
        app.command()(command)
        out = folder / name
        result = CliRunner().invoke(app, [*words, "--quiet", "--out", str(out)])
        assert result.exit_code == 0, result.output
        made.append(out / f"{name}.html")
    return made


def test_a_screen_reader_finds_its_way_about_them(browser: Any, pages: list[Path]) -> None:
    assert list_violations_in_files(browser, *pages) == []


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_runs_off_the_screen(browser: Any, pages: list[Path], width: int) -> None:
    page = browser.new_page()
    page.set_viewport_size({"width": width, "height": 800})
    for file in pages:
        page.goto(file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, file.name
    page.close()
