"""scikit-learn's contract for a transformer, without its base classes.

They take a second and a half to import, and models hold transformers: whoever asks for one estimate
need not wait for what only fitting uses. scikit-learn's common checks hold for the heirs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

from numpy.typing import ArrayLike

from features.arrays import FloatArray

__all__ = ["PlainTransformer"]


class PlainTransformer(ABC):
    """What every transformer of ours can be asked: its settings, and what it takes.

    An heir names its settings, which its `__init__` only stores. It takes arrays with gaps.
    """

    settings: ClassVar[tuple[str, ...]] = ()
    """Names of what `__init__` takes."""
    n_features_in_: int
    """Columns that it was fitted on."""

    @abstractmethod
    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn from training rows."""

    @abstractmethod
    def transform(self, X: ArrayLike) -> FloatArray:
        """Return rows as what was learnt has them."""

    def fit_transform(self, X: ArrayLike, y: object = None) -> FloatArray:
        """Learn from training rows, and return them transformed."""
        return self.fit(X, y).transform(X)

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(),
            input_tags=InputTags(allow_nan=True),
        )

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({given})"

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the settings by name; none of them holds further ones, so `deep` tells nothing."""
        return {name: getattr(self, name) for name in self.settings}

    def set_params(self, **params: Any) -> Self:
        """Change settings by name."""
        strange = sorted(set(params) - set(self.settings))
        if strange:
            known = ", ".join(self.settings)
            raise ValueError(f"no such setting: {', '.join(strange)}; known: {known}")
        for name, value in params.items():
            setattr(self, name, value)
        return self
