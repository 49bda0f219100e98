"""The words that must stand wherever an estimate is shown; the model card shows them as well."""

from __future__ import annotations

from training.statements import make_statements, plain, stamp

__all__ = ["make_statements", "plain", "stamp"]
