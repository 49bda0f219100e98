"""How long training takes, beside a plain scikit-learn loop over the same work.

Run as ``python -m experiments.benchmarks.training [--repeats 20] [--plain-repeats 1]``. A simulated
cohort of 480 patients, both horizons, ten predictors, all candidates, judged by 5 folds with the
whole procedure inside. The plain loop gets the same outer folds, the same grids, the same inner
resampling (5 folds x 4) and the same candidates: for each a Pipeline in a GridSearchCV, then
cross_val_predict at the setting found for the blend. One process, one thread, both in one run.

With ``--scale 1000 10000 100000`` instead: what one fit of the default procedure to so many
patients takes of the processor and of memory, each size in a process of its own, and the powers by
which both grow with patients and with ``--columns 5 20`` predictors. A whole training with one
repeat is about seven such fits, five of them to four fifths of the patients, and the measures.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from time import perf_counter, process_time

import numpy as np
from scipy.special import expit
from threadpoolctl import threadpool_limits

from experiments.truth.panel_null import simulate_file
from features.arrays import FloatArray, IntArray
from features.dictionary.contract import CONTRACT
from features.dictionary.outcome import make_labels
from features.dictionary.preprocessing import make_basis
from features.dictionary.rule import RULES
from training.fitting.blending import fit_weights
from training.fitting.candidates import DEFAULT_CANDIDATES, KNOTS, BoostedTrees, ElasticNet, Ridge
from training.fitting.cross_validation import cross_validate
from training.fitting.fit import MIN_FOR_KEPT
from training.fitting.procedure import Procedure
from training.fitting.response import TrainingData, fit_response
from training.model.trees import import_lightgbm
from training.study.study import make_training_data

__all__ = ["N_FOLDS", "make_data", "predict_once_plainly", "predict_plainly"]


TEN = tuple(
    "nrs_t0 disease_duration_years age_years sex paracetamol nsaid opioid antidepressant "
    "anti_epileptic benzodiazepine".split()
)
N_FOLDS = 5
_SIMULATED = 2000


def make_data(n: int, *, seed: int) -> TrainingData:
    """Return a simulated cohort as arrays, through the same file, check and labels as a study's."""
    table = simulate_file(n, seed=seed)[1]
    labels = make_labels(table, rule=RULES["fall2_or_success"], horizons=("t1", "t2"))
    return make_training_data(table, CONTRACT.check_predictors(TEN), labels)


def _make_searches(data: TrainingData, splits: object) -> Iterator[object]:
    """Yield one GridSearchCV for each candidate, with our settings as its grid."""
    from firthmodels import FirthLogisticRegression
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import Pipeline

    ridge = {"model__C": [sd**2 for sd in Ridge().tried]}
    newton = LogisticRegression(solver="newton-cholesky", max_iter=200)
    net = LogisticRegression(l1_ratio=0.5, solver="saga", max_iter=5000)
    trees = import_lightgbm().LGBMClassifier(
        num_leaves=4,
        learning_rate=0.05,
        min_child_samples=20,
        reg_lambda=2.0,
        max_bin=63,
        num_threads=1,
        verbosity=-1,
    )
    for knots, model, grid in (
        (0, newton, ridge),
        (0, FirthLogisticRegression(backend="numpy", max_iter=500), {}),
        (0, net, {"model__C": list(ElasticNet().tried)}),
        (KNOTS, newton, ridge),
        (0, trees, {"model__n_estimators": list(BoostedTrees().tried)}),
    ):
        pipeline = Pipeline([("basis", make_basis(data.predictors, knots=knots)), ("model", model)])
        yield GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=splits)


def _fit_plainly(
    X: FloatArray,
    y: FloatArray,
    X_new: FloatArray,
    data: TrainingData,
    procedure: Procedure,
    seed: int,
) -> FloatArray:
    from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedKFold, cross_val_predict

    folds, repeats = procedure.inner_folds, procedure.inner_repeats
    splits = RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=seed)
    margins, new = [], []
    for search in _make_searches(data, splits):
        best = search.fit(X, y).best_estimator_  # type: ignore[attr-defined]
        held_out = [
            cross_val_predict(
                best,
                X,
                y,
                method="predict_proba",
                cv=StratifiedKFold(folds, shuffle=True, random_state=repeat),
            )[:, 1]
            for repeat in range(repeats)
        ]
        margins.append(_logit(np.concatenate(held_out)))
        new.append(_logit(best.predict_proba(X_new)[:, 1]))
    base = np.full(repeats * len(y), _logit(np.mean(y)))
    weights = fit_weights(
        np.stack(margins),
        base,
        np.tile(y, repeats),
        n_patients=len(y),
        strength=procedure.prior_strength,
    )
    return np.asarray(expit(base[0] + weights @ (np.stack(new) - base[0])))


def _logit(risk: FloatArray | np.floating) -> FloatArray:
    clipped = np.clip(risk, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(clipped / (1 - clipped)))


def predict_plainly(
    data: TrainingData, procedure: Procedure, folds: IntArray, *, seed: int
) -> FloatArray:
    """Predict every patient out of fold at T2 with scikit-learn's own tools.

    Parameters
    ----------
    data : TrainingData
        Two horizons.
    procedure : Procedure
        Inner resampling and prior.
    folds : ndarray of int of shape (n,)
        The fold that holds each patient out.
    seed : int
        Of the inner splits.

    Returns
    -------
    ndarray of shape (n,)
        Risk of sustained response.
    """
    risks = np.empty(len(data))
    for fold in np.unique(folds):
        test = folds == fold
        risks[test] = predict_once_plainly(data.take(~test), data.X[test], procedure, seed=seed)
    return risks


