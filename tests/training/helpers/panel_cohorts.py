"""A small cohort with panels, as files and as arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from features.cohort.cohort import read_cohort
from features.dictionary.outcome import make_labels
from features.dictionary.rule import RULES
from features.files.table import write_table
from features.simulation.panel import SimulatedPanel, make_panel
from tests.training.helpers.cohorts import write_cohort
from training.fitting.procedure import Procedure
from training.fitting.response import TrainingData
from training.panel.data import PanelData, join_panel
from training.panel.procedure import PanelProcedure

CLINICAL = Procedure(("prevalence", "ridge"), inner_repeats=1)
PANEL = PanelProcedure()

STUDY = """
name = "with-panel"
seed = 5
[population]
description = "adults"
[treatment]
description = "treated"
[cohort]
file = "cohort.csv"
[outcome]
horizons = {horizons}
[procedure]
candidates = ["prevalence", "ridge"]
inner_repeats = 1
[resampling]
repeats = 1
bootstrap = 100
bootstrap_reruns = 0
learning_curve = 0
[decision]
thresholds = [0.4, 0.7]
{more}
"""


def write_files(
    folder: Path,
    n: int,
    *,
    shift: float = 0.0,
    n_assays: int = 60,
    seed: int = 3,
    horizons: str = '["t1"]',
    more: str = '[panel]\nfile = "panel.parquet"\n',
    skip: int = 0,
) -> SimulatedPanel:
    """Write cohort, panel (of all but the first `skip` patients) and study; return the panel."""
    path = write_cohort(folder / "cohort.csv", n, seed=seed)
    table = read_cohort(path).table
    y = make_labels(table, rule=RULES["fall2_or_success"], horizons=("t1",)).t1
    simulated = make_panel(
        table["patient_id"].tolist()[skip:],
        y[skip:],
        n_assays=n_assays,
        n_informative=4 if shift else 0,
        shift=shift,
        seed=seed,
    )
    write_table(simulated.panel.table, folder / "panel.parquet", force=True)
    (folder / "study.toml").write_text(STUDY.format(horizons=horizons, more=more))
    return simulated


def make_data(
    n: int, *, shift: float = 0.0, n_assays: int = 60, seed: int = 0, share: float = 1.0
) -> PanelData:
    """Return patients with one clinical predictor of no use; a share of them has a panel."""
    from features.dictionary.contract import CONTRACT

    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.6).astype(float)
    clinical = TrainingData(
        X=rng.integers(4, 11, (n, 1)).astype(float),
        predictors=(CONTRACT["nrs_t0"],),
        horizons=("t1",),
        y={"t1": y},
        kept=np.full(n, np.nan),
        groups=np.arange(n),
    )
    patients = [f"P{i:04d}" for i in range(n)]
    own = int(share * n)
    panel = make_panel(
        patients[:own],
        y[:own],
        n_assays=n_assays,
        n_informative=4 if shift else 0,
        shift=shift,
        seed=seed,
    ).panel
    return join_panel(panel, clinical, patients, PANEL)
