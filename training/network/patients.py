"""A centre's own patients, read by the rules of the protocol; none of this leaves the centre."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.cohort.cohort import Cohort, read_cohort
from features.cohort.doubts import describe_cautions
from features.cohort.labelling import Labelled, label_cohort
from features.dictionary.schema import Dictionary
from features.errors import InputError, Problem
from features.files.table import write_table
from features.files.temporary import temporary_folder
from features.mapping.export import read_export
from features.mapping.mapping import apply_mapping
from features.mapping.mapping_file import CohortMapping, read_mapping
from features.panel.importing import read_panel
from features.panel.signature import compute_signature
from training.fitting.response import TrainingData
from training.network.protocol.protocol import Protocol
from training.study.study import make_training_data

__all__ = ["CentrePatients", "read_centre_patients"]


@dataclass(frozen=True, eq=False, kw_only=True)
class CentrePatients(Labelled):
    """Eligible patients of a centre, labelled as the protocol says.

    Parameters
    ----------
    data : TrainingData
        As arrays, in the order of `table`.
    notices : tuple of str
        What was assumed of them, in sentences.
    """

    data: TrainingData
    notices: tuple[str, ...]

    @property
    def synthetic(self) -> bool:
        """Whether any patient is simulated."""
        return self.cohort.synthetic

    @property
    def digest(self) -> bytes:
        """Digest of the rows that are used, whatever their order and their file's format."""
        data = self.data
        rows = np.column_stack([data.X, *(data.y[h] for h in data.horizons), data.kept])
        rows = rows.astype("<f8") + 0.0  # 0 has no sign
        rows[np.isnan(rows)] = np.nan  # of the many that there are, one
        return hashlib.sha256(b"".join(sorted(row.tobytes() for row in rows))).digest()


def read_centre_patients(
    protocol: Protocol, cohort: Path, *, mapping: Path | None = None, panel: Path | None = None
) -> CentrePatients:
    """Read a centre's cohort: checked, labelled and counted as for any study.

    Parameters
    ----------
    protocol : Protocol
        Whose dictionary, eligibility, responder rule and horizons hold.
    cohort : Path
        A cohort file; with a mapping that has `[columns]`, the centre's own export.
    mapping : Path or None
        How the export is to be read. It may map what the protocol declares.
    panel : Path or None
        The centre's microRNA panel, as `ketresponse panel import` wrote it; needed where the
        protocol names assays. Patients without one have gaps there.

    Raises
    ------
    InputError
        With every problem of the files; if a panel is needed and not given, or given and not
        needed; if nobody is eligible, a predictor has no value, or a
        horizon has no outcome.
    """
    rules = CohortMapping()
    if mapping is not None:
        rules = read_mapping(mapping, declared=protocol.declared)
        rules = _settle_scale(rules, protocol, mapping)
    others = [v for v in rules.variables if v.name not in protocol.dictionary]
    dictionary = protocol.dictionary.with_variables(others)
    read = _import(cohort, rules, dictionary) if rules.columns else None
    checked = read_cohort(cohort, dictionary=dictionary) if read is None else read
    checked = _join_signature(checked, protocol, panel)
    labelled = label_cohort(
        checked,
        protocol.eligibility,
        rule=protocol.rule,
        horizons=protocol.horizons,
        needed=protocol.predictors,
        name=cohort.name,
    )
    data = make_training_data(labelled.table, protocol.predictor_variables, labelled.labels)
    assumed = describe_cautions(protocol.eligibility, checked.table, checked.dictionary)
    return CentrePatients(**vars(labelled), data=data, notices=tuple(assumed))


def _join_signature(cohort: Cohort, protocol: Protocol, file: Path | None) -> Cohort:
    """Return a cohort with what its patients' panels tell of the protocol's assays."""
    asked = protocol.panel
    if asked is None and file is None:
        return cohort
    if asked is None or file is None:
        expected = "none: the protocol names no assays" if asked is None else "the centre's panel"
        got = "one" if asked is None else "none"
        action = (
            "leave it out" if asked is None else "ketresponse panel import EXPORT, then --panel"
        )
        raise InputError("panel", [Problem("panel", expected, got, action=action)])
    found = compute_signature(
        read_panel(file), asked.assays, asked.references, ceiling=asked.ceiling
    )
    table = cohort.table.drop(columns=[n for n in asked.assays if n in cohort.table])
    own = found.reindex(table["patient_id"].astype(str)).reset_index(drop=True)
    joined = pd.concat([table.reset_index(drop=True), own], axis=1)
    return replace(cohort, table=joined)


def _settle_scale(rules: CohortMapping, protocol: Protocol, mapping: Path) -> CohortMapping:
    """Return a mapping with the protocol's scale of scores; its own may not be another."""
    if rules.scale not in (None, protocol.scale):
        action = "leave it out: the protocol's holds"
        problem = Problem("outcome.scale", "the scale of the protocol", "another", action=action)
        raise InputError(f"mapping file {mapping.name}", [problem])
    return replace(rules, scale=protocol.scale)


def _import(export: Path, rules: CohortMapping, dictionary: Dictionary) -> Cohort:
    """Return the cohort that a mapping makes of an export, as if it had been imported to a file."""
    raw, joined = read_export(export, rules)
    table, _ = apply_mapping(raw, rules, joined)
    with temporary_folder() as folder:
        file = folder / "cohort.parquet"
        write_table(table, file, private=True)
        return read_cohort(file, dictionary=dictionary)
