"""Whether a name's versions would mix models of simulated patients with models of real ones.

Whoever asks for a model by its name alone gets the newest version: a simulated cohort's model would
take the place of a real one's without a word.
"""

from __future__ import annotations

from features.errors import Refused, list_words
from training.store.registered import list_models

__all__ = ["check_mixing", "tell_mixing"]

_KINDS = {True: "a simulated cohort", False: "real patients"}


def tell_mixing(name: str, *, synthetic: bool, tracking_uri: str) -> str:
    """Return what a further version of a name would mix, in a sentence; empty for nothing.

    Parameters
    ----------
    name : str
        Under which the model would be registered.
    synthetic : bool
        Whether it is of a simulated cohort.
    tracking_uri : str
        Where.
    """
    named = [model for model in list_models(tracking_uri=tracking_uri) if model.name == name]
    # "demonstration" is the status of simulated data for ever, and of nothing else.
    others = [m.version for m in reversed(named) if (m.status == "demonstration") != synthetic]
    if not others:
        return ""
    versions = f"version{'s'[: len(others) > 1]} {list_words(others)}"
    return (
        f"{name} has {versions} of {_KINDS[not synthetic]}, and this model is of "
        f"{_KINDS[synthetic]}: whoever asks for {name} without a number would get this one. A "
        "model of a simulated cohort is a demonstration and can never be approved."
    )


def check_mixing(name: str, *, synthetic: bool, tracking_uri: str) -> None:
    """Refuse to mix simulated and real patients under a name.

    Raises
    ------
    Refused
        With :func:`tell_mixing`, and what to do.
    """
    mixed = tell_mixing(name, synthetic=synthetic, tracking_uri=tracking_uri)
    if mixed:
        raise Refused(
            f"{mixed} Nothing was registered. Give the study another name; or, where both are "
            "meant to stand under one name, say so with --yes"
        )
