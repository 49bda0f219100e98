"""A panel with haemolysis assays, and `ketresponse panel` as a user types it."""

import pandas as pd
from typer.testing import CliRunner, Result

from ketresponse import app


def run_panel(*words: object) -> Result:
    return CliRunner().invoke(app, ["panel", *map(str, words)])


def make_matrix(n: int = 12) -> str:
    """Return a matrix of n samples with haemolysis assays, as text."""
    frame = pd.DataFrame(
        {
            "hsa-miR-23a-3p": [27.0] * n,
            "hsa-miR-451a": [18.0 + i / 2 for i in range(n)],
            "hsa-miR-17-5p": [24.0 + i / 4 for i in range(n)],
            "hsa-miR-21-5p": [35.0] * n,
        },
        index=[f"patient{i}" for i in range(n)],
    )
    return frame.to_csv(index_label="sample")
