"""The notebook runs from its first cell to its last, and is kept without what it once printed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.places import PROJECT

NOTEBOOK = PROJECT / "docs" / "quickstart.ipynb"


def test_it_runs_to_an_explained_estimate(tmp_path: Path) -> None:
    shutil.copy(NOTEBOOK, tmp_path)
    program = Path(sys.executable).with_name("jupyter-execute")
    done = subprocess.run(
        [program, "--inplace", "--timeout=300", tmp_path / NOTEBOOK.name],
        env={**os.environ, "TMPDIR": str(tmp_path), "IPYTHONDIR": str(tmp_path / "ipython")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    cells = json.loads((tmp_path / NOTEBOOK.name).read_text(encoding="utf-8"))["cells"]
    told = json.dumps([cell["outputs"] for cell in cells if cell["cell_type"] == "code"])
    assert "DEMONSTRATION: trained on simulated patients" in told
    assert "of 100 patients like this one about" in told


def test_it_is_kept_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert len(code) > 5
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
