"""What the panel's procedure finds where there is nothing, and where there is something.

Run as ``python -m experiments.truth.panel_null [--simulations 100]`` for cohorts whose panels are
pure noise, and with ``--planted`` for cohorts in which a few assays go with the response. Panels
are those of :func:`features.simulation.panel.make_panel`, cohorts those of
:func:`features.simulation.cohort.make_cohort`; the clinical procedure is the blend of ridge and
prevalence, so that hundreds of cohorts take minutes.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from threadpoolctl import threadpool_limits

from features.arrays import FloatArray
from features.cohort.cohort import read_cohort
from features.dictionary.contract import CONTRACT, DEFAULT_PREDICTORS
from features.dictionary.outcome import make_labels
from features.dictionary.rule import RULES
from features.dictionary.schema import Dictionary
from features.simulation.cohort import SimulatedCohort, make_cohort
from features.simulation.panel import make_panel
from training.evaluation.null_test import Pairs, add_pairs
from training.evaluation.panel import PanelEvaluation, evaluate_panel
from training.evaluation.panel_folds import cross_validate_panel
from training.fitting.freezing import make_response_model
from training.fitting.procedure import Procedure
from training.fitting.response import FittedResponse, fit_response
from training.panel.data import PanelData, join_panel
from training.panel.fit import fit_panel
from training.panel.freeze import freeze_panel
from training.panel.posterior import HYPOTHESES
from training.panel.procedure import PanelProcedure
from training.study.study import make_training_data

__all__ = [
    "CLINICAL",
    "PANEL",
    "Planted",
    "compute_noise_table",
    "find_in_noise",
    "judge_panel",
    "measure_coverage",
    "simulate_file",
    "simulate_with_panel",
]


CLINICAL = Procedure(("prevalence", "ridge"), inner_repeats=2)
PANEL = PanelProcedure()
N_NEW = 200


@dataclass(frozen=True)
class Planted:
    """What goes with the response: some assays, by a difference in standard deviations."""

    n_informative: int
    shift: float


def simulate_file(n: int, *, seed: int) -> tuple[SimulatedCohort, pd.DataFrame]:
    """Return a simulated cohort, and its table as a study reads it from a file."""
    cohort = make_cohort(n, seed=seed)
    with TemporaryDirectory() as folder:
        path = Path(folder, "cohort.csv")
        cohort.table.to_csv(path, index=False)
        return cohort, read_cohort(path).table


def simulate_with_panel(
    n: int, n_assays: int, *, planted: Planted | None = None, seed: int
) -> tuple[PanelData, FloatArray]:
    """Return a simulated cohort with panels, horizon T1, and the true risks (n, 2).

    The second column holds the risk given the panel too.
    """
    cohort, table = simulate_file(n, seed=seed)
    labels = make_labels(table, rule=RULES["fall2_or_success"], horizons=("t1",))
    clinical = make_training_data(table, CONTRACT.check_predictors(DEFAULT_PREDICTORS), labels)
    patients = table["patient_id"].tolist()
    effects = asdict(planted or Planted(0, 0.0))
    simulated = make_panel(patients, labels.t1, n_assays=n_assays, seed=seed, **effects)
    before = cohort.true_risk["t1"].to_numpy()
    risks = np.column_stack([before, expit(logit(before) + simulated.log_odds)])
    return join_panel(simulated.panel, clinical, patients, PANEL), risks


def judge_panel(
    data: PanelData, fitted: FittedResponse, *, n_repeats: int, seed: int
) -> PanelEvaluation:
    """Judge the panel of one cohort as a training does, on one thread.

    Parameters
    ----------
    data : PanelData
        Patients with their panels.
    fitted : FittedResponse
        `CLINICAL`, fitted to the same patients.
    n_repeats : int
        Of five folds.
    seed : int
        Of folds and resampling.
    """
    with threadpool_limits(1):
        return evaluate_panel(
            data,
            CLINICAL,
            PANEL,
            fitted,
            n_folds=5,
            n_repeats=n_repeats,
            thresholds=[],
            weighting="none",
            n_bootstrap=200,
            seed=seed,
        )


def _evaluate(data: PanelData, *, n_repeats: int, seed: int) -> PanelEvaluation:
    with threadpool_limits(1):
        fitted = fit_response(data.clinical, CLINICAL, rng=np.random.default_rng((seed, 0)))
    return judge_panel(data, fitted, n_repeats=n_repeats, seed=seed)


def find_in_noise(n: int, n_assays: int, *, seed: int, n_repeats: int = 4) -> dict[str, object]:
    """Return what is found in one cohort of noise.

    Parameters
    ----------
    n, n_assays : int
        Size of the cohort and the panel.
    seed : int
        Of the cohort and of everything else.
    n_repeats : int
        Of the 5 folds behind the finding.

    Returns
    -------
    dict
        `found`; `global_p`; `pairs`, those of the score that each of
        :data:`training.panel.posterior.HYPOTHESES` gives alone in 5 folds, where no global test
        stands in front of it.
    """
    data, _ = simulate_with_panel(n, n_assays, seed=seed)
    found = _evaluate(data, n_repeats=n_repeats, seed=seed)
    with threadpool_limits(1):
        out = cross_validate_panel(data, CLINICAL, PANEL, n_folds=5, n_repeats=1, seed=seed)
    return {
        "found": found.found,
        "global_p": np.nan if found.fitted is None else found.fitted.first.p_value,
        "pairs": {
            name: add_pairs([part.pairs[name] for part in out.parts if name in part.pairs])
            for name in HYPOTHESES
        },
    }


def compute_noise_table(results: list[dict[str, object]]) -> pd.DataFrame:
    """Return each hypothesis's mean AUC over cohorts of noise, with its Monte Carlo error."""
    rows = []
    found: list[dict[str, Pairs]] = [r["pairs"] for r in results]  # type: ignore[misc]
    for name in found[0]:
        pairs = [one[name] for one in found]
        concordant = np.array([p.concordant for p in pairs])
        total = np.array([p.total for p in pairs])
        whole = add_pairs(pairs)
        row = {
            "candidate": name,
            "cohorts": int((total > 0).sum()),
            "auc": np.nan,
            "error": np.nan,
            "constant_folds": whole.constant / whole.folds,
        }
        if whole.total:
            row["auc"] = auc = whole.concordant / whole.total
            row["error"] = float(np.sqrt(((concordant - auc * total) ** 2).sum()) / whole.total)
        rows.append(row)
    return pd.DataFrame(rows)


