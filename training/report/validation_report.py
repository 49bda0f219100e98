"""A model judged in other patients, as a report: what each table says, in words."""

from __future__ import annotations

from functools import partial

from training.document.document import Block, Bullets, Document, Picture, Section, Table, each_row
from training.document.words import estimate, number, number_range, p_value, percent, with_interval
from training.measures.performance import FROZEN_INTERVAL
from training.measures.pooling.sites import MEASURES, MIN_PER_CLASS
from training.measures.spread import compute_spread
from training.report.performance import make_held_out_blocks
from training.report.plots import plot_sites
from training.report.tables import make_bounds_table, make_flow_table, stack_horizons
from training.store.artifact import LoadedModel
from training.store.facts import package_versions
from training.validation.new_patients import NewPatients
from training.validation.validation import Judged, SiteResults, compute_case_mix

__all__ = ["make_leave_site_out_report", "make_validation_report"]

_LEFT_OUT = "A site's patients take no part in the fit that they are judged by."
_WEIGHTED = (
    "At T2 the responders who were seen are weighted by the inverse probability of being seen"
)
_VARIANCES = (
    "AUC: DeLong's variance. O:E: the expected number is taken as fixed. Slope: from its "
    "information."
)


def _stamp(synthetic: bool) -> str:
    if synthetic:
        return "DEMONSTRATION: simulated patients, never for clinical use."
    return "RESEARCH USE ONLY."


def make_validation_report(
    loaded: LoadedModel,
    patients: NewPatients,
    judged: dict[str, Judged],
    *,
    file: str,
    seed: int,
    n_bootstrap: int,
) -> Document:
    """Lay out how a frozen model does in other patients.

    Parameters
    ----------
    loaded : LoadedModel
        What was judged.
    patients : NewPatients
        On whom.
    judged : dict of str to Judged
        From :func:`training.validation.validation.compute_validation`.
    file : str
        Name of the cohort file.
    seed, n_bootstrap : int
        Of the resamples.

    Returns
    -------
    Document
    """
    facts, weighted = loaded.facts, patients.data.has_kept
    estimates = loaded.model.probability(patients.data.X).T
    constant = {
        h
        for h, p in zip(loaded.model.horizons, estimates, strict=True)
        if compute_spread(p).constant
    }
    return Document(
        title=f"{facts.name} version {facts.version} in other patients: {file}",
        lead=(
            f"A frozen model, made from {facts.counts['n_patients']} patients ({facts.population}; "
            f"{facts.treatment}), judged on {len(patients.data)} eligible courses by its own "
            "rules. Nothing was fitted to them here."
        ),
        stamp=_stamp(patients.synthetic or facts.synthetic),
        sections=(
            Section("Patients", _make_patients_section(loaded, patients, judged)),
            *(
                Section(
                    f"At {h.upper()}",
                    _make_horizon_section(
                        h, result, facts.outcomes[h], weighted, constant=h in constant
                    ),
                )
                for h, result in judged.items()
            ),
            Section("How it was done", (Bullets(_describe(loaded, patients, seed, n_bootstrap)),)),
        ),
    )


def _describe(
    loaded: LoadedModel, patients: NewPatients, seed: int, n_bootstrap: int
) -> tuple[str, ...]:
    packages = ", ".join(f"{name} {number}" for name, number in package_versions().items())
    items = [
        f"Responder: {loaded.rule.past}.",
        f"Intervals: {FROZEN_INTERVAL}, {n_bootstrap} resamples, seed {seed}. The flexible curve "
        "is loess.",
        f"Model digest {loaded.digest}; cohort file SHA-256 {patients.cohort.sha256}.",
        f"Versions: {packages}.",
    ]
    if patients.data.has_kept:
        items.insert(
            1,
            f"{_WEIGHTED}, given the predictors; points of groups and shares of known outcomes "
            "are not weighted.",
        )
    return tuple(items)


def _make_patients_section(
    loaded: LoadedModel, patients: NewPatients, judged: dict[str, Judged]
) -> tuple[Block, ...]:
    bounds = {h: f.bounds.reset_index().assign(unknown=f.unknown) for h, f in judged.items()}
    return (
        *((Bullets(patients.warnings),) if patients.warnings else ()),
        make_flow_table(patients.flow),
        Table.from_rows(
            "case_mix",
            "Predictors in these patients.",
            compute_case_mix(patients.data, loaded.facts.training_ranges),
            {
                "predictor": "label",
                "missing": "missing",
                "beyond what training saw": "beyond",
                "of": "of",
            },
            "A number beyond training is taken as the nearest one seen. Many of them: the "
            "model is judged on patients whom it was not made for.",
        ),
        make_bounds_table(
            [(h, judged[h].unknown, row) for h, t in bounds.items() for row in each_row(t)],
            "Lowest and highest: over everyone, whatever the unknown outcomes are."
            + (" Not weighted." if patients.data.has_kept else ""),
            stack_horizons(bounds, upper=True),
        ),
    )