def predict_once_plainly(
    train: TrainingData, X_new: FloatArray, procedure: Procedure, *, seed: int
) -> FloatArray:
    """Fit both outcomes to `train` with scikit-learn's own tools; return the risk at T2."""
    known, seen = ~np.isnan(train.y["t1"]), ~np.isnan(train.kept)
    first = _fit_plainly(train.X[known], train.y["t1"][known], X_new, train, procedure, seed)
    kept = train.kept[seen]
    second = np.full(len(X_new), kept.mean())
    if min(kept.sum(), (1 - kept).sum()) >= MIN_FOR_KEPT:
        second = _fit_plainly(train.X[seen], kept, X_new, train, procedure, seed)
    return np.asarray(first * second)


def _enlarge(data: TrainingData, n: int, n_predictors: int) -> TrainingData:
    """Return patients drawn from others, each predictor beyond those there are shuffled anew."""
    rng = np.random.default_rng(0)
    drawn = data.take(rng.integers(0, len(data), n))
    width = drawn.X.shape[1]
    columns = [drawn.X[:, j % width] for j in range(n_predictors)]
    shuffled = [c if j < width else rng.permutation(c) for j, c in enumerate(columns)]
    return replace(
        drawn,
        X=np.column_stack(shuffled),
        predictors=tuple(drawn.predictors[j % width] for j in range(n_predictors)),
        groups=np.arange(n),
    )


def _fit_alone(n: int, n_predictors: int) -> tuple[float, float]:
    data = _enlarge(make_data(min(n, _SIMULATED), seed=1), n, n_predictors)
    with threadpool_limits(1):
        begun = process_time()
        fit_response(data, Procedure(DEFAULT_CANDIDATES), rng=np.random.default_rng(0))
        seconds = process_time() - begun
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _measure_fit(n: int, n_predictors: int) -> tuple[float, float]:
    """Return seconds of processor and MB at most of one fit, in a process of its own.

    Parameters
    ----------
    n : int
        Patients.
    n_predictors : int
        The ten of :data:`TEN`, in turn.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_fit_alone, (n, n_predictors))


def _print_scale(sizes: Sequence[int], columns: Sequence[int]) -> None:
    taken = {}
    for width in columns:
        for n in sizes:
            taken[n, width] = seconds, memory = _measure_fit(n, width)
            print(f"{n} patients, {width} predictors: {seconds:.2f} s, {memory:.0f} MB at most")
    power = partial(_find_power, taken)
    for before, after in pairwise(sizes):
        for width in columns:
            grown = power((before, width), (after, width), after / before)
            print(f"patients {before} to {after}, {width} predictors: time to the power {grown}")
    for before, after in pairwise(columns):
        for n in sizes:
            grown = power((n, before), (n, after), after / before)
            print(f"predictors {before} to {after}, {n} patients: time to the power {grown}")


def _find_power(
    taken: dict[tuple[int, int], tuple[float, float]],
    before: tuple[int, int],
    after: tuple[int, int],
    larger: float,
) -> str:
    return f"{np.log(taken[after][0] / taken[before][0]) / np.log(larger):.2f}"


def main() -> None:
    """Time both and print the ratio; with --scale what one fit takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, nargs="+", help="patients of single fits")
    parser.add_argument("--columns", type=int, nargs="+", default=[5], help="their predictors")
    parser.add_argument("--patients", type=int, default=480)
    parser.add_argument("--repeats", type=int, default=20, help="repeats of ours (default 20)")
    parser.add_argument("--plain-repeats", type=int, default=1, help="of the plain loop")
    arguments = parser.parse_args()
    if arguments.scale:
        _print_scale(arguments.scale, arguments.columns)
        return
    data, procedure = make_data(arguments.patients, seed=1), Procedure(DEFAULT_CANDIDATES)
    with threadpool_limits(1):
        cross_validate(data, procedure, n_folds=N_FOLDS, n_repeats=1, seed=0)  # loads libraries
        start = perf_counter()
        ours = cross_validate(data, procedure, n_folds=N_FOLDS, n_repeats=arguments.repeats, seed=1)
        seconds = (perf_counter() - start) / arguments.repeats
        start = perf_counter()
        plain = [
            predict_plainly(data, procedure, ours.folds[repeat], seed=repeat)
            for repeat in range(arguments.plain_repeats)
        ]
        plain_seconds = (perf_counter() - start) / arguments.plain_repeats
    apart = np.abs(plain[0] - ours.predictions["t2"][0])
    print(f"{len(data)} patients, {len(TEN)} predictors, two horizons, all candidates,")
    print(f"{N_FOLDS} folds with {procedure.inner_folds} x {procedure.inner_repeats} inside:")
    print(f"  ketresponse {seconds:.2f} s a repeat ({arguments.repeats} timed)")
    print(f"  scikit-learn loop {plain_seconds:.2f} s a repeat ({arguments.plain_repeats} timed)")
    print(f"  ratio {plain_seconds / seconds:.1f}")
    print(f"  median distance of the risks {np.median(apart):.3f}")


if __name__ == "__main__":
    main()