def measure_coverage(n: int, n_assays: int, planted: Planted, *, seed: int) -> dict[str, float]:
    """Return how often 95% intervals hold the true risk of 200 new patients.

    Returns
    -------
    dict
        `clinical`: share of the clinical intervals that hold the risk given the clinical values;
        `panel`, of those of the sub-model that hold the risk given both (NaN without one);
        `width_clinical`, `width_panel`: mean widths.
    """
    data, risks = simulate_with_panel(n + N_NEW, n_assays, planted=planted, seed=seed)
    train, new = data.take(np.arange(n)), np.arange(n, n + N_NEW)
    rng = np.random.default_rng((seed, 0))
    with threadpool_limits(1):
        fitted = fit_response(train.clinical, CLINICAL, rng=rng)
        clinical = make_response_model(
            train.clinical, fitted, Dictionary(train.clinical.predictors), only_rate=False, rng=rng
        )
        panel = fit_panel(train, fitted, PANEL, rng=rng)
        model = freeze_panel(train, clinical, panel, PANEL, rng=rng)
    X, rows = data.clinical.X[new], data.rows[new]

    def judge(limits: FloatArray, truth: FloatArray) -> tuple[float, float]:
        inside = (limits[:, 0, 0] <= truth) & (truth <= limits[:, 0, 1])
        return float(inside.mean()), float((limits[:, 0, 1] - limits[:, 0, 0]).mean())

    told = dict(
        zip(("clinical", "width_clinical"), judge(clinical.interval(X), risks[new, 0]), strict=True)
    )
    if model is None:
        return told | {"panel": np.nan, "width_panel": np.nan}
    both = judge(model.response.interval(model.encode(X, rows)), risks[new, 1])
    return told | dict(zip(("panel", "width_panel"), both, strict=True))


def find_planted(n: int, n_assays: int, planted: Planted, *, seed: int) -> dict[str, object]:
    """Return what is found in one cohort with informative assays, and the coverage.

    Returns
    -------
    dict
        `found`; `auc` and `brier`, the differences that the panel makes in cross-validation;
        `true_selected`, informative assays in the model, of `selected`; and
        :func:`measure_coverage`.
    """
    data, _ = simulate_with_panel(n, n_assays, planted=planted, seed=seed)
    found = _evaluate(data, n_repeats=2, seed=seed)
    told: dict[str, object] = {"found": found.found}
    if found.fitted is not None:
        value = found.value["t1"]["difference"]
        own = found.fitted.normaliser.kept_[found.fitted.selected]
        told |= {
            "auc": value["auc"],
            "brier": value["brier"],
            "true_selected": int((own < planted.n_informative).sum()),
            "selected": len(own),
        }
    return told | measure_coverage(n, n_assays, planted, seed=seed)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulations", type=int, default=100)
    parser.add_argument("--n", type=int, default=48)
    parser.add_argument("--assays", type=int, default=750)
    parser.add_argument("--planted", action="store_true")
    parser.add_argument("--informative", type=int, default=8)
    parser.add_argument("--shift", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    seeds = range(1000 * asked.seed, 1000 * asked.seed + asked.simulations)
    if asked.planted:
        planted = Planted(asked.informative, asked.shift)
        table = pd.DataFrame([find_planted(asked.n, asked.assays, planted, seed=s) for s in seeds])
        print(table["found"].value_counts(normalize=True).to_string())
        print(table.drop(columns="found").mean(numeric_only=True).round(3).to_string())
        return
    results = [find_in_noise(asked.n, asked.assays, seed=s) for s in seeds]
    print(compute_noise_table(results).round(3).to_string(index=False))
    print(pd.Series([r["found"] for r in results]).value_counts(normalize=True).to_string())


if __name__ == "__main__":
    main()