def _make_horizon_section(
    horizon: str, result: Judged, outcome: str, weighted: bool, *, constant: bool
) -> tuple[Block, ...]:
    blocks: list[Block] = [
        f"Outcome: {outcome}. Known for {result.n} patients, {result.events} of them responders; "
        f"not known for {result.unknown}.",
        *make_held_out_blocks(horizon, result, weighted=weighted, constant=constant),
    ]
    if result.sites is None:
        blocks.append("By site: fewer than two sites are known.")
    else:
        blocks += make_sites_blocks(horizon, result.sites)
    return tuple(blocks)


def make_sites_blocks(horizon: str, sites: SiteResults) -> list[Block]:
    """Return how risks did at each site and over sites, as tables and as a forest plot.

    Parameters
    ----------
    horizon : str
        Such as "t1".
    sites : SiteResults
        Each site, and all of them by random effects.
    """
    name = horizon.upper()
    pooled = sites.pooled.reset_index(names="measure")
    return [
        Table.from_rows(
            f"sites_{horizon}",
            f"By site, {name}.",
            sites.table,
            {"site": "site", "known": "n", "responders": "events", "unknown": "unknown"}
            | {words: partial(estimate, name=key) for key, words in MEASURES.items()}
            | {"note": "note"},
            f"95% intervals. Not estimable under {MIN_PER_CLASS} responders or nonresponders.",
        ),
        Table.from_rows(
            f"sites_pooled_{horizon}",
            f"Over sites, {name}: random effects.",
            pooled,
            {
                "measure": lambda r: MEASURES[r.measure],
                "sites": "sites",
                "mean (95% interval)": lambda r: with_interval(r.estimate, r.low, r.high),
                "a further site (95%)": lambda r: number_range(r.prediction_low, r.prediction_high),
                "tau²": lambda r: number(r.tau2, 3),
                "I²": lambda r: percent(r.i2 / 100),
                "p of no difference": lambda r: p_value(r.q_p_value),
                "note": "note",
            },
            "Restricted maximum likelihood, with Hartung and Knapp's interval of the mean, on the "
            "scale of the logit (AUC), the logarithm (O:E) and the slope itself. With few sites an "
            "I² of 0 is no sign that they agree: read the further site's.",
            sites.pooled.reset_index(),
        ),
        Picture(
            f"sites_{horizon}",
            f"Performance by site at {name}, with responders/patients, the mean over sites and "
            "where a further site is expected.",
            f"Performance by site at {name}",
            partial(plot_sites, sites.table, sites.pooled),
            f"By site, {name}",
        ),
    ]


def make_leave_site_out_report(
    results: dict[str, SiteResults],
    *,
    title: str,
    outcomes: dict[str, str],
    synthetic: bool,
    seed: int,
) -> Document:
    """Lay out how a procedure does at sites that it has not seen.

    Parameters
    ----------
    results : dict of str to SiteResults
        By horizon, of :func:`training.validation.validation.cross_validate_sites`.
    title : str
        The study.
    outcomes : dict of str to str
        Each horizon's outcome in plain words.
    synthetic : bool
        Whether the cohort is simulated.
    seed : int
        Of the study.

    Returns
    -------
    Document
    """
    weighted = (f"{_WEIGHTED}.",) if len(results) > 1 else ()
    methods = (_LEFT_OUT, *weighted, _VARIANCES, f"Seed {seed}.")
    return Document(
        title=f"{title}: each site left out",
        lead=(
            "The whole procedure (filling, tuning, blending, recalibration) was run on all sites "
            "but one and judged on the one left out, for each site in turn. Read it as what to "
            "expect of this procedure at a place it has not seen."
        ),
        stamp=_stamp(synthetic),
        sections=(
            *(
                Section(
                    f"At {horizon.upper()}",
                    (f"Outcome: {outcomes[horizon]}.", *make_sites_blocks(horizon, result)),
                )
                for horizon, result in results.items()
            ),
            Section("How it was done", (Bullets(methods),)),
        ),
    )
